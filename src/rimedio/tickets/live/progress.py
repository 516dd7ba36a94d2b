"""What an execution did so far, state by state, out of its history."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from rimedio.asl.journal.port import Event, Journal
from rimedio.domain.clock import Clock
from rimedio.domain.codec import Json
from rimedio.domain.errors import NotFound, Unavailable
from rimedio.tickets.live.events import Progress, ProgressStatus
from rimedio.tickets.run_log import FAILURES, SCHEDULED, WAITS, Histories

REMEMBERED_MAX = 512  # executions that somebody watches at the same time


@dataclass(frozen=True, slots=True)
class Mark:
    """One step forward; `number` grows along an execution."""

    number: int
    progress: Progress


class ProgressSource(Protocol):
    """Where progress comes from: the engine's journal, or GetExecutionHistory."""

    def marks(self, execution_id: str) -> tuple[Mark, ...]:
        """All marks so far; cheap while nothing has changed. None for an unknown execution."""
        ...


class JournalProgress:
    """Progress out of the engine's journal, read once for everybody who watches."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, tuple[Mark, ...]]] = OrderedDict()

    def marks(self, execution_id: str) -> tuple[Mark, ...]:
        record = self._journal.record(execution_id)
        if record is None:
            return ()
        with self._lock:
            known = self._known.get(execution_id)
        if known is not None and known[0] == record.next_event:
            return known[1]
        found = tuple(marks_of(self._journal.events(execution_id)))
        with self._lock:
            self._known[execution_id] = (record.next_event, found)
            self._known.move_to_end(execution_id)
            while len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
        return found


class HistoryProgress:
    """Progress out of GetExecutionHistory, asked for once in a while for everybody who watches here.

    The service allows few of these requests a second: between two of them, and while it refuses, watchers
    are told what is known. The answer itself comes out of the table and never waits for this.
    """

    def __init__(self, histories: Histories, clock: Clock, every_seconds: float = 1.0) -> None:
        self._histories = histories
        self._clock = clock
        self._every = every_seconds
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, tuple[Mark, ...]]] = OrderedDict()

    def marks(self, execution_id: str) -> tuple[Mark, ...]:
        now = self._clock.monotonic()
        with self._lock:
            asked_at, known = self._known.get(execution_id, (-self._every, ()))
            if now - asked_at < self._every:
                return known
            self._remember(execution_id, now, known)  # one asks, the others go on with what is known
        try:
            found = tuple(marks_of(map(_event, self._histories.history(execution_id))))
        except (NotFound, Unavailable):
            return known
        with self._lock:
            self._remember(execution_id, now, found)
        return found

    def _remember(self, execution_id: str, at: float, marks: tuple[Mark, ...]) -> None:
        self._known[execution_id] = (at, marks)
        self._known.move_to_end(execution_id)
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)


def _event(shaped: Mapping[str, Json]) -> Event:
    """An event out of its shape in GetExecutionHistory."""
    key = next((name for name in shaped if name.endswith("EventDetails")), "")
    details = shaped.get(key)
    return Event(
        id=int(str(shaped["id"])),
        previous=int(str(shaped.get("previousEventId", 0))),
        at=datetime.fromisoformat(str(shaped["timestamp"])).timestamp(),
        type=str(shaped["type"]),
        key=key,
        details=details if isinstance(details, dict) else {},
    )


def marks_of(events: Iterable[Event]) -> Iterator[Mark]:
    """States entered, left, failed, tried again, waiting, in the order of the history."""
    state: dict[int, str] = {0: ""}
    failed: set[str] = set()
    for event in events:
        name = str(event.details.get("name", "")) if event.type.endswith(("Entered", "Exited")) else ""
        state[event.id] = own = name or state.get(event.previous, "")
        status = _status(event, own, failed)
        if status is not None and own:
            yield Mark(event.id, Progress(own, status, datetime.fromtimestamp(event.at, UTC)))


def _status(event: Event, state: str, failed: set[str]) -> ProgressStatus | None:
    """What an event says of its state; `failed` holds the states whose last attempt failed."""
    kind = event.type
    status: ProgressStatus | None = None
    if kind.endswith("StateEntered"):
        status = ProgressStatus.ENTERED
    elif kind in FAILURES:
        failed.add(state)
        status = ProgressStatus.FAILED
    elif state in failed and (kind.endswith("StateExited") or kind in SCHEDULED):
        failed.discard(state)  # caught, which was told as the failure; or another attempt
        status = ProgressStatus.RETRIED if kind in SCHEDULED else None
    elif kind.endswith("StateExited"):
        status = ProgressStatus.SUCCEEDED
    elif kind == "TaskSubmitted" and str(event.details.get("resource", "")).endswith(WAITS):
        status = ProgressStatus.WAITING
    return status
