"""What an execution leaves behind so that it survives a crash: the port and its values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from rimedio.asl.jsontext import JSON

RUNNING = "RUNNING"
# Notes of an execution, under these and its id, are forgotten with it.
STARTED_NOTE = "started/"  # under which version or alias it was started
PARENT_NOTE = "parent/"  # the key of the task attempt that started it
LIMITS_NOTE = "limits/"  # what the limits of a Map run were changed to
NOTES = (STARTED_NOTE, PARENT_NOTE, LIMITS_NOTE)


class Event(NamedTuple):
    """One event of a history. `details` sits under `key` in AWS's answer; `at` is seconds since the epoch."""

    id: int
    previous: int
    at: float
    type: str
    key: str
    details: Mapping[str, JSON]


class Execution(NamedTuple):
    """An execution's record: instants in seconds since the epoch, payloads as text, the journal's number."""

    id: str
    name: str
    machine: str
    input: str
    started: float
    status: str = RUNNING
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    stopped: float | None = None
    next_event: int = 1
    redrives: int = 0
    parent: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Signal:
    """Something from outside for a running execution: success, failure, heartbeat, started, stop."""

    id: int
    execution_id: str
    kind: str
    token: str
    body: JSON


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """Work for a worker that polls: the payload as JSON text, and the token to answer with."""

    activity: str
    token: str
    input: str


@dataclass(slots=True)
class Changes:
    """All that one step changes; written whole or not at all."""

    execution: Execution
    frames: dict[str, bytes] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    subtrees: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    scheduled: list[ActivityTask] = field(default_factory=list)
    spent_tokens: list[str] = field(default_factory=list)
    spent_signals: list[int] = field(default_factory=list)
    children: list[tuple[Execution, tuple[Event, ...]]] = field(default_factory=list)
    wake: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Saved:
    """What is needed to go on with an execution, besides its signals."""

    execution: Execution
    frames: Mapping[str, bytes]


class Journal(Protocol):
    """Where executions are kept. Every method is atomic and may be called from any thread."""

    def put_machine(self, digest: str, name: str, definition: str) -> None:
        """Keep a definition, once."""
        ...

    def machine(self, digest: str) -> tuple[str, str] | None:
        """Name and definition."""
        ...

    def put_note(self, name: str, text: str | None) -> None:
        """Keep something under a name; with None, forget it."""
        ...

    def note(self, name: str) -> str | None:
        """What `put_note` kept last."""
        ...

    def notes(self, prefix: str) -> Sequence[str]:
        """Names of notes, in order."""
        ...

    def create(self, execution: Execution, machine: tuple[str, str]) -> tuple[Execution, bool]:
        """Record a new execution, ready to run; or the one that already has this id, and False.

        `machine` is the name and the definition that it runs on, kept with it.
        """
        ...

    def commit(self, changes: Changes) -> bool:
        """Write changes to `changes.execution`; False when it is no longer there, or no longer this process's."""
        ...

    def load(self, execution_id: str) -> Saved | None:
        """An execution, from now on this process's; None when it is not there, or a living process runs it."""
        ...

    def frames(self, execution_id: str) -> Mapping[str, bytes]:
        """Where an execution stands, for onlookers: whoever runs it."""
        ...

    def record(self, execution_id: str) -> Execution | None:
        """An execution's record."""
        ...

    def records(
        self, machine_name: str | None, status: str | None, parent: str | None, limit: int
    ) -> Sequence[Execution]:
        """Records, the newest first."""
        ...

    def events(self, execution_id: str) -> Sequence[Event]:
        """The history, oldest first."""
        ...

    def waiting(self) -> Sequence[tuple[float, str]]:
        """Take up every unfinished execution that no other living process has.

        For each that does not wait for the outside alone: when to look at it.
        """
        ...

    def signals(self, execution_id: str | None = None, after: int = 0) -> Sequence[Signal]:
        """Signals that are to be taken, with numbers above `after`: an execution's, or all for this process."""
        ...

    def forget(self, before: float, limit: int) -> int:
        """Delete up to `limit` executions that ended before an instant, with all they left; how many."""
        ...

    def signal(self, kind: str, token: str, body: JSON) -> Signal:
        """Keep an answer for the task that waits for `token`. Raises InvalidToken, TaskTimedOut."""
        ...

    def take(self, activity: str, worker: str | None) -> tuple[ActivityTask, Signal] | None:
        """Hand the oldest scheduled task of an activity to a worker; with the signal that it has started."""
        ...

    def stop_signal(self, execution_id: str, body: JSON, kind: str = "stop") -> Signal | None:
        """Keep a request to stop, or of another kind; None when the execution has ended."""
        ...


def reopened(execution: Execution) -> Execution:
    """The record of an execution that is redriven."""
    again = execution.redrives + 1
    return execution._replace(
        status=RUNNING, output=None, error=None, cause=None, stopped=None, redrives=again
    )
