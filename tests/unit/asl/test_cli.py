"""`rimedio asl …` as people call it."""

import io
import json
import re
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest
from tests.conftest import ROOT
from typer.testing import CliRunner

from rimedio.asl.cli import app
from rimedio.asl.cli.display import Lines

TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f"},
    "Next": "B",
}
MACHINE = {"StartAt": "A", "States": {"A": TASK, "B": {"Type": "Pass", "End": True}}}
ONE = "arn:aws:states:local:000000000000:execution:m:one"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "m.asl.json", MACHINE)
    write(tmp_path / "mocks.json", {"A": [{"return": {"x": 1}}]})
    return tmp_path


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples, where the commands are called."""
    shutil.copytree(ROOT / "examples" / "asl", tmp_path / "asl")
    monkeypatch.chdir(tmp_path / "asl")
    return tmp_path / "asl"


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def call(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output


def without_durations(output: str) -> str:
    """How long each state took differs from run to run; a quick one tells nothing of it."""
    return re.sub(r"  \d+\.\d\d s\b", "", output)


def test_a_run_shows_its_progress_and_its_result(folder: Path) -> None:
    code, output = call("run", "m.asl.json", "--mocks", "mocks.json", "--db", "runs.db", "--name", "one")
    assert code == 0
    told = re.sub(r"\d+\.\d+", "0", without_durations(output)).splitlines()
    assert told[:3] == ["    0  ✓ A", "    0  ✓ B", "✓ m:one SUCCEEDED after 0 s"]
    assert json.loads(output[output.index("{") :]) == {"x": 1}
    code, output = call("run", "m.asl.json", "--mocks", "mocks.json", "--db", "runs.db", "--name", "one")
    assert (code, "already exists" in output) == (1, True)
    assert call("run", "m", "--mocks", "mocks.json", "--db", "runs.db", "--json")[0] == 0


def test_a_run_can_use_functions_of_a_module(folder: Path) -> None:
    body = 'HANDLERS = {"arn:aws:states:::lambda:invoke": lambda payload, context: payload["FunctionName"]}'
    (folder / "my_tasks.py").write_text(body)
    code, output = call("run", "m.asl.json", "--tasks", "my_tasks", "--json")
    assert (code, json.loads(output)["output"]) == (0, "f")
    (folder / "my_functions.py").write_text('HANDLERS = {"f": lambda payload, context: "by name"}')
    code, output = call("run", "m.asl.json", "--tasks", "my_functions", "--json")
    assert json.loads(output)["output"]["Payload"] == "by name"


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ("no_such_module", "ModuleNotFoundError"),
        ("broken", "ZeroDivisionError"),
        ("empty:H", "is not a mapping"),
    ],
)
def test_handlers_that_cannot_be_loaded_are_told_apart(folder: Path, tasks: str, words: str) -> None:
    (folder / "broken.py").write_text("1 / 0")
    (folder / "empty.py").write_text("H = 1")
    code, output = call("run", "m.asl.json", "--tasks", tasks)
    assert (code, words in output) == (2, True)


def test_a_failure_says_what_failed_with_what_and_what_to_do(examples: Path) -> None:
    order = ("run", "order.asl.json", "--input", "@declined.input.json", "--tasks", "order_tasks")
    code, output = call(*order, "--db", "runs.db", "--name", "late")
    assert code == 1
    report = output[output.index("✗ order:late") :]
    assert re.sub(r"\d+\.\d\d", "0", report).splitlines() == [
        "✗ order:late FAILED after 0 s",
        "  Error  OrderDeclined",
        "  Cause  the card has expired",
        "  State  Declined (Fail)",
        '  Input  {"told":"the card has expired"}',
        "  Next   rimedio asl history order:late --db runs.db",
    ]
    assert "↷ Charge  caught CardDeclined" in without_durations(output)
    code, output = call(*order)
    assert (code, "Run it again with --db runs.db" in output) == (1, True)
    code, output = call("run", "order.asl.json", "--input", "@declined.input.json")
    assert (code, "Give the functions with --tasks" in output) == (1, True)
    (examples / "mocks.json").write_text("{}")
    code, output = call("run", "order.asl.json", "--input", "@declined.input.json", "--mocks", "mocks.json")
    assert (code, "Add an answer for the state to the mocks" in output) == (1, True)


def test_an_expression_that_fails_in_the_first_state_names_state_and_input(folder: Path) -> None:
    state = {"Type": "Pass", "Output": "{% $states.input.x + 1 %}", "End": True}
    write(folder / "first.json", {"QueryLanguage": "JSONata", "StartAt": "First", "States": {"First": state}})
    code, output = call("run", "first.json", "--input", '{"x": "a"}')
    assert code == 1
    assert "First  attempt 1 failed  States.QueryEvaluationError" in output
    assert '  State  First (Pass)\n  Input  {"x":"a"}\n' in output


def test_the_cause_of_a_function_that_raised_is_its_message(folder: Path) -> None:
    (folder / "raising_tasks.py").write_text(
        'def f(payload, context):\n    raise ValueError("not a number")\nHANDLERS = {"f": f}'
    )
    code, output = call("run", "m.asl.json", "--tasks", "raising_tasks")
    assert (code, "  Cause  not a number\n" in output) == (1, True)
    assert '\n         File "' in output  # the last line of the trace


def test_fast_runs_waits_at_once(examples: Path) -> None:
    write(examples / "in.json", {"order": 1, "card": "ok", "lines": [{"part": "fan", "wanted": 9}]})
    write(
        examples / "mocks.json",
        {"LookUp": [{"return": {"Payload": {"part": "fan", "wanted": 9, "available": n}}} for n in (0, 9)],
         "Charge": {"return": {"Payload": 1}}, "Pack": {"return": {"Payload": 2}}, "Invoice": {"return": {"Payload": 3}}},
    )  # fmt: skip
    code, output = call("run", "order.asl.json", "--input", "@in.json", "--mocks", "mocks.json", "--fast")
    assert code == 0
    assert re.search(r"▸ WaitForDelivery\n.*✓ WaitForDelivery  1 d 0 h", output)
    assert "SUCCEEDED after 1 d 0 h" in output


def test_a_wait_passes_and_an_answer_from_elsewhere_is_heard(
    examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    note = Lines.note

    def told(display: Lines, line: str) -> None:
        note(display, line)
        if "send-failure" in line:
            asked.set()

    monkeypatch.setattr(Lines, "note", told)
    monkeypatch.setattr(Lines, "asked", asked, raising=False)
    at = (
        (datetime.now(UTC) + timedelta(seconds=0.3)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    token = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": True}
    wait = {"Type": "Wait", "Timestamp": at, "Next": "T"}
    write(
        examples / "m.json",
        {"StartAt": "W", "States": {"W": wait, "T": {**token, "Parameters": {"FunctionName": "f"}}}},
    )
    (examples / "answering_tasks.py").write_text(
        "import threading\n\nfrom rimedio.asl import Engine, SqliteJournal\nfrom rimedio.asl.cli.display import Lines\n\n\n"
        "def answer(token):\n    Lines.asked.wait(60)\n"
        "    Engine(SqliteJournal.open('runs.db')).send_task_success(token, 'heard')\n\n\n"
        "def f(payload, context):\n    threading.Thread(target=answer, args=[context.token]).start()\n\n\n"
        'HANDLERS = {"f": f}\n'
    )
    code, output = call("run", "m.json", "--tasks", "answering_tasks", "--db", "runs.db", "--wait")
    assert code == 0
    assert "◷ T  " in output
    assert "rimedio asl send-success" in output
    assert '"heard"' in output


def test_a_task_that_waits_is_answered_and_the_execution_goes_on(examples: Path) -> None:
    run = ("run", "approval.asl.json", "--input", '{"price": 900}', "--tasks", "approval_tasks")
    code, output = call(*run, "--db", "runs.db", "--name", "one", "--no-wait")
    assert code == 0
    found = re.search(r"AskOwner waits, with the token ([0-9a-f]{64})", output)
    assert found is not None
    assert f"rimedio asl send-success {found[1][:12]} --db runs.db --output '{{}}'" in output
    assert "rimedio asl resume approval:one --db runs.db --tasks approval_tasks" in output
    assert "approval:one  RUNNING" in call("list", "--db", "runs.db")[1]
    assert "in AskOwner (waiting)" in call("list", "--db", "runs.db", "--status", "running")[1]
    assert json.loads(call("describe", "one", "--db", "runs.db", "--json")[1])["waiting"] == [
        {"state": "AskOwner", "token": found[1]}
    ]
    assert call("send-heartbeat", found[1], "--db", "runs.db")[0] == 0
    answer = ("send-success", found[1][:10], "--output", '{"approved": true}', "--db", "runs.db")
    assert call(*answer)[0] == 0
    code, output = call("resume", "--db", "runs.db", "--tasks", "approval_tasks", "--no-wait")
    assert (code, '"repaired"' in output) == (0, True)
    assert call("resume", "--db", "runs.db") == (0, "Nothing is unfinished.\n")
    code, output = call(*answer)
    assert (code, "No task waits with the token" in output) == (1, True)
    code, output = call("send-failure", found[1], "--error", "E", "--db", "runs.db")
    assert (code, "is over" in output) == (1, True)


def test_ctrl_c_says_how_to_go_on_and_going_on_works(folder: Path) -> None:
    (folder / "interrupted_tasks.py").write_text(
        "import pathlib\n\n\ndef f(payload, context):\n"
        '    if not pathlib.Path("again").exists():\n        raise KeyboardInterrupt\n    return "done"\n\n\n'
        'HANDLERS = {"f": f}\n'
    )
    run = ("run", "m.asl.json", "--tasks", "interrupted_tasks", "--db", "runs.db", "--name", "one")
    code, output = call(*run)
    assert code == 130
    assert (
        "Interrupted. Nothing is lost. Go on with:\n  rimedio asl resume m:one --db runs.db --tasks interrupted_tasks"
        in output
    )
    (folder / "again").touch()
    code, output = call("resume", "m:one", "--db", "runs.db", "--tasks", "interrupted_tasks")
    assert (code, "✓ m:one SUCCEEDED" in output) == (0, True)
    (folder / "again").unlink()
    code, output = call("run", "m.asl.json", "--tasks", "interrupted_tasks")
    assert (code, "Nothing was kept" in output) == (130, True)


def test_a_failed_execution_is_redriven(folder: Path) -> None:
    write(folder / "mocks.json", {"A": {"throw": {"error": "Boom"}}})
    run = ("run", "m.asl.json", "--mocks", "mocks.json", "--db", "runs.db", "--name", "one")
    code, output = call(*run)
    assert (code, "rimedio asl redrive m:one --db runs.db" in output) == (1, True)
    write(folder / "mocks.json", {"A": {"return": 1}})
    assert call("redrive", "m:one", "--db", "runs.db", "--mocks", "mocks.json")[0] == 0
    assert "Redriven 1 times" in call("describe", "one", "--db", "runs.db")[1]
    code, output = call("redrive", "one", "--db", "runs.db", "--mocks", "mocks.json")
    assert (code, "only a failed one can be redriven" in output) == (1, True)


def test_an_execution_is_stopped(examples: Path) -> None:
    run = ("run", "approval.asl.json", "--input", '{"price": 900}', "--tasks", "approval_tasks")
    call(*run, "--db", "runs.db", "--name", "one", "--no-wait")
    assert call("stop", "one", "--db", "runs.db", "--error", "Changed") == (0, "approval:one is ABORTED.\n")
    code, output = call("stop", "one", "--db", "runs.db")
    assert (code, "over already: ABORTED" in output) == (1, True)
    described = call("describe", "one", "--db", "runs.db")[1]
    assert "Error    Changed" in described
    assert "⊘ AskOwner" in described


def test_executions_are_found_by_name_or_said_to_be_missing(folder: Path) -> None:
    call("run", "m.asl.json", "--mocks", "mocks.json", "--db", "runs.db", "--name", "one")
    for given in ("one", "m:one", ONE):
        assert call("describe", given, "--db", "runs.db")[0] == 0
    assert "No execution is called gone" in call("describe", "gone", "--db", "runs.db")[1]
    assert call("list", "--db", "runs.db", "--machine", "other") == (0, "No executions.\n")
    assert call("list", "--db", "runs.db", "--status", "lost")[0] == 2
    assert call("list", "--db", "gone.db")[0] == 2
    assert json.loads(call("list", "--db", "runs.db", "--json")[1])[0]["output"] == {"x": 1}
    (folder / "text.db").write_text("this is no database, and long enough to be seen as none" * 20)
    code, output = call("list", "--db", "text.db")
    assert (code in (1, 2), "text.db" in output or "--db" in output) == (True, True)


def test_a_history_is_indented_filtered_and_shown_in_full(examples: Path) -> None:
    call(
        "run",
        "order.asl.json",
        "--input",
        "@declined.input.json",
        "--tasks",
        "order_tasks",
        "--db",
        "r.db",
        "--name",
        "x",
    )
    code, output = call("history", "x", "--db", "r.db")
    lines = re.sub(r" \d+\.\d{3} ", " 0 ", output).splitlines()
    assert code == 0
    assert lines[1].split()[:4] == ["2", "0", "MapStateEntered", "CheckStock"]
    assert any(re.match(r" +5 +0 {6}TaskStateEntered LookUp \[item 0\]  input: ", line) for line in lines)
    assert max(map(len, lines)) <= 160
    assert "TaskFailed  resource: invoke · error: CardDeclined · cause: the card has expired" in output
    filtered = call("history", "x", "--db", "r.db", "--type", "failed")[1]
    assert [line.split()[2] for line in filtered.splitlines()] == ["TaskFailed", "ExecutionFailed"]
    only = call("history", "x", "--db", "r.db", "--state", "Charge")[1]
    assert [line.split()[2] for line in only.splitlines()][-1] == "TaskStateExited"
    full = call("history", "x", "--db", "r.db", "--full", "--state", "Charge")[1]
    assert re.search(r'parameters: \{\n +"FunctionName": "charge",\n', full)
    rows = json.loads(call("history", "x", "--db", "r.db", "--json")[1])
    assert rows[0]["type"] == "ExecutionStarted"
    write(examples / "aws.json", {"events": rows})
    assert call("history", "aws.json")[1] == call("history", "x", "--db", "r.db")[1]
    assert call("history", "x", "--db", "r.db", "--type", "nothing") == (0, "No event is like that.\n")
    assert call("history", "x")[0] == 2
    write(examples / "aws.json", {"no": 1})
    assert call("history", "aws.json")[0] == 2
    assert "✗ Declined" in call("graph", "order.asl.json", "--execution", "x", "--db", "r.db")[1]


def test_a_table_of_cases(examples: Path) -> None:
    code, output = call("test", "order.asl.json", "order.cases.json")
    assert code == 0
    assert re.search(r"✓ a part comes the next morning +SUCCEEDED +1 d 0 h  CheckStock → LookUp", output)
    assert "4 cases, 0 failed" in output
    assert "  states      11 of 11 (100 %)" in output
    rows = json.loads((examples / "order.cases.json").read_text())
    rows[0]["expect"]["output"]["parcel"] = "parcel 9"
    write(examples / "order.cases.json", rows)
    code, output = call("test", "order.asl.json", "order.cases.json", "--junit", "report.xml")
    assert (code, '    output $.parcel: got "parcel 1", expected "parcel 9"' in output) == (1, True)
    suite = minidom.parse(str(examples / "report.xml")).documentElement
    assert (suite.getAttribute("tests"), suite.getAttribute("failures")) == ("4", "1")
    told = json.loads(call("test", "order.asl.json", "order.cases.json", "-k", "bank", "--json")[1])
    assert [(row["name"], row["passed"]) for row in told["cases"]] == [
        ("the bank answers at the third attempt", True)
    ]
    code, output = call("test", "order.asl.json", "order.cases.json", "-k", "bank", "--coverage-min", "90")
    assert (code, "90 % are asked for" in output) == (1, True)
    write(examples / "order.cases.json", [{"mocks": {"Pack": 1}}])
    code, output = call("test", "order.asl.json", "order.cases.json")
    assert (code, "A mock is" in output) == (2, True)


def test_findings_stand_with_their_line(folder: Path) -> None:
    assert call("validate", "m.asl.json") == (0, "m.asl.json: valid\n")
    (folder / "bad.json").write_text(
        '{\n  "StartAt": "A",\n  "States": {\n    "A": {"Type": "Pass", "Next": "Z"}\n  }\n}\n'
    )
    code, output = call("validate", "m.asl.json", "bad.json")
    assert code == 1
    assert output.splitlines()[0] == "m.asl.json: valid"
    assert re.search(r"^bad\.json:4:\d+: error: .*\[MISSING_TRANSITION_TARGET\]$", output, re.MULTILINE)
    lines = output.splitlines()
    [shown] = [number for number, line in enumerate(lines) if line.startswith("     4 | ")]
    at = lines[shown + 1].index("^")
    assert lines[shown][at:].startswith('"Next"') or lines[shown][at:].startswith('"A"')
    assert lines[-1] == "bad.json: not valid"
    row = json.loads(call("validate", "bad.json", "--json")[1])[0]
    assert (row["file"], row["line"], row["code"]) == ("bad.json", 4, "MISSING_TRANSITION_TARGET")
    (folder / "bad.json").write_text('{"StartAt": "A",\n "States": }')
    assert "bad.json:2:" in call("validate", "bad.json")[1]
    assert call("run", "bad.json")[0] == 1


def test_files_and_options_that_cannot_be_used_are_told(folder: Path) -> None:
    code, output = call("run", "gone.json")
    assert (code, "cannot be read: No such file" in output) == (2, True)
    assert call("run", "m.asl.json", "--input", "{")[0] == 2
    assert call("run", "m.asl.json", "--input", "@gone.json")[0] == 2
    assert call("graph", "m.asl.json", "--format", "png")[0] == 2
    assert call("test", "m.asl.json", "gone.json")[0] == 2
    (folder / "mocks.json").write_text('{"A": 1}')
    assert call("run", "m.asl.json", "--mocks", "mocks.json")[0] == 2


def test_pictures_are_written_to_files(folder: Path) -> None:
    assert call("graph", "m.asl.json", "--out", "m.svg") == (0, "m.svg written.\n")
    assert (folder / "m.svg").read_text().startswith("<svg ")
    assert call("graph", "m.asl.json", "--out", "m.mmd")[0] == 0
    assert (folder / "m.mmd").read_text() == call("graph", "m.asl.json")[1]


def test_versions_and_aliases_are_published_and_run(folder: Path) -> None:
    assert call("publish", "m.asl.json", "--db", "runs.db") == (0, "m:1\n")
    write(
        folder / "m.asl.json", {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 2, "End": True}}}
    )
    assert call("publish", "m.asl.json", "--db", "runs.db") == (0, "m:2\n")
    assert call("alias", "m", "live", "2", "--db", "runs.db") == (0, "m:live → 2 (100 %)\n")
    code, output = call("run", "m:live", "--db", "runs.db", "--json")
    assert (code, json.loads(output)["output"]) == (0, 2)
    assert call("run", "m:1", "--db", "runs.db", "--mocks", "mocks.json", "--json")[0] == 0
    assert call("alias", "m", "live", "1=50", "2=60", "--db", "runs.db")[0] == 1
    assert call("alias", "m", "live", "one", "--db", "runs.db")[0] == 1
    assert call("run", "m:gone", "--db", "runs.db")[0] == 1


def test_a_map_reads_from_a_folder_and_its_child_executions_are_seen(examples: Path) -> None:
    run = ("run", "readings.asl.json", "--objects", "store", "--db", "runs.db", "--name", "one")
    code, output = call(*run)
    assert code == 0
    assert re.search(r"✓ Readings .*3/3 items, 1 failed", output)
    assert '"total": 585' in output
    described = without_durations(call("describe", "one", "--db", "runs.db")[1])
    assert "    item 2\n      ✓ Plausible?\n      ✗ Reject  NegativeReading: roof: -4" in described
    call("graph", "readings.asl.json", "--execution", "one", "--db", "runs.db", "--out", "r.svg")
    assert "items 2/3" in (examples / "r.svg").read_text("utf-8")


def test_a_terminal_shows_a_tree() -> None:
    from rich.console import Console

    from rimedio.asl import Engine, Machine, VirtualClock
    from rimedio.asl.cli.display import Tree

    clock = VirtualClock()
    display = Tree(clock)
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    each = {
        "StartAt": "T",
        "States": {"T": {**TASK, "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}},
    }
    each["States"]["T"] = {k: v for k, v in each["States"]["T"].items() if k != "Next"} | {"End": True}  # type: ignore[index]
    map_ = {"Type": "Map", "ItemProcessor": each, "End": True}
    both = {"Type": "Parallel", "Branches": [wait, {"StartAt": "M", "States": {"M": map_}}], "End": True}
    engine = Engine(handlers={"*": lambda payload, context: None}, clock=clock, on_event=display)
    engine.start(Machine.parse({"StartAt": "P", "States": {"P": both}}), [1] * 20)
    engine.run_until_idle(wait=False)
    console = Console(width=80, file=open("/dev/null", "w"), record=True)  # noqa: SIM115
    console.print(display)
    console.file.close()
    lines = console.export_text().splitlines()
    assert "P" in lines[0]
    assert any("branch 1" in line for line in lines)
    assert any("M" in line and "0/20 items" in line for line in lines)
    assert any("◷ T  waits for an answer" in line for line in lines)
    assert any("and 12 others" in line for line in lines)


def test_what_is_over_leaves_the_moving_part_of_the_terminal() -> None:
    from rich.console import Console

    from rimedio.asl import Engine, Machine, VirtualClock
    from rimedio.asl.cli.display import Tree

    clock = VirtualClock()
    display = Tree(clock)
    display._console = Console(file=io.StringIO(), force_terminal=True, width=80, highlight=False)
    engine = Engine(clock=clock, on_event=display)
    passes = {name: {"Type": "Pass", "Next": following} for name, following in ("AB", "BW")}
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    execution = engine.start(Machine.parse({"StartAt": "A", "States": {**passes, "W": wait}}))
    display.follow(engine, execution)
    with display.shown():
        engine.run_until_idle(wait=False)
        display.note("something [else]")
    printed = display._console.file.getvalue()  # type: ignore[attr-defined]
    assert [printed.count(text) for text in ("✓ A", "✓ B", "something [else]")] == [1, 1, 1]
    assert "✓ W" not in printed
