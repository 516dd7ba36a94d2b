"""`rimedio doctor` is green on a healthy folder, and each check turns red when its part is off."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.e2e.cli.conftest import Run

UNHEALTHY = 8


def red(rimedio: Run, folder: Path) -> dict[str, str]:
    """Checks that failed, with what they found and what to do."""
    ended = rimedio("--data-dir", folder, "doctor", "--json")
    failed = {f["check"]: f"{f['detail']} {f['remedy']}" for f in ended.json if not f["ok"]}  # type: ignore[attr-defined]
    assert ended.code == (UNHEALTHY if failed else 0), ended.err
    return failed


@pytest.mark.model
def test_a_healthy_folder_is_green(rimedio: Run, healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIMEDIO_EMBEDDER", "e5-small-latin")
    assert red(rimedio, healthy) == {}
    assert "✗" not in rimedio("--data-dir", healthy, "doctor").out


@pytest.mark.model
def test_missing_vectors_are_found(rimedio: Run, healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIMEDIO_EMBEDDER", "e5-small-latin")
    with closing(sqlite3.connect(healthy / "rimedio.db")) as connection, connection:
        connection.execute("DELETE FROM knowledge_vectors WHERE rowid % 2 = 0")
    failed = red(rimedio, healthy)
    assert set(failed) == {"index"}
    assert "rimedio ingest" in failed["index"]


def test_an_embedder_that_is_off_or_missing_is_found(
    rimedio: Run, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert red(rimedio, demo)["embedder"].startswith("off")
    monkeypatch.setenv("RIMEDIO_EMBEDDER", "e5-small-latin")
    monkeypatch.setenv("RIMEDIO_MODEL_DIR", str(tmp_path))
    assert str(tmp_path) in red(rimedio, demo)["embedder"]


def test_guardrails_that_are_off_are_found(rimedio: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "guardrails" not in red(rimedio, demo)
    monkeypatch.setenv("RIMEDIO_GUARDRAILS", "false")
    assert "personal data" in red(rimedio, demo)["guardrails"]


def test_a_missing_classifier_is_found(rimedio: Run, demo: Path) -> None:
    assert "classify train" in red(rimedio, demo)["classifier"]


def test_without_model_and_classifier_everything_else_is_green(rimedio: Run, demo: Path) -> None:
    assert set(red(rimedio, demo)) == {"embedder", "classifier"}


@pytest.mark.parametrize(
    ("sql", "check"),
    [
        ("DELETE FROM knowledge_words_1", "index"),
        ("DELETE FROM knowledge_words_1 WHERE rowid = (SELECT max(rowid) FROM knowledge_words_1)", "index"),
        ("UPDATE knowledge_words_1_data SET block = zeroblob(40) WHERE id > 10", "index"),
        ("DELETE FROM knowledge_documents", "index"),
        ("DELETE FROM knowledge_words_1", "answer"),
    ],
)
def test_an_index_that_disagrees_with_itself_is_found(rimedio: Run, own: Path, sql: str, check: str) -> None:
    with closing(sqlite3.connect(own / "rimedio.db")) as connection, connection:
        connection.execute(sql)
    assert check in red(rimedio, own)


def test_an_empty_index_is_found(rimedio: Run, own: Path) -> None:
    for record in rimedio("--data-dir", own, "kb", "list", "--json").json:  # type: ignore[attr-defined]
        assert rimedio("--data-dir", own, "kb", "remove", record["document_id"]).code == 0
    failed = red(rimedio, own)
    assert failed["index"].startswith("empty")
    assert "rimedio ingest" in failed["answer"]


def test_a_damaged_database_turns_what_needs_it_red(rimedio: Run, own: Path) -> None:
    for beside in ("rimedio.db-wal", "rimedio.db-shm"):
        (own / beside).unlink(missing_ok=True)
    (own / "rimedio.db").write_bytes(b"no database" * 1000)
    failed = red(rimedio, own)
    assert {"database", "index", "answer", "workflow"} <= set(failed)
    assert "Restore a backup" in failed["database"]


@pytest.mark.model
def test_a_classifier_whose_file_is_gone_is_found(
    rimedio: Run, healthy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIMEDIO_EMBEDDER", "e5-small-latin")
    for folder in (healthy / "classifiers").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    assert "classifier" in red(rimedio, healthy)
