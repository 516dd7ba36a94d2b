"""The data folder: one writer, many readers, clear words when it cannot be used."""

import os
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import DataFolderLocked, DiskFull, NotFound, StorageFailed
from rimedio.storage.folder import DataFolder
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Key

ITEM = {"pk": "p", "sk": "s"}


def filled(path: Path) -> None:
    with DataFolder(path) as folder:
        SqliteTable(folder.database, FakeClock()).put(ITEM)
        folder.objects.put("acme", "a", b"x")


def test_a_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "data"
    filled(path)
    assert path.stat().st_mode & 0o777 == 0o700
    with DataFolder(path) as folder:
        assert SqliteTable(folder.database, FakeClock()).get(Key("p", "s")) == ITEM
        assert folder.objects.get("acme", "a") == b"x"


def test_a_second_writer_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path),
        pytest.raises(DataFolderLocked, match=f"in use by process {os.getpid()}. Stop"),
    ):
        DataFolder(tmp_path)
    DataFolder(tmp_path).close()


def test_a_refused_writer_does_not_take_the_lock_away(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        for _ in range(2):
            with pytest.raises(DataFolderLocked):
                DataFolder(tmp_path)


def test_readers_work_beside_the_writer_and_change_nothing(tmp_path: Path) -> None:
    filled(tmp_path)
    with DataFolder(tmp_path) as writer, DataFolder(tmp_path, read_only=True) as reader:
        table = SqliteTable(writer.database, FakeClock())
        read = SqliteTable(reader.database, FakeClock())
        table.put(ITEM | {"n": 2})
        assert read.get(Key("p", "s")) == ITEM | {"n": 2}
        with pytest.raises(StorageFailed, match="only be read"):
            read.put(ITEM | {"n": 3})
        assert reader.objects.get("acme", "a") == b"x"


def test_a_folder_that_may_not_be_looked_into_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(StorageFailed, match=r"cannot be read \(Permission denied\)"):
        DataFolder(tmp_path / "private", read_only=True)


def test_reading_a_folder_without_data_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="data_dir"):
        DataFolder(tmp_path / "absent", read_only=True)
    assert not (tmp_path / "absent").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/rimedio")):
        with pytest.raises(StorageFailed, match="data_dir") as caught:
            DataFolder(path)
        assert str(path) in str(caught.value)


def test_too_little_space_is_said_before_the_work_begins(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        assert folder.free_bytes > 0
        folder.require_free(1)
        with pytest.raises(DiskFull, match="Free space"):
            folder.require_free(folder.free_bytes * 2 + 1)


def test_what_a_killed_process_left_half_written_is_cleared(tmp_path: Path) -> None:
    filled(tmp_path)
    left = tmp_path / "objects" / ".incoming" / "1-left"
    left.write_bytes(b"half")
    with DataFolder(tmp_path, read_only=True) as reader:
        assert reader.objects.list("acme").objects
        assert left.exists()
    with DataFolder(tmp_path) as folder:
        assert [found.name for found in folder.objects.list("acme").objects] == ["a"]
        assert not left.exists()
