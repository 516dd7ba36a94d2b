"""Trying one state on its own, as AWS's TestState does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from rimedio.asl.clock import VirtualClock, system_randomness
from rimedio.asl.definition.model import Machine, State
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.engine import ARN
from rimedio.asl.execution.failures import located
from rimedio.asl.execution.frames import Frame, Outcome, Phase, Run
from rimedio.asl.execution.interpreter import Interpreter
from rimedio.asl.expressions.jsonpath import put_at
from rimedio.asl.expressions.query import Services
from rimedio.asl.journal.port import Event, Execution
from rimedio.asl.jsontext import JSON, dumps, loads
from rimedio.asl.testing.mocks import Answer, Return, Throw

TARGETS = ("Next", "Default")


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
