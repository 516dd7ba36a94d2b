"""The help of every command as the terminal shows it."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rimedio.cli.app import app, misplaced
from rimedio.cli.examples import EXAMPLES


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


def _commands(command: object, name: str) -> Iterator[tuple[str, object]]:
    """Each command that does something, with its name."""
    children = getattr(command, "commands", {})
    for child, inner in children.items():
        yield from _commands(inner, f"{name} {child}")
    if not children:
        yield name, command


COMMANDS = dict(_commands(typer.main.get_command(app), "rimedio"))
RUN_UNTIL_STOPPED = {"rimedio serve", "rimedio bedrock-local", "rimedio asl serve", "rimedio demo"}


def _options(name: str) -> dict[str, object]:
    return {option: p for p in COMMANDS[name].params for option in (*p.opts, *p.secondary_opts)}  # type: ignore[attr-defined]


def test_every_command_that_answers_something_answers_programs_too() -> None:
    assert {name for name in COMMANDS if "--json" not in _options(name)} == RUN_UNTIL_STOPPED


def test_going_back_has_one_spelling_and_the_other_still_works() -> None:
    assert [name for name in COMMANDS if "roll" in name and not COMMANDS[name].hidden] == [  # type: ignore[attr-defined]
        "rimedio classify rollback",
        "rimedio learn rollback",
    ]
    assert {"rimedio classify roll-back", "rimedio learn roll-back"} <= set(COMMANDS)


def test_who_decides_is_always_called_by() -> None:
    asked = [
        name
        for name in COMMANDS
        for p in COMMANDS[name].params  # type: ignore[attr-defined]
        if getattr(p, "help", "") == "Who decides." and p.opts[0] != "--by"
    ]
    assert asked == []


def test_an_option_that_is_off_anyway_has_no_form_to_switch_it_off() -> None:
    needless = [
        f"{name} {p.secondary_opts[0]}"
        for name in COMMANDS
        for p in COMMANDS[name].params  # type: ignore[attr-defined]
        if p.secondary_opts and p.default is False
    ]
    assert needless == []


def test_whose_data_and_which_folder_are_asked_once_before_the_command() -> None:
    shown = [
        name
        for name in COMMANDS
        for p in COMMANDS[name].params  # type: ignore[attr-defined]
        if set(p.opts) & {"--tenant", "--data-dir"} and not p.hidden
    ]
    assert shown == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["ask", "E029", "--data-dir", "d"],
            "--data-dir stands before the command: rimedio --data-dir … ask …",
        ),
        (
            ["--data-dir", "d", "kb", "list", "--tenant=t"],
            "--tenant stands before the command: rimedio --tenant … kb …",
        ),
        (["--data-dir", "d", "ask", "E029", "--bogus"], ""),
        (["--tenant=t", "ask"], ""),
        ([], ""),
    ],
)
def test_an_option_for_all_commands_behind_one_of_them_is_explained(arguments: list[str], told: str) -> None:
    assert misplaced(arguments) == told


@pytest.mark.parametrize("name", sorted(n for n, c in COMMANDS.items() if not c.hidden))  # type: ignore[attr-defined]
def test_every_command_s_help_ends_with_an_example_that_it_takes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEBHOOK_SECRET", "of the example")
    for file in ("policy.json", "template.json"):  # those of `audit` have to be there
        Path(file).touch()
    command: Any = COMMANDS[name]
    example = command.epilog.removeprefix("Example: ")
    assert example.startswith(f"{name}")
    assert len(command.epilog) <= 78
    command.make_context(name, shlex.split(example.removeprefix(name)))


def test_no_example_is_left_of_a_command_that_is_gone() -> None:
    assert {f"rimedio {name}" for name in EXAMPLES} <= set(COMMANDS)


def test_the_example_stands_in_the_help_on_one_line() -> None:
    shown = CliRunner().invoke(app, ["kb", "search", "--help"], env={"COLUMNS": "80"}).stdout
    assert 'Example: rimedio kb search "the fan is noisy" --model XC-200 --limit 3' in shown
