"""What the demo puts into the data folder before anything else is there."""

import os
from pathlib import Path

import pytest

from rimedio.cli.demo import bring_taxonomy
from rimedio.domain.errors import NotFound, StorageFailed


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    folder = tmp_path / "examples"
    (folder / "knowledge").mkdir(parents=True)
    (folder / "taxonomy.json").write_text("{}", "utf-8")
    return folder


def test_the_data_folder_that_the_demo_makes_is_its_owners_alone(examples: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        bring_taxonomy(tmp_path / "data", examples)
    finally:
        os.umask(before)
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "taxonomy.json").read_text("utf-8") == "{}"


def test_a_taxonomy_that_is_there_already_stays(examples: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "taxonomy.json").write_text('{"own": 1}', "utf-8")
    bring_taxonomy(tmp_path / "data", examples)
    assert "own" in (tmp_path / "data" / "taxonomy.json").read_text("utf-8")


def test_a_data_folder_that_cannot_be_made_is_named_with_what_to_do(examples: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    with pytest.raises(StorageFailed, match=r"file/data cannot be written .*--data-dir"):
        bring_taxonomy(tmp_path / "file" / "data", examples)


def test_where_there_is_no_demo_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--examples"):
        bring_taxonomy(tmp_path / "data", tmp_path / "nowhere")
    assert not (tmp_path / "data").exists()
