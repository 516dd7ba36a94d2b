"""Fixtures for machines; pytest finds this plugin by itself.

def test_an_order_is_shipped(asl):
    found = asl.run("order.asl.json", {"id": 1}, {"Ship": Return({"ok": True})})
    found.assert_succeeded({"ok": True})
    assert found.states == ["Check", "Ship"]

@asl_cases("order.cases.json")
def test_orders(asl, case):
    asl.check(case)

With `pytest --asl-coverage` the end of the report says which states and transitions were never tried.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.asl.clock import VirtualClock
from rimedio.asl.definition.model import Machine
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.jsontext import JSON
from rimedio.asl.testing import (
    Answer,
    Case,
    Coverage,
    MockedTasks,
    differences,
    read_cases,
    run_case,
    states_entered,
)
from rimedio.asl.trace import History, Trace
from rimedio.asl.watching import waiting_tasks

Definition = Path | str | Mapping[str, JSON]
Mocks = Mapping[str, Answer | Sequence[Answer]]
COVERED: pytest.StashKey[dict[str, Coverage]] = pytest.StashKey()


@dataclass(frozen=True)
class Tried:
    """An execution that a test looks at. `seconds` are those of the virtual clock."""

    execution: Description
    history: History
    seconds: float = 0.0

    @property
    def states(self) -> list[str]:
        """Names of the states in the order in which they were entered."""
        return states_entered(self.history)

    def assert_succeeded(self, *output: JSON) -> None:
        """It has succeeded, and with this output if one is given."""
        problems = [] if self.execution.status == "SUCCEEDED" else [f"it is {self.execution.status}"]
        problems += [
            f"output {line}" for value in output for line in differences(self.execution.output, value)
        ]
        self._judge(problems)

    def assert_failed(self, error: str | None = None, cause: str | None = None) -> None:
        """It has failed, with this error and cause where they are given."""
        found = self.execution
        problems = [] if found.status == "FAILED" else [f"it is {found.status}, not FAILED"]
        problems += [f"error is {found.error}, expected {error}"] if error not in (None, found.error) else []
        problems += [f"cause is {found.cause}, expected {cause}"] if cause not in (None, found.cause) else []
        self._judge(problems)

    def _judge(self, problems: Sequence[str]) -> None:
        if problems:
            pytest.fail("\n".join([*problems, *told(self.history)]), pytrace=False)


class Started:
    """An execution that goes on under a test's control: time passes and answers come when the test says so."""

    def __init__(self, machine: Machine, given: JSON, mocks: Mocks, name: str | None = None) -> None:
        tasks = MockedTasks(mocks)
        self.clock = VirtualClock()
        self.engine = Engine(None, tasks.handlers, clock=self.clock)
        tasks.bind(self.engine)
        self.calls = tasks.calls
        self.id = self.engine.start(machine, given, name)
        self.engine.run_until_idle(wait=False)

    @property
    def execution(self) -> Description:
        """How it stands now."""
        return self.engine.describe(self.id)

    @property
    def waiting(self) -> dict[str, str]:
        """State → token of every task that waits for an answer."""
        return {task.state: task.token for task in waiting_tasks(self.engine, self.id)}

    def advance(self, seconds: float) -> Description:
        """Let time pass, with everything that falls due on the way."""
        end = self.clock.now().timestamp() + seconds
        while True:
            self.engine.run_until_idle(wait=False)
            now = self.clock.now().timestamp()
            due = min((at for at, _ in self.engine.journal.waiting() if at > now), default=end)
            self.clock.sleep(max(min(due, end) - now, 0.0) + 1e-6)
            if due >= end:
                self.engine.run_until_idle(wait=False)
                return self.execution

    def answer(self, state: str, output: JSON = None) -> Description:
        """Answer the task of a state with success. Raises KeyError when it does not wait."""
        self.engine.send_task_success(self.waiting[state], output)
        self.engine.run_until_idle(wait=False)
        return self.execution

    def refuse(self, state: str, error: str, cause: str = "") -> Description:
        """Answer the task of a state with failure. Raises KeyError when it does not wait."""
        self.engine.send_task_failure(self.waiting[state], error, cause)
        self.engine.run_until_idle(wait=False)
        return self.execution


@dataclass(frozen=True)
class MachineCase:
    """A case of a file, with its machine."""

    machine: Machine
    case: Case


class Runner:
    """Runs definitions with mocked tasks; waits take no time."""

    def __init__(self, covered: dict[str, Coverage] | None = None) -> None:
        self._covered = {} if covered is None else covered

    def run(self, definition: Definition, given: JSON = None, mocks: Mocks | None = None) -> Tried:
        """Run a definition, or the file that holds it, to its end. Raises InvalidDefinition."""
        machine = _machine(definition)
        result = run_case(machine, Case("test", given, mocks or {}))
        self._count(machine, result.trace)
        return Tried(result.execution, result.history, result.seconds)

    def start(self, definition: Definition, given: JSON = None, mocks: Mocks | None = None) -> Started:
        """Start a definition and stop where it waits: for time, or for an answer to a task without a mock."""
        return Started(_machine(definition), given, mocks or {})

    def check(self, case: MachineCase) -> None:
        """Run a case of a file; what differs fails the test, with what happened."""
        result = run_case(case.machine, case.case)
        self._count(case.machine, result.trace)
        if result.problems:
            pytest.fail("\n".join([*result.problems, *told(result.history)]), pytrace=False)

    def _count(self, machine: Machine, trace: Trace) -> None:
        self._covered.setdefault(machine.digest, Coverage(machine)).add(trace)


def _machine(definition: Definition) -> Machine:
    if isinstance(definition, Mapping) or (
        isinstance(definition, str) and definition.lstrip().startswith("{")
    ):
        return Machine.parse(definition)
    path = Path(definition)
    return Machine.parse(path.read_text("utf-8"), path.name.partition(".")[0])


def told(history: History) -> list[str]:
    """What happened, a line for each state."""
    lines = ["what happened:"]
    for visit in Trace.of(history).visits():
        error = f"  {visit.error}: {visit.cause}" if visit.error else ""
        retries = f"  after {visit.attempts} attempts" if visit.attempts > 1 else ""
        result = f"  → {visit.output[:80]}" if visit.output is not None else ""
        lines.append(f"{'  ' * (visit.thread.depth + 1)}{visit.name}  {visit.mark}{retries}{error}{result}")
    return lines


def asl_cases(cases: str | Path, machine: str | Path | None = None) -> pytest.MarkDecorator:
    """Parametrize a test with `case` for every case of a file; paths count from the test's own folder.

    Without `machine`, `order.cases.json` belongs to `order.asl.json` beside it.
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    folder = Path(caller.f_globals.get("__file__", ".")).parent if caller is not None else Path()
    path = folder / cases
    definition = folder / machine if machine else path.with_name(path.name.replace(".cases.", ".asl."))
    parsed = _machine(definition)
    found = read_cases(path)
    rows = [MachineCase(parsed, case) for case in found]
    return pytest.mark.parametrize("case", rows, ids=[case.name for case in found])


@pytest.fixture
def asl(request: pytest.FixtureRequest) -> Runner:
    """Runs state machines with mocked tasks."""
    return Runner(request.config.stash.setdefault(COVERED, {}))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--asl-coverage`."""
    text = "Say at the end which states and transitions of state machines were tried."
    parser.getgroup("asl").addoption("--asl-coverage", action="store_true", help=text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The coverage of every machine that the fixture has run."""
    covered = config.stash.get(COVERED, {})
    if not config.getoption("--asl-coverage") or not covered:
        return
    terminalreporter.section("state machines")
    for coverage in covered.values():
        terminalreporter.write_line(coverage.machine.name)
        for line in coverage.lines():
            terminalreporter.write_line(f"  {line}")
