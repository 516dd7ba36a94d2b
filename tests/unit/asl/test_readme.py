"""The documentation page runs as it is printed."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import rimedio.asl
from rimedio.asl.cli import app

pytest_plugins = ["rimedio.asl.pytest_plugin"]
PAGE = (Path(rimedio.asl.__file__).parent / "README.md").read_text("utf-8")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the page's examples leave behind, run one after the other."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 6
    names: dict[str, Any] = {}
    exec(compile("\n".join(blocks), "README.md", "exec"), names)
    return names


def test_the_examples_of_the_page_work(page: dict[str, Any], asl: Any) -> None:
    page["test_ada_is_greeted"](asl)


def test_the_commands_of_the_page_work(page: dict[str, Any]) -> None:
    Path("machine.json").write_text(page["machine"].definition)
    Path("mocks.json").write_text(json.dumps({"Greet": [{"return": "Hi"}]}))
    case = {
        "name": "a",
        "input": {"name": "Ada"},
        "mocks": {"Greet": {"return": "Hi"}},
        "expect": {"output": "Hi!"},
    }
    Path("cases.json").write_text(json.dumps([case]))
    commands = re.findall(r"^python -m rimedio\.asl (.*)$", PAGE, re.MULTILINE)
    assert len(commands) == 8
    for command in commands:
        result = CliRunner().invoke(app, shlex.split(command.replace("runs.db", "page.db")))
        assert result.exit_code == 0, f"{command}: {result.output}"
