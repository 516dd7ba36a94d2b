"""Files, folders and archives as sources."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from rimedio.domain.errors import InvalidDocument, NotFound
from rimedio.knowledge.extract import Limits
from rimedio.knowledge.sources import root_of, sources


def names(*paths: Path) -> list[str]:
    return [source.name for source in sources(paths, Limits())]


def tar(path: Path, members: dict[str, bytes], link: str | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if link:
            info = tarfile.TarInfo("link.md")
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
    return path


def test_a_folder_gives_its_documents_in_order_and_skips_what_is_none(tmp_path: Path) -> None:
    for name in ["b/due.md", "a.md", "b/foto.png", ".git/config.md", "node_modules/x.md", "LICENSE"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("testo")
    assert names(tmp_path) == ["a.md", "b/due.md"]


def test_a_named_file_is_a_source_whatever_its_ending(tmp_path: Path) -> None:
    (tmp_path / "x.xyz").write_text("testo")
    assert names(tmp_path / "x.xyz") == ["x.xyz"]


def test_archives_are_read_in_place(tmp_path: Path) -> None:
    archive = tar(tmp_path / "kb.tar.gz", {"kb/uno.md": b"uno", "kb/foto.png": b"x", "kb/due.md": b"due"})
    found = [(s.uri, s.read()) for s in sources([archive], Limits())]
    assert found == [(f"{archive}!/kb/uno.md", b"uno"), (f"{archive}!/kb/due.md", b"due")]
    with zipfile.ZipFile(tmp_path / "kb.zip", "w") as packed:
        packed.writestr("kb/tre.md", "tre")
    assert [s.read() for s in sources([tmp_path / "kb.zip"], Limits())] == [b"tre"]


def test_members_that_point_outside_of_the_archive_are_left_out(tmp_path: Path) -> None:
    archive = tar(
        tmp_path / "evil.tar.gz", {"../fuori.md": b"x", "/etc/a.md": b"x", "ok.md": b"x"}, link="/etc/passwd"
    )
    assert names(archive) == ["ok.md"]


def test_a_damaged_archive_is_one_refused_source(tmp_path: Path) -> None:
    (tmp_path / "rotto.tar.gz").write_bytes(b"\x1f\x8b\x08 niente")
    (tmp_path / "rotto.zip").write_bytes(b"PK niente")
    for source in sources([tmp_path], Limits()):
        with pytest.raises(InvalidDocument, match="damaged archive"):
            source.read()


def test_an_archive_cut_short_gives_what_it_has_and_then_one_refusal(tmp_path: Path) -> None:
    whole = tar(tmp_path / "kb.tar.gz", {f"{n}.md": bytes(range(256)) * 40 for n in range(20)}).read_bytes()
    cut = tmp_path / "corto.tar.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    refused = 0
    for source in sources([cut], Limits()):
        try:
            source.read()
        except InvalidDocument:
            refused += 1
    assert refused >= 1


def test_a_member_above_the_limit_is_refused_unread(tmp_path: Path) -> None:
    archive = tar(tmp_path / "kb.tar.gz", {"grande.md": b"x" * 5_000})
    (source,) = sources([archive], Limits(bytes_max=1_000))
    with pytest.raises(InvalidDocument, match="at most"):
        source.read()


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or folder"):
        names(tmp_path / "manca")


def test_the_root_of_a_folder_covers_its_files_and_no_sibling(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "x.md").write_text("x")
    (source,) = sources([tmp_path / "ab"], Limits())
    assert not source.uri.startswith(root_of(tmp_path / "a"))
    assert source.uri.startswith(root_of(tmp_path / "ab"))
