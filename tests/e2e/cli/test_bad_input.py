"""Bad input ends in one clear sentence and a non-zero exit, and what was stored before is still there."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.e2e.cli.conftest import Ended, Run, refused, spawn

from rimedio.storage.folder import DataFolder

GOOD = "# XC-200\n\n## E029 Overheat\n\nRemedy: replace the filter.\n"
TICKET = ("--product", "EV_CHARGER", "--model", "XC-200")
PASSWORD = (  # the trailer that says "encrypted", with a key no empty password opens
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 2/R 3/Length 128/P -44/O<"
    + b"61" * 32
    + b">/U<"
    + b"62" * 32
    + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<" + b"63" * 16 + b"><" + b"63" * 16 + b">]/Size 5>>\n%%EOF\n"
)
SCANNED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj\n"
    b"4 0 obj<</Length 22>>stream\n0 0 50 50 re f        \nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF\n"
)


def held(rimedio: Run, folder: Path) -> list[str]:
    """Sources that can still be read."""
    return [r["source_uri"] for r in rimedio("--data-dir", folder, "kb", "list", "--json").json]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("empty.md", b"", "is empty"),
        ("blank.txt", b" \n\n ", "is empty"),
        ("noise.txt", bytes(range(256)) * 40, "not text"),
        ("mixed.md", b"# Title\n\nE029 \xff\xfe\x80\x81 \xc3\x28\n", "not text"),
        ("program", b"\x7fELF" + bytes(100), "is a program"),
        ("picture.md", b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG image"),
        ("torn.pdf", b"%PDF-1.4\n garbage", "damaged"),
        ("torn.docx", b"PK\x03\x04 garbage", "not a Word document"),
        ("locked.pdf", PASSWORD, "password"),
        ("scan.pdf", SCANNED, "scan.pdf"),
        ("broken.json", b'{"errors": [', "broken.json"),
        ("deep.json", b"[" * 100_000, "deep.json"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_its_neighbours_are_loaded(
    rimedio: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, word: str
) -> None:
    monkeypatch.setenv("RIMEDIO_OCR", "false")
    files = tmp_path / "files"
    files.mkdir()
    (files / name).write_bytes(data)
    ingest = ("--data-dir", tmp_path / "data", "ingest", files)
    alone = rimedio(*ingest, files / name)
    assert alone.code == 2
    assert "Traceback" not in alone.err
    assert word in " ".join(alone.out.split())
    (files / "good.md").write_text(GOOD, "utf-8")
    both = rimedio(*ingest, files / name, files / "good.md", "--json")
    assert both.code == 0
    assert both.json["added"] == 1  # type: ignore[index]
    (refusal,) = both.json["refused"]  # type: ignore[index]
    assert refusal["source"].endswith(name)
    listed = rimedio("--data-dir", tmp_path / "data", "kb", "list", "--refused", "--json").json
    assert [r["reason"] for r in listed] == [refusal["reason"]]  # type: ignore[attr-defined]


def test_a_file_beyond_the_limit_is_refused_and_ten_megabytes_are_not(
    rimedio: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = tmp_path / "huge.md"
    paragraph = "La ventola gira a velocità ridotta quando il modulo è freddo. " * 60
    huge.write_text("# Manuale\n\n" + f"{paragraph}\n\n" * 2700, "utf-8")
    assert huge.stat().st_size > 10_000_000
    assert rimedio("--data-dir", tmp_path / "data", "ingest", huge).code == 0
    monkeypatch.setenv("RIMEDIO_DOCUMENT_BYTES_MAX", "5000000")
    over = rimedio("--data-dir", tmp_path / "other", "ingest", huge)
    assert over.code == 2
    assert "Split it" in " ".join(over.out.split())


def test_a_manual_that_became_unreadable_is_said_to_be_refused(rimedio: Run, tmp_path: Path) -> None:
    manual, other = tmp_path / "manual.md", tmp_path / "other.md"
    manual.write_text(GOOD, "utf-8")
    other.write_text(GOOD.replace("E029", "E030"), "utf-8")
    rimedio("--data-dir", tmp_path / "data", "ingest", manual, other)
    manual.write_bytes(bytes(range(256)) * 10)
    ended = rimedio("--data-dir", tmp_path / "data", "ingest", manual, other, "--json").json
    assert (ended["unchanged"], len(ended["refused"])) == (1, 1)  # type: ignore[index]
    assert "E030" in rimedio("--data-dir", tmp_path / "data", "kb", "search", "E030").out


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read_rightly(rimedio: Run, tmp_path: Path, encoding: str) -> None:
    text = "Manuale\n\nE029 significa che la città è così calda perché l'aria non passa più.\n" * 5
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    assert rimedio("--data-dir", tmp_path / "data", "ingest", tmp_path / "a.txt").code == 0
    assert "città è così" in rimedio("--data-dir", tmp_path / "data", "kb", "search", "E029 calda").out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("troppo", *TICKET), "at least 10 characters"),
        (("x" * 5001, *TICKET), "at most 5000 characters"),
        (("La colonnina non carica", "--product", "FRIDGE", "--model", "XC-200"), "EV_CHARGER"),
        (("La colonnina non carica", "--product", "EV_CHARGER", "--model", "XC-20"), "Did you mean XC-200?"),
        (("La colonnina non carica \udcff", *TICKET), "symptom_text"),
        (("La colonnina non carica", *TICKET, "--attach", "nothing.pdf"), "nothing.pdf"),
        ((), "symptom_text"),
        (("La colonnina non carica", "--model", "XC-200"), "Add --product and --model"),
    ],
)
def test_a_ticket_that_breaks_a_rule_is_not_stored(
    rimedio: Run, own: Path, arguments: tuple[str, ...], word: str
) -> None:
    refused(rimedio("--data-dir", own, "ticket", "open", *arguments), 2, word)
    assert rimedio("--data-dir", own, "ticket", "list", "--json").json == {"tickets": [], "cursor": None}


@pytest.mark.parametrize("data", [b"", b'{"a":', b"[1]", b"\xff\xfe\x00", b"[" * 100_000, b"null"])
def test_standard_input_that_is_no_ticket_is_refused(rimedio: Run, own: Path, data: bytes) -> None:
    refused(rimedio("--data-dir", own, "ticket", "open", "--file", "-", stdin=data), 2)


def test_an_error_is_json_where_json_was_asked_for(rimedio: Run, tmp_path: Path) -> None:
    ended = rimedio("--data-dir", tmp_path / "none", "ask", "E029", "--json")
    assert json.loads(ended.err)["error"]["code"] == "NOT_FOUND"
    assert ended.out == ""


@pytest.mark.parametrize(
    "command",
    [
        ("ask", "E029"),
        ("kb", "list"),
        ("kb", "search", "x"),
        ("ticket", "list"),
        ("doctor",),
        ("classify", "list"),
    ],
)
def test_before_anything_is_loaded_a_reader_says_what_to_do(
    rimedio: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = tmp_path / "none"
    refused(rimedio("--data-dir", folder, *command), 3, str(folder), "rimedio ingest PATH")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("command", "code", "word"),
    [
        (("ask", ""), 2, "empty"),
        (("ask", "x" * 5001), 2, "5000"),
        (("kb", "search", " "), 2, "empty"),
        (("kb", "remove", "nothing"), 3, "nothing"),
        (("ingest", "nowhere"), 3, "nowhere"),
        (("ticket", "show", "tkt_x"), 3, "tkt_x"),
        (("ticket", "show", "../../etc"), 3, "no ticket"),
        (("ticket", "list", "--cursor", "x"), 2, "cursor"),
        (("ticket", "review", "tkt_x", "APPROVED", "--reviewer", "anna"), 3, "tkt_x"),
        (("ticket", "reply", "tkt_x", "ciao"), 3, "tkt_x"),
        (("classify", "train", "nothing.csv"), 2, "nothing.csv"),
        (("classify", "promote", "v9"), 3, "v9"),
        (("classify", "test", "ciao"), 6, "classify train"),
        (("eval", "--tickets", "nothing"), 2, "nothing"),
    ],
)
def test_what_is_not_there_is_named(
    rimedio: Run, own: Path, command: tuple[str, ...], code: int, word: str
) -> None:
    refused(rimedio("--data-dir", own, *command), code, word)


@pytest.mark.parametrize("command", [("--bogus",), ("ask", "--bogus", "x"), ("bogus",), ("ask",)])
def test_an_unknown_option_or_command_points_to_the_help(rimedio: Run, command: tuple[str, ...]) -> None:
    ended = rimedio(*command)
    assert ended.code == 2
    assert "-h" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = [", "rimedio.toml"),
        ("pippo = 1", "no setting `pippo`"),
        ("workers = 0", "`workers`"),
        ("\x00", "toml"),
    ],
)
def test_a_broken_settings_file_is_named(rimedio: Run, demo: Path, text: str, word: str) -> None:
    Path("rimedio.toml").write_text(text, "utf-8")
    refused(rimedio("--data-dir", demo, "ask", "E029"), 2, word)


def test_a_broken_setting_of_the_environment_is_named(
    rimedio: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIMEDIO_WORKERS", "zero")
    refused(rimedio("--data-dir", demo, "ask", "E029"), 2, "`workers`", "zero")


def no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RIMEDIO_EMBEDDER", "e5-small-latin")
    monkeypatch.setenv("RIMEDIO_MODEL_DIR", str(tmp_path / "nowhere"))


def test_without_the_model_no_ticket_is_taken_that_could_not_be_worked_on(
    rimedio: Run, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_model(monkeypatch, tmp_path)
    refused(rimedio("--data-dir", own, "ticket", "open", "La colonnina non carica", *TICKET), 6, "nowhere")
    assert rimedio("--data-dir", own, "ticket", "list", "--json").json["tickets"] == []  # type: ignore[index]
    refused(rimedio("--data-dir", own, "ask", "E029"), 6, "set `embedder` to `none`")


def test_without_the_model_manuals_are_still_loaded_listed_and_removed(
    rimedio: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_model(monkeypatch, tmp_path)
    (tmp_path / "good.md").write_text(GOOD, "utf-8")
    data = tmp_path / "data"
    assert rimedio("--data-dir", data, "ingest", tmp_path / "good.md", "--no-vectors").code == 0
    waiting = rimedio("--data-dir", data, "ingest", tmp_path / "good.md", "--json")
    refused(waiting, 6, "model")
    (source,) = held(rimedio, data)
    assert rimedio("--data-dir", data, "kb", "remove", source).code == 0
    assert held(rimedio, data) == []


def broken(folder: Path, how: str) -> None:
    database = folder / "rimedio.db"
    for beside in ("rimedio.db-wal", "rimedio.db-shm"):
        (folder / beside).unlink(missing_ok=True)
    size = database.stat().st_size
    if how == "garbage":
        database.write_bytes(os.urandom(size))
    elif how == "truncated":
        os.truncate(database, size // 2)
    else:
        with database.open("r+b") as file:
            file.seek(3 * 4096)
            file.write(os.urandom(size - 6 * 4096))


@pytest.mark.parametrize("how", ["garbage", "truncated", "scribbled"])
def test_a_damaged_database_says_so_and_is_left_as_it_is(
    rimedio: Run, own: Path, tmp_path: Path, how: str
) -> None:
    (tmp_path / "good.md").write_text(GOOD, "utf-8")
    broken(own, how)
    before = (own / "rimedio.db").read_bytes()
    for command in (("ask", "E029"), ("kb", "list"), ("ticket", "list"), ("ingest", tmp_path / "good.md")):
        refused(rimedio("--data-dir", own, *command), 7, "damaged", "Restore a backup")
    if how != "scribbled":
        assert (own / "rimedio.db").read_bytes() == before


def test_a_full_disk_stops_the_run_and_keeps_what_was_there(
    rimedio: Run, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(rimedio, own)
    with closing(sqlite3.connect(own / "rimedio.db")) as connection, connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    opened = DataFolder.database.func  # type: ignore[attr-defined]

    def small(folder: DataFolder) -> object:
        database = opened(folder)
        if not folder.read_only:
            database.connection.execute(f"PRAGMA max_page_count = {pages + 10}")
        return database

    monkeypatch.setattr(DataFolder, "database", property(small))
    manuals = tmp_path / "manuals"
    manuals.mkdir()
    for number in range(40):
        text = f"# Manual {number}\n\n" + f"Word{number} about filters and fans. " * 400
        (manuals / f"m{number}.md").write_text(text, "utf-8")
    refused(rimedio("--data-dir", own, "ingest", manuals), 7, "full", "free some space")
    monkeypatch.undo()
    assert held(rimedio, own)[: len(before)] == before
    assert rimedio("--data-dir", own, "kb", "search", "E029").code == 0


def test_a_second_writer_is_turned_away_and_readers_are_not(rimedio: Run, own: Path, tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(GOOD, "utf-8")
    with DataFolder(own):
        refused(rimedio("--data-dir", own, "ingest", tmp_path / "good.md"), 7, f"process {os.getpid()}")
        refused(rimedio("--data-dir", own, "ticket", "open", "La colonnina non carica", *TICKET), 7, "in use")
        assert rimedio("--data-dir", own, "ask", "E029").code == 0
    assert rimedio("--data-dir", own, "ingest", tmp_path / "good.md").code == 0


def test_a_folder_that_cannot_be_one_is_refused(rimedio: Run, tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(GOOD, "utf-8")
    file = tmp_path / "file"
    file.write_text("x", "utf-8")
    refused(rimedio("--data-dir", file, "ingest", tmp_path / "good.md"), 7, str(file), "cannot be written")
    assert file.read_text("utf-8") == "x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_serves_readers(rimedio: Run, own: Path, tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(GOOD, "utf-8")
    own.chmod(0o555)
    try:
        refused(rimedio("--data-dir", own, "ingest", tmp_path / "good.md"), 7, "can only be read")
        assert rimedio("--data-dir", own, "ask", "E029").code == 0
    finally:
        own.chmod(0o755)


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "many"
    folder.mkdir()
    paragraph = "La ventola gira a velocità ridotta quando il modulo è freddo. " * 15
    for number in range(600):
        text = f"# Manuale {number}\n\n" + f"## E{number:03d} Guasto\n\n{paragraph}\n\n" * 4
        (folder / f"m{number:03d}.md").write_text(text, "utf-8")
    return folder


def test_ctrl_c_leaves_nothing_half_written_and_the_next_run_goes_on(
    rimedio: Run, many: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with spawn("--data-dir", data, "ingest", many, start_new_session=True) as process:
        _until_something_is_stored(data, process.poll)
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does: the whole group hears it
        out, err = process.communicate(timeout=60)
    refused(Ended(process.returncode, out, err), 130, "Interrupted")
    stored = len(list_all(data))
    assert 0 < stored < 600
    report = rimedio("--data-dir", data, "ingest", many, "--json").json
    assert (report["unchanged"], report["added"]) == (stored, 600 - stored)  # type: ignore[index]
    with DataFolder(data) as folder:
        assert folder.database.check() == []


def list_all(data: Path) -> list[str]:
    """Documents that are committed."""
    with closing(sqlite3.connect(f"file:{data / 'rimedio.db'}?mode=ro", uri=True)) as connection, connection:
        try:
            return [row[0] for row in connection.execute("SELECT document_id FROM knowledge_documents")]
        except sqlite3.OperationalError:
            return []  # the tables are not there yet


def _until_something_is_stored(data: Path, ended: object) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert callable(ended)
        assert ended() is None, "ended before it could be interrupted"
        if (data / "rimedio.db").exists() and list_all(data):
            return
        time.sleep(0.005)  # polls another process
    pytest.fail("nothing was stored within a minute")


def test_a_reader_that_stops_reading_is_no_error(demo: Path) -> None:
    with spawn("--data-dir", demo, "kb", "search", "scheda filtro", "--limit", "50", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode in (0, 1)
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.parametrize(
    ("arguments", "word", "help_page"),
    [
        (("ask",), "question", "rimedio ask"),
        (("kb", "list", "--colour"), "--colour", "rimedio kb list"),
        (("fly",), "fly", "rimedio"),
    ],
)
def test_a_wrong_command_line_is_json_for_programs(
    rimedio: Run, arguments: tuple[str, ...], word: str, help_page: str
) -> None:
    ended = rimedio(*arguments, "--json")
    assert ended.code == 2
    error = json.loads(ended.err)["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert word in error["message"]
    assert error["message"].endswith(f"See: {help_page} --help")
