"""The console's files."""

import gzip
import os
from pathlib import Path

import pytest

from rimedio.http.answers import file_answer
from rimedio.http.console_files import ConsoleFiles
from rimedio.http.request import Request

SCRIPT = b"export const x = 1;\n" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "console"
    (root / "pages").mkdir(parents=True)
    (root / "index.html").write_bytes(b"<!doctype html>")
    (root / "app.js").write_bytes(SCRIPT)
    (root / "pages" / "queue.js").write_bytes(b"1")
    (root / "notes.md").write_bytes(b"private")
    (tmp_path / "secret.js").write_bytes(b"secret")
    (root / "link.js").symlink_to(tmp_path / "secret.js")
    return root


def asked(**headers: str) -> Request:
    return Request("GET", "/", b"", "", {k.replace("_", "-"): v for k, v in headers.items()}, {}, "req_1")


def test_the_console_is_at_the_root(folder: Path) -> None:
    files = ConsoleFiles(folder)

    for path in ("/", "/console", "/console/", "/console/index.html"):
        found = files.find(path)
        assert found is not None
        assert found.content == b"<!doctype html>"
        assert found.media_type == "text/html; charset=utf-8"


def test_each_file_has_its_type(folder: Path) -> None:
    found = ConsoleFiles(folder).find("/console/pages/queue.js")

    assert found is not None
    assert found.media_type == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/console/../secret.js", "/console/../../secret.js", "/console/link.js", "/console/notes.md",
        "/console/pages", "/console/pages/", "/console//app.js", "/console/./app.js", "/console/absent.js",
        "/app.js", "/etc/passwd", "/console//etc/passwd", "/console/\x00.js", "/console/" + "a" * 5000 + ".js",
    ],
)  # fmt: skip
def test_only_names_in_the_table_exist(folder: Path, path: str) -> None:
    assert ConsoleFiles(folder).find(path) is None


def test_a_file_that_changed_is_read_again(folder: Path) -> None:
    files = ConsoleFiles(folder)
    before = files.find("/console/app.js")
    (folder / "app.js").write_bytes(b"new")
    os.utime(folder / "app.js", (1, 1))
    after = files.find("/console/app.js")

    assert before is not None
    assert after is not None
    assert after.content == b"new"
    assert after.etag != before.etag


def test_a_console_that_is_not_there_serves_nothing(tmp_path: Path) -> None:
    assert ConsoleFiles(tmp_path / "absent").find("/") is None


def test_a_browser_that_has_the_file_gets_no_second_copy(folder: Path) -> None:
    file = ConsoleFiles(folder).find("/console/app.js")
    assert file is not None

    for tag in (file.etag, f"W/{file.etag}", f'"other", {file.etag}', "*"):
        answer = file_answer(file, asked(if_none_match=tag))
        assert (answer.status, answer.body) == (304, b"")
    assert file_answer(file, asked(if_none_match='"other"')).status == 200


def test_a_large_file_is_packed_for_those_who_take_it(folder: Path) -> None:
    file = ConsoleFiles(folder).find("/console/app.js")
    assert file is not None

    packed = file_answer(file, asked(accept_encoding="br, gzip"))
    assert gzip.decompress(packed.body) == SCRIPT
    assert (b"content-encoding", b"gzip") in packed.headers
    for refused in ("", "br", "gzip;q=0"):
        assert file_answer(file, asked(accept_encoding=refused)).body == SCRIPT
