"""What an execution did so far, state by state, out of its history."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from rimedio.asl.journal import Event, Journal
from rimedio.tickets.live.events import Progress, ProgressStatus
from rimedio.tickets.run_log import FAILURES, SCHEDULED, WAITS

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
