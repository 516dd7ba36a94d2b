"""Model archives are unpacked below their folder only, also by a Python whose tarfile knows no filters."""

import io
import tarfile
from pathlib import Path

import pytest

from rimedio.classification.model_archive import unpacked
from rimedio.domain.errors import InvalidInput


@pytest.fixture(params=["with filters", "without filters"], autouse=True)
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without filters":  # Debian 12 has 3.11.2
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    elif not hasattr(tarfile, "data_filter"):
        pytest.skip("this Python's tarfile has no filters")


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for member in members:
            member.size = 1 if member.isreg() else 0
            packed.addfile(member, io.BytesIO(b"x"))
    return path


def test_files_and_folders_are_there_afterwards(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.tar.gz", tarfile.TarInfo("model.json"), tarfile.TarInfo("deep/er/file"))
    found = unpacked(made, tmp_path / "out")
    assert (found / "deep" / "er" / "file").read_bytes() == b"x"


def _link(name: str, to: str) -> tarfile.TarInfo:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, to
    return link


@pytest.mark.parametrize(
    "member", [tarfile.TarInfo("../evil"), _link("evil", "../../evil")], ids=["path", "link"]
)
def test_what_leads_out_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    made = archive(tmp_path / "a.tar.gz", member)
    with pytest.raises(InvalidInput, match="cannot be unpacked"):
        unpacked(made, tmp_path / "out")
    assert not (tmp_path / "evil").exists()
