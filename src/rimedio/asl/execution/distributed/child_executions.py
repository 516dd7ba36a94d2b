"""Child executions of a distributed Map: records and histories of their own."""

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from rimedio.asl.definition.model import MapPart
from rimedio.asl.execution.frames import Children, Frame, Phase, Run
from rimedio.asl.journal.port import Event, Execution
from rimedio.asl.jsontext import JSON, dumps

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

STATUS = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "Aborted": "ABORTED"}


class ChildExecutions:
    """The part of the interpreter that deals with child executions; `arn_of` tells the ARN of a frame's Map run."""

    def __init__(self, interpreter: "Interpreter", arn_of: Callable[[Run, Frame], str]) -> None:
        self._in = interpreter
        self._arn_of = arn_of

    def begin(self, run: Run, child: Frame) -> None:
        """A child execution starts; its events are its own."""
        child.log = []
        run.has_child_executions = True
        child.previous = 0
        details: dict[str, JSON] = {"input": dumps(child.input), "inputDetails": {"truncated": False}}
        details["roleArn"] = self._in.role_arn
        self._in.tell(run, child, "ExecutionStarted", details)
        child.previous = 0

    def redrive(self, run: Run, child: Frame) -> None:
        """A child execution goes on in the state that failed, and so does its history."""
        run.has_child_executions = True
        child.phase = Phase.EXECUTE
        child.attempts = [0] * len(child.definition.retry)
        child.attempt += 1
        child.retries = 0
        child.output = child.due = child.deadline = child.redriven = None
        log = cast("list[Event]", child.log)
        child.previous = len(log)
        self._in.tell(run, child, "ExecutionRedriven", {"redriveCount": _redrives(log) + 1})

    def end(self, run: Run, child: Frame, word: str, details: dict[str, JSON]) -> None:
        """A child execution ends; its record goes to the journal with the next commit."""
        self._in.tell(run, child, f"Execution{word}", details)
        events = tuple(child.log or ())
        record = self.record_of(run, child)._replace(
            status=STATUS[word],
            output=cast("str | None", details.get("output")),
            error=cast("str | None", details.get("error")),
            cause=cast("str | None", details.get("cause")),
            stopped=run.at,
            next_event=len(events) + 1,
        )
        run.changes.children.append((record, events))
        parent = cast("Frame", child.parent)
        cast("Children", parent.children).spans[child.index] = (record.started, run.at, record.redrives)
        child.due, child.deadline, child.retries = record.started, run.at, record.redrives
        child.token = child.beat_by = child.redriven = None
        if word != "Succeeded":
            child.phase = Phase.FAILED
            child.output = details if word == "Failed" else None
            run.touch(child)
        if word == "Succeeded" or cast("MapPart", parent.definition.part).express:
            child.log = None  # others are redriven from where they failed

    def record_of(self, run: Run, child: Frame) -> Execution:
        """The child execution that a frame with a log of its own is the root of."""
        began = cast("list[Event]", child.log)[0]
        parent = cast("Frame", child.parent)
        arn, name = self.id_of(run, parent, child.index)
        given = str(began.details["input"])
        told = Execution(arn, name, run.execution.machine, given, began.at, parent=self._arn_of(run, parent))
        return told._replace(redrives=_redrives(cast("list[Event]", child.log)))

    def id_of(self, run: Run, frame: Frame, index: int) -> tuple[str, str]:
        """ARN and name of a child execution; the ARN of an Express one ends with the Map run's UUID."""
        name = str(uuid.uuid5(uuid.UUID(frame.run_label), str(index)))
        base, _, label = self._arn_of(run, frame).rpartition(":")
        if cast("MapPart", frame.definition.part).express:
            return f"{base.replace(':mapRun:', ':express:')}:{name}:{label}", name
        return f"{base.replace(':mapRun:', ':execution:')}:{name}", name


def _redrives(log: Sequence[Event]) -> int:
    return sum(event.type == "ExecutionRedriven" for event in log)


def log_of(frame: Frame) -> list[Event] | None:
    """The history of the child execution that a frame belongs to; None for the main one."""
    at: Frame | None = frame
    while at is not None and at.log is None:
        at = at.parent
    return None if at is None else at.log
