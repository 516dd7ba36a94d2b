"""Objects as files: a full disk leaves nothing half-written."""

import errno
import os
from pathlib import Path, PosixPath
from typing import ClassVar

import pytest

from rimedio.domain.errors import DiskFull, StorageFailed
from rimedio.storage import file_objects
from rimedio.storage.file_objects import FileObjectStore


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = FileObjectStore(tmp_path)
    store.put("acme", "a", b"old")

    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(file_objects.os, "fsync", full)
    for name in ("a", "b"):
        with pytest.raises(DiskFull, match="free some space"):
            store.put("acme", name, b"new")
    assert files(tmp_path) == ["acme/a"]
    assert store.get("acme", "a") == b"old"


def test_a_root_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageFailed, match="file"):
        FileObjectStore(tmp_path / "file").put("acme", "a", b"x")


def test_a_folder_that_has_become_empty_goes_away(tmp_path: Path) -> None:
    store = FileObjectStore(tmp_path)
    store.put("acme", "x/y/z", b"1")
    store.put("acme", "x/a", b"1")
    store.delete("acme", "x/y/z")
    assert (tmp_path / "acme" / "x%").is_dir()
    assert not (tmp_path / "acme" / "x%" / "y%").exists()


def test_a_file_put_through_a_symlinked_root_is_found(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    FileObjectStore(tmp_path / "link").put("acme", "a/b", b"1")
    assert FileObjectStore(tmp_path / "real").get("acme", "a/b") == b"1"


class Contested(PosixPath):
    """A path whose folder is taken away while it is made: what `mkdir` then raises, in this order."""

    raises: ClassVar[list[type[OSError]]] = []

    def mkdir(self, *args: object, **more: object) -> None:
        if self.name != ".incoming" and self.raises:
            raise self.raises.pop()
        super().mkdir(*args, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("raised", [FileNotFoundError, FileExistsError])
def test_a_folder_that_a_delete_takes_away_while_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: type[OSError]
) -> None:
    monkeypatch.setattr(Contested, "raises", [raised, raised])
    store = FileObjectStore(Contested(tmp_path))
    store.put("acme", "uploads/upl_1/00001", b"piece")
    assert Contested.raises == []
    assert store.get("acme", "uploads/upl_1/00001") == b"piece"
