"""Ingestion of the real manuals: error codes, awkward PDFs, archives, other processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import InvalidDocument
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.codes import find_codes
from rimedio.knowledge.extract import extract
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor, IngestReport
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStore
from rimedio.storage.sqlite_table import SqliteTable

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def shared(part: str) -> Path:
    path = DATA / part
    if not path.exists():
        pytest.skip(f"the shared data set {path} is not there")
    return path


def loaded(database: Database, *paths: Path, workers: int = 1) -> IngestReport:
    ingestor = Ingestor(
        SqliteIndex(database),
        DocumentStore(SqliteTable(database, SystemClock())),
        taxonomy=Taxonomy.default(),
        clock=SystemClock(),
        transaction=database.transaction,
        workers=workers,
    )
    return ingestor.ingest(paths, "acme")


def codes_of(kb: str) -> frozenset[str]:
    database = Database(None)
    report = loaded(database, shared(kb))
    assert report.refused == []
    return SqliteIndex(database).known_codes("acme")


def test_every_code_of_an_italian_error_list_is_defined_and_no_other() -> None:
    known = codes_of("kb/mcpx")
    taxonomy = Taxonomy.default()
    for number in range(300):
        code = f"{number:03d}"
        (mention,) = find_codes(
            f"Sul display compare l'errore {code}: cosa devo fare?", taxonomy, known.__contains__
        )
        assert (mention.code, mention.known) == (code, code in known)
    assert len(known) >= 95


def test_sub_codes_of_a_table_are_told_apart() -> None:
    known = codes_of("kb/nwp500")
    taxonomy = Taxonomy.default()
    asked = [m.code for m in find_codes("Error E407: what should I do?", taxonomy, known.__contains__)]
    assert asked == ["E407/01", "E407/02"]
    (exact,) = find_codes("error E407 sub code 02", taxonomy, known.__contains__)
    assert (exact.code, exact.known) == ("E407/02", True)
    (unknown,) = find_codes("error E408", taxonomy, known.__contains__)
    assert not unknown.known
    assert len([code for code in known if "/" in code]) == 46


def test_named_errors_of_yaml_lists_are_codes() -> None:
    known = codes_of("kb/everest/errors")
    (mention,) = find_codes(
        "my charger reports MREC4OverCurrentFailure", Taxonomy.default(), known.__contains__
    )
    assert mention.known


def test_all_awkward_pdfs_are_read_or_refused_with_a_reason() -> None:
    files = sorted(shared("pdf").glob("*.pdf"))
    refused = {}
    for path in files:
        try:
            assert extract(path.read_bytes(), path.name).text.strip()
        except InvalidDocument as error:
            refused[path.name] = str(error)
    assert len(files) == 27
    assert any("password-protected" in reason for reason in refused.values())
    assert all(reason.endswith(".") and name in reason for name, reason in refused.items())


def test_two_columns_of_a_real_pdf_are_not_mixed() -> None:
    text = extract((shared("pdf") / "026-latex-multicolumn__multicolumn.pdf").read_bytes(), "m.pdf").text
    assert "consectetuer adipiscing" in text
    assert "Czech Republic | 10.7 | 78,866 | Prague | Czech" in text


def manuals(folder: Path, count: int) -> Path:
    """A folder with so much text that other processes are worth starting."""
    folder.mkdir()
    filler = "Controllare il filtro, stringere le viti e riprovare. " * 14
    body = "\n\n".join(f"## Errore E{n}\n\n{filler}" for n in range(100, 120))
    for n in range(count):
        (folder / f"{n:03d}.md").write_text(f"# Manuale {n}\n\n{body}\n")
    return folder


def test_other_processes_give_the_same_chunks_in_the_same_order(tmp_path: Path) -> None:
    folder = manuals(tmp_path / "kb", 150)
    alone, together = Database(None), Database(None)
    assert loaded(alone, folder).chunks == loaded(together, folder, workers=2).chunks
    for document in SqliteIndex(alone).documents("acme"):
        assert SqliteIndex(alone).section("acme", document.document_id) == SqliteIndex(together).section(
            "acme", document.document_id
        )


LOADER = """
import sys
from pathlib import Path
from rimedio.domain.clock import SystemClock
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStore
from rimedio.storage.sqlite_table import SqliteTable

if __name__ == "__main__":
    database = Database(Path(sys.argv[1]))
    ingestor = Ingestor(
        SqliteIndex(database), DocumentStore(SqliteTable(database, SystemClock())), taxonomy=Taxonomy.default(),
        clock=SystemClock(), transaction=database.transaction, workers=2)
    ingestor.ingest([Path(sys.argv[2])], "acme", progress=lambda p: (print(p.files, flush=True), sys.stdin.readline()))
"""  # after the first batch is stored it waits for a word that never comes


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_whole_documents_and_is_taken_up_again(
    tmp_path: Path, blow: signal.Signals
) -> None:
    folder, script, file = manuals(tmp_path / "kb", 150), tmp_path / "load.py", tmp_path / "kb.sqlite3"
    script.write_text(LOADER)
    with subprocess.Popen(
        [sys.executable, str(script), str(file), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell ignores it
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, blow)
        process.wait(60)
    database = Database(file)
    index = SqliteIndex(database)
    stored = index.documents("acme")
    assert 0 < len(stored) < 150
    assert all(len(index.section("acme", d.document_id)) == 20 for d in stored)
    assert index.verify() == []
    report = loaded(database, folder)
    assert (report.unchanged, report.added) == (len(stored), 150 - len(stored))
    database.close()
