"""What happened to a ticket, step by step, out of its execution's history."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue

from rimedio.domain.codec import Json

SHOWN_CHARS_MAX = 12_000  # of one payload, as JSON text
BEGINNING_CHARS = 2_000
WAITS = ".waitForTaskToken"
FAILURES = frozenset({"TaskFailed", "TaskTimedOut", "LambdaFunctionFailed", "LambdaFunctionTimedOut"})
SCHEDULED = frozenset({"TaskScheduled", "LambdaFunctionScheduled"})


class Histories(Protocol):
    """Where histories come from: the engine, or Step Functions."""

    def history(self, execution_id: str) -> list[dict[str, Json]]:
        """Events shaped as GetExecutionHistory's."""
        ...


class StepStatus(StrEnum):
    """How one attempt at a state stands."""

    RUNNING = "RUNNING"
    WAITING = "WAITING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class RunStep:
    """One attempt at one state. Durations are milliseconds; tokens and cost are those of a model's draft.

    A payload longer than a limit is cut to `{"cut": …, "characters": n, "beginning": text}`.
    """

    order: int
    state: str
    type: str  # of the state: Task, Choice, Pass, Map, Parallel …
    status: StepStatus
    attempt: int
    started_at: datetime
    ended_at: datetime | None = None
    duration_ms: float | None = None
    input: JsonValue = None
    output: JsonValue = None
    error: str | None = None
    cause: str | None = None
    tokens_input: int = 0
    tokens_output: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """An execution and its steps in the order they began."""

    execution_id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    duration_ms: float
    cost_usd: float
    steps: tuple[RunStep, ...]
    trace_id: str = ""  # where its spans and log lines are found


@dataclass(slots=True)
class _Step:
    """A step while its events are read."""

    state: str
    type: str
    attempt: int
    started_at: datetime
    input: Json
    status: StepStatus = StepStatus.RUNNING
    ended_at: datetime | None = None
    output: Json = None
    error: str | None = None
    cause: str | None = None

    def done(self, order: int) -> RunStep:
        seconds = None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()
        return RunStep(
            order=order,
            state=self.state,
            type=self.type,
            status=self.status,
            attempt=self.attempt,
            started_at=self.started_at,
            ended_at=self.ended_at,
            duration_ms=None if seconds is None else round(seconds * 1000, 3),
            input=self.input,
            output=self.output,
            error=self.error,
            cause=self.cause,
        )


@dataclass(slots=True)
class _Reader:
    """Follows the events; each belongs to the step of the event before it in its own thread of control."""

    steps: list[_Step] = field(default_factory=list)
    at: dict[int, _Step | None] = field(default_factory=dict)

    def read(self, event: Mapping[str, Json]) -> None:
        kind, when = str(event["type"]), datetime.fromisoformat(str(event["timestamp"]))
        details = _details(event)
        step = self.at.get(_number(event.get("previousEventId")))
        if kind.endswith("StateEntered"):
            name = kind.removesuffix("StateEntered")
            step = self._begin(str(details.get("name", "")), name, 1, when, parsed(details.get("input")))
        elif step is not None and kind in SCHEDULED:
            if step.status is StepStatus.FAILED:  # another attempt
                step = self._begin(step.state, step.type, step.attempt + 1, when, step.input)
            step.input = payload(parsed(details.get("parameters")))
        elif step is not None and kind in FAILURES:
            step.status, step.ended_at = StepStatus.FAILED, when
            step.error, step.cause = text_of(details.get("error")), text_of(details.get("cause"))
        elif (
            step is not None and kind == "TaskSubmitted" and str(details.get("resource", "")).endswith(WAITS)
        ):
            step.status = StepStatus.WAITING
        elif step is not None and kind.endswith("StateExited"):
            step = self._exited(str(details.get("name", "")), step)
            step.output = parsed(details.get("output"))
            if step.status is not StepStatus.FAILED:  # a caught failure stays one
                step.status, step.ended_at = StepStatus.SUCCEEDED, when
        self.at[_number(event.get("id"))] = step

    def _begin(self, state: str, kind: str, attempt: int, when: datetime, given: Json) -> _Step:
        step = _Step(state, kind, attempt, when, given)
        self.steps.append(step)
        return step

    def _exited(self, name: str, step: _Step) -> _Step:
        """The step that is left: a Map's or Parallel's own, though the event before belongs to an inner one."""
        if step.state == name:
            return step
        return next((s for s in reversed(self.steps) if s.state == name), step)


def steps_of(history: Iterable[Mapping[str, Json]]) -> tuple[RunStep, ...]:
    """Every attempt at every state, in the order they began; what still runs or waits has no end."""
    reader = _Reader()
    for event in history:
        reader.read(event)
    return tuple(step.done(order) for order, step in enumerate(reader.steps, 1))


def payload(parameters: Json) -> Json:
    """What a task was called with: the Payload of a Lambda invocation, else all of it."""
    if isinstance(parameters, dict) and "Payload" in parameters:
        return parameters["Payload"]
    return parameters


def cut(value: Json) -> Json:
    """The value, or its beginning with a note where its JSON is too long to be shown."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= SHOWN_CHARS_MAX:
        return value
    note = f"{len(text)} characters are too many to be shown; this is how they begin"
    return {"cut": note, "characters": len(text), "beginning": text[:BEGINNING_CHARS]}


def parsed(text: Json) -> Json:
    """JSON out of a history's text; the text itself where it is none."""
    if not isinstance(text, str):
        return text
    try:
        value: Json = json.loads(text)
    except ValueError:
        return text
    return value


def text_of(value: Json) -> str | None:
    """Text, or None."""
    return None if value is None else str(value)


def _details(event: Mapping[str, Json]) -> Mapping[str, Json]:
    found = next((v for k, v in event.items() if k.endswith("EventDetails")), None)
    return found if isinstance(found, dict) else {}


def _number(value: Json) -> int:
    return int(value) if isinstance(value, int | str) else 0
