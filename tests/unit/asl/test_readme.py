"""The documentation page runs as it is printed."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.asl_pages import Page

import rimedio.asl
from rimedio.asl.cli import app

pytest_plugins = ["rimedio.asl.pytest_plugin"]
PACKAGE = Path(rimedio.asl.__file__).parent
README = PACKAGE / "README.md"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page, run from its first block to its last."""
    monkeypatch.chdir(tmp_path)
    page = Page(README)
    page.run(tmp_path)
    return page


def test_every_block_of_the_page_works_as_printed(page: Page, asl: Any) -> None:
    assert page.blocks == 11
    tests = [
        function for name, function in page.names.items() if name.startswith("test_") and name != "test_state"
    ]
    assert len(tests) == 2
    for function in tests:
        function(asl)
    assert Path("late.svg").exists()


def test_every_command_and_room_stands_on_the_page() -> None:
    text = README.read_text("utf-8")
    commands: Any = typer.main.get_command(app)
    assert [name for name in commands.commands if not re.search(rf"`{name}[ `]", text)] == []
    rooms = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith(("_", "README"))}
    assert [room for room in rooms if f"`{room}`" not in text] == []
