"""Secret files: nobody else reads them, and a folder that cannot be written is said to be one."""

from pathlib import Path

import pytest

from rimedio.domain.errors import StorageFailed
from rimedio.security.private_file import read_private, write_private


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    write_private(tmp_path / "keys" / "one", b"secret")
    assert read_private(tmp_path / "keys" / "one") == b"secret"
    assert (tmp_path / "keys" / "one").stat().st_mode & 0o077 == 0
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StorageFailed, match="cannot be written"):
        write_private(tmp_path / "file" / "one", b"secret")


def test_a_file_that_is_absent_is_none(tmp_path: Path) -> None:
    assert read_private(tmp_path / "absent") is None
