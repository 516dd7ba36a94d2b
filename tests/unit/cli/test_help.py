"""The help of every command as the terminal shows it."""

from collections.abc import Iterator

import typer
from typer.testing import CliRunner

from rimedio.cli.app import app


def _helps(command: object, name: str) -> Iterator[tuple[str, str]]:
    """Each command's options with their help."""
    for parameter in command.params:
        yield f"{name} {parameter.name}", getattr(parameter, "help", None) or ""
    for child, inner in getattr(command, "commands", {}).items():
        yield from _helps(inner, f"{name} {child}")


def test_no_default_is_written_where_the_terminal_takes_it_for_markup_and_drops_it() -> None:
    found = dict(_helps(typer.main.get_command(app), "rimedio"))
    assert "rimedio serve host" in found
    assert [name for name, text in found.items() if "[default" in text] == []


def test_defaults_that_are_decided_later_are_shown() -> None:
    shown = CliRunner().invoke(app, ["serve", "--help"]).stdout
    assert "127.0.0.1" in shown
    assert "8787" in shown
