"""`rimedio asl …` as people call it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rimedio.asl.cli import app

TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f"},
    "Next": "B",
}
MACHINE = {"StartAt": "A", "States": {"A": TASK, "B": {"Type": "Pass", "End": True}}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "m.asl.json", MACHINE)
    write(tmp_path / "mocks.json", {"A": [{"return": {"x": 1}}]})
    return tmp_path


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def call(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_a_run_shows_its_progress_and_its_result(folder: Path) -> None:
    code, output = call("run", "m.asl.json", "--mocks", "mocks.json", "--db", "runs.db", "--name", "one")
    assert code == 0
    assert "TaskSucceeded" in output
    execution = "arn:aws:states:local:000000000000:execution:m:one"
    assert execution in output
    assert "PassStateEntered" in call("history", execution, "--db", "runs.db")[1]
    assert "class s1 succeeded" in call("graph", "m.asl.json", "--execution", execution, "--db", "runs.db")[1]
    code, output = call("run", "m.asl.json", "--mocks", "mocks.json", "--db", "runs.db", "--name", "one")
    assert (code, "already exists" in output) == (1, True)


def test_a_run_can_use_functions_of_a_module(folder: Path) -> None:
    body = 'HANDLERS = {"arn:aws:states:::lambda:invoke": lambda payload, context: payload["FunctionName"]}'
    (folder / "my_tasks.py").write_text(body)
    code, output = call("run", "m.asl.json", "--tasks", "my_tasks", "--json")
    assert (code, json.loads(output)["output"]) == (0, "f")
    (folder / "my_functions.py").write_text('HANDLERS = {"f": lambda payload, context: "by name"}')
    code, output = call("run", "m.asl.json", "--tasks", "my_functions", "--json")
    assert json.loads(output)["output"]["Payload"] == "by name"
    assert call("run", "m.asl.json", "--tasks", "no_such_module")[0] == 2


def test_a_failed_execution_exits_with_one(folder: Path) -> None:
    write(folder / "mocks.json", {"A": {"throw": {"error": "Boom"}}})
    code, output = call("run", "m.asl.json", "--mocks", "mocks.json")
    assert (code, "Boom" in output) == (1, True)


def test_a_table_of_cases(folder: Path) -> None:
    good = {"name": "good", "mocks": {"A": {"return": 3}}, "expect": {"output": 3}}
    write(folder / "cases.json", [good])
    assert call("test", "m.asl.json", "cases.json") == (0, "ok   good\n")
    write(folder / "cases.json", [good, {**good, "name": "bad", "expect": {"output": 4}}])
    code, output = call("test", "m.asl.json", "cases.json")
    assert (code, "output is 3, expected 4" in output) == (1, True)


def test_validation_and_unreadable_files_say_what_is_wrong(folder: Path) -> None:
    assert call("validate", "m.asl.json") == (0, "")
    write(folder / "m.asl.json", {"StartAt": "A", "States": {"A": {"Type": "Pass"}}})
    code, output = call("validate", "m.asl.json")
    assert (code, "SCHEMA_VALIDATION_FAILED" in output) == (1, True)
    assert json.loads(call("validate", "m.asl.json", "--json")[1])[0]["location"] == "/States/A"
    code, output = call("run", "gone.json")
    assert (code, "cannot be read" in output) == (2, True)
    assert call("run", "m.asl.json", "--input", "{")[0] in (1, 2)
    assert call("graph", "m.asl.json", "--format", "png")[0] == 2


def test_versions_and_aliases_are_published_and_run(folder: Path) -> None:
    assert call("publish", "m.asl.json", "--db", "runs.db") == (0, "m:1\n")
    write(
        folder / "m.asl.json", {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 2, "End": True}}}
    )
    assert call("publish", "m.asl.json", "--db", "runs.db") == (0, "m:2\n")
    assert call("alias", "m", "live", "2", "--db", "runs.db")[0] == 0
    code, output = call("run", "m:live", "--db", "runs.db", "--json")
    assert (code, json.loads(output)["output"]) == (0, 2)
    assert call("run", "m:1", "--db", "runs.db", "--mocks", "mocks.json", "--json")[0] == 0
    assert call("alias", "m", "live", "1=50", "2=60", "--db", "runs.db")[0] == 1
    assert call("run", "m:gone", "--db", "runs.db")[0] == 1


def test_a_map_reads_from_a_folder(folder: Path) -> None:
    (folder / "data" / "b").mkdir(parents=True)
    (folder / "data" / "b" / "in.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": "b", "Key": "in.jsonl"},
    }
    state = {"Type": "Map", "ItemReader": reader, "ItemProcessor": {**inner, **config}, "End": True}
    write(folder / "map.json", {"StartAt": "M", "States": {"M": state}})
    code, output = call("run", "map.json", "--objects", "data", "--json")
    assert (code, json.loads(output)["output"]) == (0, [{"n": 1}, {"n": 2}])
