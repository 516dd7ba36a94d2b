"""How a command that is printed for copying is written."""

from pathlib import Path

import pytest

from rimedio.cli.output import program


def test_a_command_off_the_search_path_is_printed_with_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [".venv/bin/rimedio", "serve"])
    assert program() == ".venv/bin/rimedio"


def test_a_command_on_the_search_path_goes_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = tmp_path / "rimedio"
    command.write_text("#!/bin/sh\n", "utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [str(command), "serve"])
    assert program() == "rimedio"


def test_run_as_a_module_it_goes_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["/somewhere/rimedio/__main__.py", "serve"])
    assert program() == "rimedio"
