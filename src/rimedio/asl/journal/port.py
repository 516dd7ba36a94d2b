"""What an execution leaves behind so that it survives a crash: the port, its values, and one in memory."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import orjson

from rimedio.asl.errors import InvalidToken, TaskTimedOut
from rimedio.asl.jsontext import JSON

RUNNING = "RUNNING"


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
    """What is needed to go on with an execution."""

    execution: Execution
    frames: Mapping[str, bytes]
    signals: Sequence[Signal]


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

    def create(self, execution: Execution) -> tuple[Execution, bool]:
        """Record a new execution, ready to run; or the one that already has this id, and False."""
        ...

    def commit(self, changes: Changes) -> bool:
        """Write changes to `changes.execution`; False when there is no such execution any more."""
        ...

    def load(self, execution_id: str) -> Saved | None:
        """An execution and where it stands."""
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
        """For every unfinished execution that does not wait for the outside alone: when to look at it."""
        ...

    def signal(self, kind: str, token: str, body: JSON) -> Signal:
        """Keep an answer for the task that waits for `token`. Raises InvalidToken, TaskTimedOut."""
        ...

    def take(self, activity: str, worker: str | None) -> tuple[ActivityTask, Signal] | None:
        """Hand the oldest scheduled task of an activity to a worker; with the signal that it has started."""
        ...

    def stop_signal(self, execution_id: str, body: JSON) -> Signal:
        """Keep a request to stop."""
        ...


def pack_events(events: Sequence[Event]) -> bytes:
    """Events as bytes."""
    return orjson.dumps([tuple(event) for event in events])


def unpack_events(body: bytes) -> list[Event]:
    """The inverse of `pack_events`."""
    return [Event(*row) for row in orjson.loads(body)]


class MemoryJournal:
    """Keeps executions as long as the process lives: Express executions and tests."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._machines: dict[str, tuple[str, str]] = {}
        self._notes: dict[str, str] = {}
        self._executions: dict[str, Execution] = {}
        self._frames: dict[str, dict[str, bytes]] = {}
        self._events: dict[str, list[Event]] = {}
        self._wake: dict[str, float | None] = {}
        self._tokens: dict[str, str] = {}
        self._spent: set[str] = set()
        self._scheduled: list[ActivityTask] = []
        self._signals: dict[int, Signal] = {}
        self._count = 0

    def put_machine(self, digest: str, name: str, definition: str) -> None:
        self._machines.setdefault(digest, (name, definition))

    def machine(self, digest: str) -> tuple[str, str] | None:
        return self._machines.get(digest)

    def put_note(self, name: str, text: str | None) -> None:
        if text is None:
            self._notes.pop(name, None)
        else:
            self._notes[name] = text

    def note(self, name: str) -> str | None:
        return self._notes.get(name)

    def notes(self, prefix: str) -> Sequence[str]:
        return sorted(name for name in list(self._notes) if name.startswith(prefix))

    def create(self, execution: Execution) -> tuple[Execution, bool]:
        with self._lock:
            existing = self._executions.get(execution.id)
            if existing is not None:
                return existing, False
            self._executions[execution.id] = execution
            self._frames[execution.id] = {}
            self._events[execution.id] = []
            self._wake[execution.id] = 0.0
            return execution, True

    def commit(self, changes: Changes) -> bool:
        with self._lock:
            execution_id = changes.execution.id
            if execution_id not in self._executions:
                return False
            frames = self._frames[execution_id]
            for prefix in changes.subtrees:
                for path in [p for p in frames if p.startswith(f"{prefix}/")]:
                    del frames[path]
            for path in changes.removed:
                frames.pop(path, None)
            frames.update(changes.frames)
            self._events[execution_id].extend(changes.events)
            self._commit_tokens(execution_id, changes)
            for child, events in changes.children:
                self._executions[child.id] = child
                self._events[child.id] = list(events)
            self._executions[execution_id] = changes.execution
            self._wake[execution_id] = changes.wake
            return True

    def _commit_tokens(self, execution_id: str, changes: Changes) -> None:
        self._tokens.update(dict.fromkeys(changes.tokens, execution_id))
        self._scheduled.extend(changes.scheduled)
        for token in changes.spent_tokens:
            self._tokens.pop(token, None)
            self._spent.add(token)
        if changes.spent_tokens and self._scheduled:
            self._scheduled = [task for task in self._scheduled if task.token not in self._spent]
        for number in changes.spent_signals:
            self._signals.pop(number, None)

    def load(self, execution_id: str) -> Saved | None:
        with self._lock:
            execution = self._executions.get(execution_id)
            if execution is None:
                return None
            signals = [s for s in self._signals.values() if s.execution_id == execution_id]
            return Saved(execution, dict(self._frames.get(execution_id, {})), signals)

    def record(self, execution_id: str) -> Execution | None:
        return self._executions.get(execution_id)

    def records(
        self, machine_name: str | None, status: str | None, parent: str | None, limit: int
    ) -> Sequence[Execution]:
        with self._lock:
            kept = [
                execution
                for execution in reversed(self._executions.values())
                if (status is None or execution.status == status)
                and execution.parent == parent
                and (machine_name is None or self._machines[execution.machine][0] == machine_name)
            ]
        return kept[:limit]

    def events(self, execution_id: str) -> Sequence[Event]:
        with self._lock:
            return list(self._events.get(execution_id, ()))

    def waiting(self) -> Sequence[tuple[float, str]]:
        with self._lock:
            signalled = {signal.execution_id for signal in self._signals.values()}
            return [
                (0.0 if key in signalled else wake or 0.0, key)
                for key, wake in self._wake.items()
                if self._executions[key].status == RUNNING and (wake is not None or key in signalled)
            ]

    def signal(self, kind: str, token: str, body: JSON) -> Signal:
        with self._lock:
            execution_id = self._tokens.get(token)
            if execution_id is None:
                raise unknown_token(token, spent=token in self._spent)
            if kind != "heartbeat":
                del self._tokens[token]
                self._spent.add(token)
            return self._keep(execution_id, kind, token, body)

    def take(self, activity: str, worker: str | None) -> tuple[ActivityTask, Signal] | None:
        with self._lock:
            task = next((task for task in self._scheduled if task.activity == activity), None)
            if task is None:
                return None
            self._scheduled.remove(task)
            return task, self._keep(self._tokens[task.token], "started", task.token, worker)

    def stop_signal(self, execution_id: str, body: JSON) -> Signal:
        with self._lock:
            return self._keep(execution_id, "stop", "", body)

    def _keep(self, execution_id: str, kind: str, token: str, body: JSON) -> Signal:
        self._count += 1
        self._signals[self._count] = signal = Signal(self._count, execution_id, kind, token, body)
        return signal


def unknown_token(token: str, *, spent: bool) -> InvalidToken | TaskTimedOut:
    """The error for a token that no task waits for."""
    if spent:
        return TaskTimedOut(f"The task of token {token[:16]}… is over: answered, timed out or stopped.")
    return InvalidToken(f"No task has the token {token[:16]}…. Pass the token that the task handed out.")


def reopened(execution: Execution) -> Execution:
    """The record of an execution that is redriven."""
    return execution._replace(
        status=RUNNING,
        output=None,
        error=None,
        cause=None,
        stopped=None,
        redrives=execution.redrives + 1,
    )
