"""The page on the state machine engine is true: its commands run, and print what the page shows."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.asl_pages import Page
from tests.conftest import ROOT

from rimedio.asl import Machine
from rimedio.asl.cli import app
from rimedio.asl.graph import svg
from rimedio.asl.testing import read_cases, run_case

PAGE = ROOT / "docs" / "05-operations" / "motore-asl.md"
PICTURE = ROOT / "docs" / "images" / "asl-order.svg"
EXAMPLES = ROOT / "examples" / "asl"


def test_every_block_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = Page(PAGE)
    page.run(tmp_path)
    assert len(page.commands) > 15
    assert (tmp_path / "ordine.svg").read_text("utf-8") == PICTURE.read_text("utf-8")


def test_the_picture_is_the_one_that_the_engine_draws() -> None:
    machine = Machine.parse((EXAMPLES / "order.asl.json").read_text("utf-8"), "order")
    result = run_case(machine, read_cases(EXAMPLES / "order.cases.json")[3])
    drawn = svg(machine, result.history)
    assert PICTURE.read_text("utf-8") == drawn, (
        "The picture is out of date. In examples/asl: rimedio asl run order.asl.json --input @declined.input.json "
        "--tasks order_tasks --db runs.db --name late; rimedio asl graph order.asl.json --execution late "
        "--db runs.db --out ../../docs/images/asl-order.svg"
    )


def test_every_command_and_every_option_of_run_stands_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    commands: Any = typer.main.get_command(app)
    assert [name for name in commands.commands if not re.search(rf"(`|asl ){name}\b", text)] == []
    options = [
        option for p in commands.commands["run"].params for option in p.opts if option.startswith("--")
    ]
    assert [option for option in options if f"`{option}`" not in text and option != "--help"] == []
