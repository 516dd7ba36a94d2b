"""What an execution did, told as a tree out of its history: threads of states, with branches and items inside.

A history is a flat list of events, each with the one before it in its own thread. `Trace` puts them together
again, one event after the other, so that it can follow an execution that is still running. It reads what
`Engine.history` and AWS's GetExecutionHistory answer, and the events that `Engine(on_event=…)` tells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rimedio.asl.journal.port import Event
from rimedio.asl.jsontext import JSON

History = Sequence[Mapping[str, JSON]]


class Mark(StrEnum):
    """How it stands with a state."""

    RUNNING = "running"
    RETRYING = "retrying"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    CAUGHT = "caught"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def is_open(self) -> bool:
        """Whether more is to come."""
        return self in (Mark.RUNNING, Mark.RETRYING, Mark.WAITING)

    @property
    def sign(self) -> str:
        """One character for those who see no colours."""
        return SIGNS[self]


SIGNS = {
    Mark.SUCCEEDED: "✓", Mark.FAILED: "✗", Mark.CAUGHT: "↷", Mark.RETRYING: "↻", Mark.RUNNING: "…",
    Mark.WAITING: "◷", Mark.ABORTED: "⊘",
}  # fmt: skip


@dataclass(eq=False, slots=True)
class Thread:
    """States one after the other: the execution itself, a branch of a Parallel, an item of a Map."""

    index: int = 0
    owner: "Visit | None" = None
    visits: "list[Visit]" = field(default_factory=list)
    mark: Mark = Mark.RUNNING

    @property
    def depth(self) -> int:
        """How many states are around it."""
        return 0 if self.owner is None else self.owner.thread.depth + 1


@dataclass(eq=False, slots=True)
class Visit:
    """A state that was entered; instants in seconds since the epoch, payloads as JSON text.

    `counts` are the items of a distributed Map, where they are known: over, of these failed, in all.
    """

    name: str
    type: str
    thread: Thread
    entered: float
    input: str = ""
    output: str | None = None
    left: float | None = None
    mark: Mark = Mark.RUNNING
    attempts: int = 1
    error: str | None = None
    cause: str | None = None
    resource: str = ""
    items: int = 0
    map_run: str = ""
    counts: tuple[int, int, int] | None = None
    threads: list[Thread] = field(default_factory=list)

    @property
    def around(self) -> "Iterator[Visit]":
        """The states around this one, from the inside out."""
        at = self.thread.owner
        while at is not None:
            yield at
            at = at.thread.owner

    @property
    def item_counts(self) -> tuple[int, int, int]:
        """Of a Map: items that are over, those that failed or were aborted, all."""
        if self.counts is not None:
            return self.counts
        ended = [thread.mark for thread in self.threads if not thread.mark.is_open]
        failed = sum(mark is not Mark.SUCCEEDED for mark in ended)
        return len(ended), failed, max(self.items, len(self.threads))

    def close(self, mark: Mark, at: float) -> None:
        """The state is over."""
        self.mark, self.left = mark, at


class Trace:
    """An execution so far."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.root = Thread()
        self.status = "RUNNING"
        self.started = 0.0
        self.stopped: float | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self._at: dict[int, tuple[Thread, Visit | None]] = {}
        self._opens_branch: set[int] = set()
        for event in events:
            self.add(event)

    @classmethod
    def of(cls, history: "History | Trace") -> "Trace":
        """Out of events in AWS's shape; a trace is taken as it is."""
        return history if isinstance(history, Trace) else cls(map(event_of, history))

    def visits(self) -> Iterator[Visit]:
        """All states in the order in which they were entered, those inside after the one around them."""
        return _visits(self.root)

    def leaves(self) -> list[Visit]:
        """The states that an unfinished execution is in."""
        return [
            visit
            for visit in self.visits()
            if visit.mark.is_open and not any(v.mark.is_open for t in visit.threads for v in t.visits)
        ]

    def culprit(self) -> Visit | None:
        """The innermost state that failed last."""
        failed = [visit for visit in self.visits() if visit.mark is Mark.FAILED]
        return failed[-1] if failed else None

    def place(self, event: Event) -> tuple[Thread, Visit | None]:
        """The thread and the state that an event belongs to."""
        return self._at.get(event.id, (self.root, None))

    def add(self, event: Event) -> "Visit | None":
        """Take the next event in; the state that it tells about."""
        thread, visit = self._at.get(event.previous, (self.root, None))
        if event.type.startswith("Execution"):
            self._execution(event, visit)
        elif event.type.startswith("MapIteration"):
            thread, visit = self._iteration(event, thread, visit)
        elif event.type.endswith("StateEntered"):
            thread, visit = self._enter(event, thread, visit)
        else:
            if event.type == "EvaluationFailed":  # AWS chains it behind the state before, and names its own
                open_ = [v for v in self.visits() if v.left is None and v.name == event.details.get("state")]
                visit = open_[-1] if open_ else visit
            if visit is not None:
                visit = self._tell(event, visit)
                thread = visit.thread
        self._at[event.id] = (thread, visit)
        return visit

    def _execution(self, event: Event, visit: Visit | None) -> None:
        kind = event.type.removeprefix("Execution")
        if kind == "Started":
            self.started = event.at
        elif kind == "Redriven":
            self.status, self.stopped, self.error, self.cause = "RUNNING", None, None, None
        else:
            self.status = "TIMED_OUT" if kind == "TimedOut" else kind.upper()
            self.stopped = event.at
            self.error, self.cause = _text(event, "error"), _text(event, "cause")
            self._end(event, visit if kind == "Failed" else None)

    def _end(self, event: Event, culprit: Visit | None) -> None:
        if culprit is not None:
            culprit.error = culprit.error or self.error
            culprit.cause = culprit.cause or self.cause
        _close(self.root, culprit, event.at)
        self.root.mark = Mark.SUCCEEDED if self.status == "SUCCEEDED" else Mark.FAILED

    def _enter(self, event: Event, thread: Thread, visit: Visit | None) -> tuple[Thread, Visit]:
        if visit is not None and event.previous in self._opens_branch:
            thread = Thread(len(visit.threads), visit)
            visit.threads.append(thread)
        kind = event.type.removesuffix("StateEntered")
        entered = Visit(str(event.details.get("name", "")), kind, thread, event.at)
        entered.input = _text(event, "input") or ""
        thread.visits.append(entered)
        return thread, entered

    def _iteration(self, event: Event, thread: Thread, visit: Visit | None) -> tuple[Thread, Visit | None]:
        name, index = event.details.get("name"), int(str(event.details.get("index", 0)))
        if event.type == "MapIterationStarted":
            owner = next((v for v in _chain(visit, thread) if v.name == name), None)
            thread = Thread(index, owner)
            if owner is not None:
                owner.threads.append(thread)
            return thread, owner
        at: Thread | None = thread
        while at is not None and at.owner is not None and (at.owner.name, at.index) != (name, index):
            at = at.owner.thread
        if at is not None and at.owner is not None:
            ends = {"MapIterationSucceeded": Mark.SUCCEEDED, "MapIterationFailed": Mark.FAILED}
            at.mark = ends.get(event.type, Mark.ABORTED)
            _close(at, visit if at.mark is Mark.FAILED else None, event.at)
        return thread, visit

    def _tell(self, event: Event, visit: Visit) -> Visit:
        """An event inside a state."""
        kind = event.type
        for prefix in ("MapState", "ParallelState"):
            if kind.startswith(prefix):
                type_ = prefix.removesuffix("State")
                found = next((v for v in (visit, *visit.around) if v.type == type_ and v.left is None), visit)
                return self._nest(event, found, visit)
        if kind.endswith("StateExited"):
            name = event.details.get("name")
            visit = next((v for v in (visit, *visit.around) if v.name == name), visit)
            visit.output = _text(event, "output")
            visit.close(
                Mark.CAUGHT if visit.mark in (Mark.RETRYING, Mark.FAILED) else Mark.SUCCEEDED, event.at
            )
            for thread in visit.threads:
                _close(thread, None, event.at)
        elif kind == "MapRunStarted":
            visit.map_run = str(event.details.get("mapRunArn", ""))
        elif kind.endswith("Scheduled"):
            visit.attempts += visit.mark is not Mark.RUNNING
            _reopen(visit)
            visit.resource = str(event.details.get("resource", ""))
            visit.mark = Mark.WAITING if kind == "ActivityScheduled" else Mark.RUNNING
        elif kind == "TaskSubmitted" and visit.resource.endswith(".waitForTaskToken"):
            visit.mark = Mark.WAITING
        elif kind.endswith("Aborted"):
            visit.close(Mark.ABORTED, event.at)
        elif kind.endswith(("Failed", "TimedOut")):
            visit.mark = Mark.RETRYING
            visit.error, visit.cause = _text(event, "error"), _text(event, "cause")
        return visit

    def _nest(self, event: Event, visit: Visit, inner: Visit) -> Visit:
        """An event about a Map or Parallel as a whole."""
        kind = event.type
        if kind.endswith("StateStarted"):
            visit.attempts += visit.mark is Mark.RETRYING or bool(visit.threads)
            visit.threads = []
            visit.items = int(str(event.details.get("length", 0)))
            _reopen(visit)
            if visit.type == "Parallel":
                self._opens_branch.add(event.id)
        elif kind.endswith("StateExited"):
            visit.output = _text(event, "output")
            visit.close(Mark.CAUGHT if visit.mark is Mark.RETRYING else Mark.SUCCEEDED, event.at)
        elif kind.endswith("StateAborted"):
            visit.close(Mark.ABORTED, event.at)
        elif kind.endswith("StateFailed"):
            visit.mark = Mark.RETRYING
            visit.error = _text(event, "error") or inner.error
            visit.cause = _text(event, "cause") or inner.cause
        for thread in visit.threads:
            if kind.endswith(("StateSucceeded", "StateExited", "StateFailed")):
                _close(thread, inner if kind.endswith("StateFailed") else None, event.at)
        return visit


def _chain(visit: Visit | None, thread: Thread) -> Iterator[Visit]:
    """A state, if any, and those around it."""
    if visit is not None:
        yield visit
        yield from visit.around
    elif thread.owner is not None:
        yield thread.owner
        yield from thread.owner.around


def _visits(thread: Thread) -> Iterator[Visit]:
    for visit in thread.visits:
        yield visit
        for inner in visit.threads:
            yield from _visits(inner)


def _close(thread: Thread, culprit: Visit | None, at: float) -> None:
    """What is still open in a thread that has ended: failed where the failure came from, otherwise aborted."""
    guilty = [] if culprit is None else [culprit, *culprit.around]
    for visit in _visits(thread):
        if visit.left is None:
            blamed = visit in guilty or visit.mark is Mark.RETRYING
            visit.close(Mark.FAILED if blamed else Mark.ABORTED, at)
            for inner in visit.threads:
                if inner.mark.is_open:
                    inner.mark = visit.mark
    if thread.mark.is_open:
        blamed = any(visit.mark is Mark.FAILED for visit in thread.visits)
        thread.mark = Mark.FAILED if blamed else Mark.SUCCEEDED


def _reopen(visit: Visit) -> None:
    """A state goes on, after a retry or a redrive, and so does what is around it."""
    for each in (visit, *visit.around):
        each.left = None
        each.thread.mark = Mark.RUNNING
        if not each.mark.is_open or each is visit:
            each.mark = Mark.RUNNING


def _text(event: Event, key: str) -> str | None:
    value = event.details.get(key)
    return None if value is None else str(value)


def event_of(row: Mapping[str, JSON]) -> Event:
    """An event out of AWS's shape; the timestamp may be ISO 8601 text, a datetime or seconds."""
    key = next((key for key in row if key.endswith("EventDetails")), "")
    details = row.get(key)
    return Event(
        id=int(str(row["id"])),
        previous=int(str(row.get("previousEventId", 0))),
        at=_instant(row.get("timestamp", 0.0)),
        type=str(row["type"]),
        key=key,
        details=details if isinstance(details, dict) else {},
    )


def _instant(value: object) -> float:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value.timestamp() if isinstance(value, datetime) else float(str(value))
