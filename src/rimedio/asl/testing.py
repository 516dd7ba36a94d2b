"""Trying states and machines without their tasks: `test_state` as AWS's TestState, and tables of cases.

Tests that want a fixture: `pytest_plugins = ["rimedio.asl.pytest_plugin"]`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from rimedio.asl.clock import VirtualClock, system_randomness
from rimedio.asl.definition.model import Machine, State
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.engine import ARN, Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.execution.failures import located
from rimedio.asl.execution.frames import Frame, Outcome, Phase, Run
from rimedio.asl.execution.handlers import Handlers, TaskContext
from rimedio.asl.execution.interpreter import Interpreter
from rimedio.asl.expressions.jsonpath import put_at
from rimedio.asl.expressions.query import Services
from rimedio.asl.journal.port import Event, Execution
from rimedio.asl.journal.sqlite import MemoryJournal
from rimedio.asl.jsontext import JSON, dumps, loads

TARGETS = ("Next", "Default")


@dataclass(frozen=True)
class Return:
    """A mocked task answers this."""

    value: JSON = None


@dataclass(frozen=True)
class Throw:
    """A mocked task fails like this."""

    error: str
    cause: str = ""


Answer = Return | Throw


@dataclass(frozen=True)
class TestedState:
    """What became of one state: SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR, as TestState says."""

    __test__ = False

    status: str
    output: JSON = None
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    variables: Mapping[str, JSON] = field(default_factory=dict)
    inspection: Mapping[str, JSON] = field(default_factory=dict)


def try_state(
    definition: Mapping[str, JSON],
    *,
    input: JSON = None,  # noqa: A002 - TestState's own word
    mock: Answer | None = None,
    variables: Mapping[str, JSON] | None = None,
    query_language: str = "JSONPath",
    name: str = "State",
    retry_count: int = 0,
) -> TestedState:
    """Run one state on its own. A Task, Map or Parallel takes its result from `mock`.

    Raises InvalidDefinition, and ValueError when a mock is needed.
    """
    machine = Machine.parse(_around(definition, query_language, name))
    state = machine.graph.states[name]
    interpreter = Interpreter(
        Services(VirtualClock(datetime.now(UTC)), system_randomness()),
        f"{ARN}:stateMachine",
        "arn:aws:iam::000000000000:role/test",
    )
    run = Run(Execution(f"{ARN}:execution:test:test", "test", "", dumps(input), 0.0), machine)
    run.at = interpreter.now()
    frame = Frame("", machine.graph, name, loads(dumps(input)), variables=dict(variables or {}))
    run.frames[""] = frame
    interpreter.enter(run, frame)
    if state.retry and retry_count:
        frame.attempts = [retry_count] * len(state.retry)
    inspection = _inspected(interpreter, run, frame, state, mock)
    _try(interpreter, run, frame, state, mock)
    return _judged(run, frame, state, inspection)


test_state = try_state
test_state.__test__ = False  # type: ignore[attr-defined] # pytest would collect it by its name


def _around(state: Mapping[str, JSON], language: str, name: str) -> dict[str, JSON]:
    """A machine of this state and the states it may go to."""
    entries = [entry for key in ("Choices", "Catch") for entry in cast("list[JSON]", state.get(key) or [])]
    targets = [state.get(key) for key in TARGETS]
    targets += [entry.get("Next") for entry in entries if isinstance(entry, Mapping)]
    ends: dict[str, JSON] = {str(target): {"Type": "Succeed"} for target in targets if target}
    return {"QueryLanguage": language, "StartAt": name, "States": {**ends, name: dict(state)}}


def _inspected(
    interpreter: Interpreter, run: Run, frame: Frame, state: State, mock: Answer | None
) -> dict[str, JSON]:
    """What the data was on its way, under TestState's names; ends where an expression fails."""
    data, seen = interpreter.data, {"input": run.input}
    try:
        given = data.effective_input(run, frame, state)
        if not state.is_jsonata:
            seen["afterInputPath"] = given
        if state.parameters is not None:
            key = "afterArguments" if state.is_jsonata else "afterParameters"
            seen[key] = state.parameters.evaluate(data.scope(run, frame, given, token="token"))  # noqa: S106
        if not isinstance(mock, Return):
            return seen
        result = seen["result"] = mock.value
        if state.selector is not None:
            result = seen["afterResultSelector"] = state.selector.evaluate(data.scope(run, frame, result))
        if state.flow.result_path is not None:
            seen["afterResultPath"] = put_at(state.flow.result_path, frame.input, result)
    except StatesError:
        pass
    return seen


def _try(interpreter: Interpreter, run: Run, frame: Frame, state: State, mock: Answer | None) -> None:
    try:
        if state.type in ("Map", "Parallel"):
            interpreter.leave(run, frame, _answer(mock, state), state.flow, state.next)
            return
        interpreter.execute(run, frame, state)
        for call in run.calls:
            try:
                run.outcomes.append(Outcome(call, _answer(mock, state)))
            except TaskFailed as failure:
                run.outcomes.append(Outcome(call, failure=failure))
        while run.outcomes:
            frame.token = None
            interpreter.tasks.settle(run, run.outcomes.popleft())
        if frame.phase is Phase.SLEEP:
            interpreter.leave(run, frame, frame.input, state.flow, state.next)
    except StatesError as error:
        interpreter.fail(run, frame, state, located(frame, error))


def _answer(mock: Answer | None, state: State) -> JSON:
    if mock is None:
        msg = f"A {state.type} state needs a mock: pass Return(value) or Throw(error, cause)."
        raise ValueError(msg)
    if isinstance(mock, Throw):
        raise TaskFailed(mock.error, mock.cause)
    return mock.value


def _judged(run: Run, frame: Frame, state: State, inspection: dict[str, JSON]) -> TestedState:
    events = {event.type: event for event in run.changes.events}
    exited = events.get(f"{state.type}StateExited")
    output = loads(str(exited.details["output"])) if exited else None
    error, cause = _failure(run.changes.events)
    status = "SUCCEEDED"
    if frame.phase is Phase.BACKOFF:
        status = "RETRIABLE"
        inspection["errorDetails"] = {"retryBackoffIntervalSeconds": round((frame.due or run.at) - run.at, 3)}
    elif run.execution.status == "FAILED":
        status, error, cause = "FAILED", run.execution.error, run.execution.cause
    elif error is not None:
        status = "CAUGHT_ERROR"
    following = frame.state if exited is not None and not run.is_over else None
    return TestedState(status, output, error, cause, following, dict(frame.variables), inspection)


def _failure(events: Sequence[Event]) -> tuple[str | None, str | None]:
    for event in events:
        if event.type.endswith(("Failed", "TimedOut")) and "error" in event.details:
            return str(event.details["error"]), str(event.details.get("cause", ""))
    return None, None


class MockedTasks:
    """Handlers that answer by the state's name: one answer an attempt, the last one for all further."""

    def __init__(self, answers: Mapping[str, Answer | Sequence[Answer]]) -> None:
        self._answers = {
            name: (given,) if isinstance(given, (Return, Throw)) else tuple(given)
            for name, given in answers.items()
        }
        self.calls: list[tuple[str, JSON]] = []

    def __call__(self, payload: JSON, context: TaskContext) -> JSON:
        """Answer one call. Raises TaskFailed."""
        made = sum(name == context.state_name for name, _ in self.calls)
        self.calls.append((context.state_name, payload))
        answers = self._answers.get(context.state_name)
        if not answers:
            raise TaskFailed("States.Runtime", f"The state {context.state_name!r} has no mock.")
        answer = answers[min(made, len(answers) - 1)]
        if isinstance(answer, Throw):
            raise TaskFailed(answer.error, answer.cause)
        return answer.value

    @property
    def handlers(self) -> Handlers:
        """For an Engine: every resource answers by the mocks."""
        return {"*": self}


@dataclass(frozen=True)
class Case:
    """One row of a table: what goes in, what tasks answer, what must come out (None: not checked)."""

    name: str
    input: JSON = None
    mocks: Mapping[str, Answer | Sequence[Answer]] = field(default_factory=dict)
    status: str = "SUCCEEDED"
    output: JSON = None
    error: str | None = None
    states: Sequence[str] | None = None

    @classmethod
    def read(cls, row: Mapping[str, JSON]) -> "Case":
        """Out of JSON: name, input, expect and mocks.

        A mock is `{"return": …}` or `{"throw": {"error": …, "cause": …}}`, or a list of such by attempt.
        """
        expected = cast("Mapping[str, JSON]", row.get("expect") or {})
        mocks = cast("Mapping[str, JSON]", row.get("mocks") or {})
        return cls(
            name=str(row.get("name", "case")),
            input=row.get("input"),
            mocks={state: _read_answers(answers) for state, answers in mocks.items()},
            status=str(expected.get("status", "SUCCEEDED")),
            output=expected.get("output"),
            error=cast("str | None", expected.get("error")),
            states=cast("list[str] | None", expected.get("states")),
        )


def _read_answers(value: JSON) -> list[Answer]:
    answers: list[Answer] = []
    for row in value if isinstance(value, list) else [value]:
        body = row if isinstance(row, dict) else {}
        thrown = body.get("throw")
        if isinstance(thrown, dict):
            answers.append(Throw(str(thrown.get("error", "")), str(thrown.get("cause", ""))))
        elif "return" in body:
            answers.append(Return(body["return"]))
        else:
            msg = f'A mock is {{"return": …}} or {{"throw": {{"error": …}}}}, not {dumps(row)}.'
            raise ValueError(msg)
    return answers


@dataclass(frozen=True)
class CaseResult:
    """How a case went; `problems` is empty when all was as expected."""

    case: Case
    execution: Description
    history: Sequence[Mapping[str, JSON]]
    problems: Sequence[str]


def run_case(machine: Machine, case: Case) -> CaseResult:
    """Run a case on a virtual clock, so that waits and backoffs take no time."""
    engine = Engine(MemoryJournal(), MockedTasks(case.mocks).handlers, clock=VirtualClock())
    found = engine.run(engine.start(machine, case.input))
    history = engine.history(found.execution_id)
    return CaseResult(case, found, history, _problems(case, found, history))


def _problems(case: Case, found: Description, history: Sequence[Mapping[str, JSON]]) -> list[str]:
    problems = []
    if found.status != case.status:
        problems.append(f"status is {found.status} ({found.error}: {found.cause}), expected {case.status}")
    if case.output is not None and found.output != case.output:
        problems.append(f"output is {dumps(found.output)}, expected {dumps(case.output)}")
    if case.error is not None and found.error != case.error:
        problems.append(f"error is {found.error}, expected {case.error}")
    entered = states_entered(history)
    if case.states is not None and entered != list(case.states):
        problems.append(f"states are {entered}, expected {list(case.states)}")
    return problems


def states_entered(history: Sequence[Mapping[str, JSON]]) -> list[str]:
    """Names of the states in the order in which they were entered."""
    details = (event.get("stateEnteredEventDetails") for event in history)
    return [str(detail["name"]) for detail in details if isinstance(detail, dict)]
