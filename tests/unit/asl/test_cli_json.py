"""`rimedio asl … --json`: every command that answers something answers programs too, also what went wrong."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from rimedio.asl.cli import app
from rimedio.asl.cli.options import json_line

WAITS = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "f"},
    "End": True,
}
ONE = "arn:aws:states:local:000000000000:execution:m:one"
DB = ("--db", "runs.db")
Call = Callable[..., tuple[int, Any, Any]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Exit code, what standard output says, what standard error says; each one JSON document or None."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.json").write_text(json.dumps({"StartAt": "Perché", "States": {"Perché": WAITS}}), "utf-8")
    (tmp_path / "waiting_tasks.py").write_text('HANDLERS = {"f": lambda payload, context: None}\n')

    def invoke(*arguments: str) -> tuple[int, Any, Any]:
        result = CliRunner().invoke(app, [*arguments, "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        said, error = (json.loads(text) if text else None for text in (result.stdout, result.stderr))
        return result.exit_code, said, error

    return invoke


def start(call: Call, name: str = "one") -> str:
    """A waiting execution; its token."""
    code, said, _ = call("run", "m.json", "--tasks", "waiting_tasks", *DB, "--name", name, "--no-wait")
    assert (code, said["status"]) == (0, "RUNNING")
    return str(said["waiting"][0]["token"])


def test_every_command_but_the_server_takes_json() -> None:
    commands: Any = typer.main.get_command(app)
    without = [n for n, c in commands.commands.items() if not any("--json" in p.opts for p in c.params)]
    assert without == ["serve"]


def test_answers_tell_their_token_whole(call: Call) -> None:
    token = start(call)
    assert call("send-heartbeat", token[:12], *DB) == (0, {"token": token}, None)
    assert call("send-success", token[:12], *DB, "--output", "1") == (0, {"token": token}, None)
    token = start(call, "two")
    assert call("send-failure", token, *DB, "--error", "E") == (0, {"token": token}, None)


def test_a_stop_tells_the_execution_and_how_it_stands(call: Call) -> None:
    start(call)
    assert call("stop", "one", *DB) == (0, {"execution": ONE, "status": "ABORTED"}, None)


def test_versions_and_aliases_are_objects(call: Call) -> None:
    assert call("publish", "m.json", *DB) == (0, {"machine": "m", "version": 1}, None)
    shares = [{"version": 1, "percent": 100}]
    pointed = {"machine": "m", "alias": "live", "versions": shares}
    assert call("alias", "m", "live", "1", *DB) == (0, pointed, None)


def test_a_drawing_comes_in_the_object_or_in_its_file(call: Call) -> None:
    code, said, _ = call("graph", "m.json")
    assert (code, said["format"], said["drawing"].startswith("flowchart")) == (0, "mermaid", True)
    written = {"machine": "m", "format": "svg", "file": "m.svg"}
    assert call("graph", "m.json", "--out", "m.svg") == (0, written, None)


@pytest.mark.parametrize(
    ("command", "code", "name", "word"),
    [
        (("run", "gone.json"), 2, "INVALID_INPUT", "gone.json"),
        (("run", "m.json", "--input", "{"), 2, "INVALID_INPUT", "--input"),
        (("list", "--db", "gone.db"), 2, "INVALID_INPUT", "gone.db"),
        (("run", "m.json", "--db", "nowhere/r.db"), 2, "JournalUnusable", "Give an SQLite file"),
        (("publish", "m.json", "--db", "m.json"), 2, "JournalUnusable", "m.json"),
        (("stop", "gone", *DB), 1, "FAILED", "No execution is called gone"),
        (("send-success", "0123", *DB), 1, "InvalidToken", "0123"),
        (("run", "nobody", *DB), 1, "StateMachineDoesNotExist", "nobody"),
        (("alias", "m", "live", "one", *DB), 1, "FAILED", "VERSION"),
        (
            ("graph", "m.json", "--out", "nowhere/m.svg"),
            2,
            "INVALID_INPUT",
            "nowhere/m.svg cannot be written",
        ),
        (("graph", "m.json", "--format", "png"), 2, "INVALID_INPUT", "png"),
    ],
)
def test_errors_are_json_on_standard_error(
    call: Call, command: tuple[str, ...], code: int, name: str, word: str
) -> None:
    start(call)
    ended, said, error = call(*command)
    assert (ended, said, error["error"]["code"]) == (code, None, name)
    assert word in error["error"]["message"]


def test_a_definition_that_is_not_valid_is_an_error_with_its_place(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{\n "StartAt": "A", "States": {}}')
    code, said, error = call("publish", "bad.json", *DB)
    assert (code, said, error["error"]["code"]) == (1, None, "InvalidDefinition")
    assert "bad.json:2:" in error["error"]["message"]


def test_ctrl_c_is_an_error_as_well(call: Call, tmp_path: Path) -> None:
    (tmp_path / "stopped_tasks.py").write_text(
        'def f(payload, context):\n    raise KeyboardInterrupt\n\n\nHANDLERS = {"f": f}\n'
    )
    code, said, error = call("run", "m.json", "--tasks", "stopped_tasks", *DB)
    assert (code, said, error["error"]["code"]) == (130, None, "INTERRUPTED")


def test_a_later_command_without_json_tells_its_error_as_text(call: Call) -> None:
    call("list", "--db", "gone.db")
    assert CliRunner().invoke(app, ["serve", "--tasks", "nothing_there"]).stderr.startswith("--tasks nothing")


def test_json_escapes_what_the_output_cannot_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert json_line({"a": "è"}) == '{"a": "\\u00e8"}'


def test_a_report_that_cannot_be_written_is_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text('[{"name": "c", "mocks": {"Perché": {"return": 1}}}]')
    code, _, error = call("test", "m.json", "cases.json", "--junit", "nowhere/report.xml")
    assert (code, "nowhere/report.xml cannot be written" in error["error"]["message"]) == (2, True)


@pytest.mark.parametrize(
    "rows", [[1], [{}], [{"id": "x", "type": "T"}], [{"id": 1}], [{"id": 1, "type": "T", "timestamp": "now"}]]
)
def test_a_file_without_events_is_no_history(call: Call, tmp_path: Path, rows: list[object]) -> None:
    (tmp_path / "history.json").write_text(json.dumps({"events": rows}))
    code, said, error = call("history", "history.json")
    assert (code, said, "holds no events" in error["error"]["message"]) == (2, None, True)
