"""The journal in a SQLite file, which may hold other things too: all its tables begin with `asl_`.

A step (state exit, next state, events, tokens) is one transaction. WAL with synchronous = NORMAL: a killed
process loses nothing that was committed; a power cut may lose the last moments, never consistency.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import orjson

from rimedio.asl.errors import ExecutionDoesNotExist
from rimedio.asl.journal.port import (
    ActivityTask,
    Changes,
    Event,
    Execution,
    Saved,
    Signal,
    pack_events,
    unknown_token,
    unpack_events,
)
from rimedio.asl.jsontext import JSON

SCHEMA = """
CREATE TABLE IF NOT EXISTS asl_machines (
    digest TEXT PRIMARY KEY, name TEXT NOT NULL, definition TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_registry (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_executions (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, machine TEXT NOT NULL,
    input TEXT NOT NULL, started REAL NOT NULL, status TEXT NOT NULL, output TEXT, error TEXT, cause TEXT,
    stopped REAL, next_event INTEGER NOT NULL, redrives INTEGER NOT NULL, parent TEXT, wake REAL
);
CREATE INDEX IF NOT EXISTS asl_waiting ON asl_executions (wake) WHERE status = 'RUNNING';
CREATE INDEX IF NOT EXISTS asl_children ON asl_executions (parent) WHERE parent IS NOT NULL;
CREATE TABLE IF NOT EXISTS asl_frames (
    execution INTEGER NOT NULL, path TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_events (
    execution INTEGER NOT NULL, first INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_tokens (
    token TEXT PRIMARY KEY, execution INTEGER NOT NULL, spent INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_signals (
    id INTEGER PRIMARY KEY AUTOINCREMENT, execution INTEGER NOT NULL, kind TEXT NOT NULL,
    token TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS asl_signals_of ON asl_signals (execution);
CREATE TABLE IF NOT EXISTS asl_activity_tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, activity TEXT NOT NULL, token TEXT NOT NULL UNIQUE, input TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS asl_activity_tasks_of ON asl_activity_tasks (activity, id);
"""

_COLUMNS = (
    "id, name, machine, input, started, status, output, error, cause, stopped, next_event, redrives, parent"
)
_INSERT = f"INTO asl_executions ({_COLUMNS}, wake) VALUES ({', '.join('?' * 14)})"
_SELECT = f"SELECT {_COLUMNS}, number FROM asl_executions"  # noqa: S608 - column names only
_UPDATE = (
    "UPDATE asl_executions SET status = ?, output = ?, error = ?, cause = ?, stopped = ?, next_event = ?, "
    "redrives = ?, wake = ? WHERE number = ? AND id = ?"
)


class Connections(Protocol):
    """Where the journal gets its connections from; an application's own database class may fit."""

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode."""
        ...

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing; joins the transaction that this thread is already in."""
        ...


class FileConnections:
    """One connection per thread to one file."""

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._local = threading.local()
        self._opened: dict[threading.Thread, sqlite3.Connection] = {}

    @property
    def connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self._path, isolation_level=None, timeout=10, check_same_thread=False)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = NORMAL")
            found.execute("PRAGMA wal_autocheckpoint = 4000")
            self._local.connection = found
            self._keep(found)
        return found

    def _keep(self, connection: sqlite3.Connection) -> None:
        """Note this thread's connection; those of threads that have ended are closed."""
        for thread in [thread for thread in list(self._opened) if not thread.is_alive()]:
            if (dead := self._opened.pop(thread, None)) is not None:
                dead.close()
        self._opened[threading.current_thread()] = connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._opened.values():
            connection.close()
        self._opened.clear()
        self._local = threading.local()


class SqliteJournal:
    """The journal in SQLite."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        with connections.transaction() as connection:
            for statement in SCHEMA.split(";\n"):
                if statement.strip():
                    connection.execute(statement)

    @classmethod
    def open(cls, path: Path | str) -> "SqliteJournal":
        """A journal in a file of its own."""
        return cls(FileConnections(path))

    def put_machine(self, digest: str, name: str, definition: str) -> None:
        with self._connections.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO asl_machines VALUES (?, ?, ?)", (digest, name, definition)
            )

    def machine(self, digest: str) -> tuple[str, str] | None:
        row = self._connections.connection.execute(
            "SELECT name, definition FROM asl_machines WHERE digest = ?", (digest,)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def put_note(self, name: str, text: str | None) -> None:
        with self._connections.transaction() as connection:
            if text is None:
                connection.execute("DELETE FROM asl_registry WHERE name = ?", (name,))
            else:
                connection.execute("INSERT OR REPLACE INTO asl_registry VALUES (?, ?)", (name, text))

    def note(self, name: str) -> str | None:
        query = "SELECT body FROM asl_registry WHERE name = ?"
        row = self._connections.connection.execute(query, (name,)).fetchone()
        return None if row is None else str(row[0])

    def notes(self, prefix: str) -> Sequence[str]:
        query = "SELECT name FROM asl_registry WHERE name >= ? AND name < ? ORDER BY name"
        rows = self._connections.connection.execute(query, (prefix, f"{prefix}\U0010ffff"))
        return [row[0] for row in rows]

    def create(self, execution: Execution) -> tuple[Execution, bool]:
        with self._connections.transaction() as connection:
            try:
                cursor = connection.execute(f"INSERT {_INSERT}", (*_row(execution), 0.0))
            except sqlite3.IntegrityError:
                return _existing(connection, execution.id), False
            return execution._replace(number=int(cursor.lastrowid or 0)), True

    def commit(self, changes: Changes) -> bool:
        number = changes.execution.number
        with self._connections.transaction() as connection:
            if not _update(connection, changes):
                return False
            for prefix in changes.subtrees:
                connection.execute(
                    "DELETE FROM asl_frames WHERE execution = ? AND path > ? AND path < ?",
                    (number, f"{prefix}/", f"{prefix}0"),
                )
            for path in changes.removed:
                connection.execute("DELETE FROM asl_frames WHERE execution = ? AND path = ?", (number, path))
            if changes.frames:
                rows = [(number, path, body) for path, body in changes.frames.items()]
                connection.executemany("INSERT OR REPLACE INTO asl_frames VALUES (?, ?, ?)", rows)
            _write_events(connection, number, changes.events)
            _write_tokens(connection, number, changes)
            for child, events in changes.children:
                cursor = connection.execute(f"INSERT OR REPLACE {_INSERT}", (*_row(child), None))
                _write_events(connection, int(cursor.lastrowid or 0), events)
        return True

    def load(self, execution_id: str) -> Saved | None:
        connection = self._connections.connection
        execution = _record(connection, execution_id)
        if execution is None:
            return None
        key = (execution.number,)
        frames = connection.execute("SELECT path, body FROM asl_frames WHERE execution = ?", key)
        found = {row[0]: row[1] for row in frames}
        query = "SELECT id, kind, token, body FROM asl_signals WHERE execution = ? ORDER BY id"
        rows = connection.execute(query, key).fetchall()
        signals = [Signal(row[0], execution_id, row[1], row[2], orjson.loads(row[3])) for row in rows]
        return Saved(execution, found, signals)

    def record(self, execution_id: str) -> Execution | None:
        return _record(self._connections.connection, execution_id)

    def records(
        self, machine_name: str | None, status: str | None, parent: str | None, limit: int
    ) -> Sequence[Execution]:
        where, values = ["parent IS ?"], [parent]
        if status is not None:
            where.append("status = ?")
            values.append(status)
        if machine_name is not None:
            where.append("machine IN (SELECT digest FROM asl_machines WHERE name = ?)")
            values.append(machine_name)
        query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY number DESC LIMIT ?"
        rows = self._connections.connection.execute(query, (*values, limit)).fetchall()
        return [Execution(*row) for row in rows]

    def events(self, execution_id: str) -> Sequence[Event]:
        query = (
            "SELECT body FROM asl_events WHERE execution = "
            "(SELECT number FROM asl_executions WHERE id = ?) ORDER BY first"
        )
        rows = self._connections.connection.execute(query, (execution_id,))
        return [event for row in rows for event in unpack_events(row[0])]

    def waiting(self) -> Sequence[tuple[float, str]]:
        connection = self._connections.connection
        rows = connection.execute(
            "SELECT wake, id FROM asl_executions WHERE status = 'RUNNING' AND wake IS NOT NULL"
        )
        due = [(row[0], row[1]) for row in rows]
        signalled = connection.execute(
            "SELECT id FROM asl_executions WHERE number IN (SELECT execution FROM asl_signals)"
        )
        return due + [(0.0, row[0]) for row in signalled]

    def signal(self, kind: str, token: str, body: JSON) -> Signal:
        with self._connections.transaction() as connection:
            query = (
                "SELECT t.execution, t.spent, e.id FROM asl_tokens t "
                "JOIN asl_executions e ON e.number = t.execution WHERE token = ?"
            )
            row = connection.execute(query, (token,)).fetchone()
            if row is None or row[1]:
                raise unknown_token(token, spent=row is not None)
            if kind != "heartbeat":
                connection.execute("UPDATE asl_tokens SET spent = 1 WHERE token = ?", (token,))
            return _keep(connection, row[0], Signal(0, row[2], kind, token, body))

    def take(self, activity: str, worker: str | None) -> tuple[ActivityTask, Signal] | None:
        query = (
            "SELECT a.token, a.input, e.number, e.id FROM asl_activity_tasks a "
            "JOIN asl_tokens t ON t.token = a.token JOIN asl_executions e ON e.number = t.execution "
            "WHERE a.activity = ? ORDER BY a.id LIMIT 1"
        )
        if self._connections.connection.execute(query, (activity,)).fetchone() is None:
            return None  # polling an empty queue takes no lock
        with self._connections.transaction() as connection:
            row = connection.execute(query, (activity,)).fetchone()
            if row is None:
                return None
            connection.execute("DELETE FROM asl_activity_tasks WHERE token = ?", (row[0],))
            signal = _keep(connection, row[2], Signal(0, row[3], "started", row[0], worker))
            return ActivityTask(activity, row[0], row[1]), signal

    def stop_signal(self, execution_id: str, body: JSON) -> Signal:
        with self._connections.transaction() as connection:
            execution = _existing(connection, execution_id)
            return _keep(connection, execution.number, Signal(0, execution_id, "stop", "", body))


def _row(execution: Execution) -> tuple[object, ...]:
    e = execution
    return (
        e.id, e.name, e.machine, e.input, e.started, e.status, e.output, e.error, e.cause, e.stopped,
        e.next_event, e.redrives, e.parent,
    )  # fmt: skip


def _record(connection: sqlite3.Connection, execution_id: str) -> Execution | None:
    row = connection.execute(f"{_SELECT} WHERE id = ?", (execution_id,)).fetchone()
    return Execution(*row) if row else None


def _existing(connection: sqlite3.Connection, execution_id: str) -> Execution:
    found = _record(connection, execution_id)
    if found is None:
        raise ExecutionDoesNotExist(f"No execution has the id {execution_id}.")
    return found


def _update(connection: sqlite3.Connection, changes: Changes) -> bool:
    e = changes.execution
    told = (e.status, e.output, e.error, e.cause, e.stopped, e.next_event, e.redrives, changes.wake)
    # The id too: the number of an execution whose start was rolled back goes to the next one.
    values = (*told, e.number, e.id)
    return connection.execute(_UPDATE, values).rowcount == 1


def _write_events(connection: sqlite3.Connection, number: int, events: Sequence[Event]) -> None:
    if events:
        row = (number, events[0].id, pack_events(events))
        connection.execute("INSERT OR REPLACE INTO asl_events VALUES (?, ?, ?)", row)


def _write_tokens(connection: sqlite3.Connection, number: int, changes: Changes) -> None:
    for token in changes.tokens:
        connection.execute(
            "INSERT OR IGNORE INTO asl_tokens (token, execution) VALUES (?, ?)", (token, number)
        )
    for task in changes.scheduled:
        connection.execute(
            "INSERT OR IGNORE INTO asl_activity_tasks (activity, token, input) VALUES (?, ?, ?)",
            (task.activity, task.token, task.input),
        )
    for token in changes.spent_tokens:
        connection.execute("UPDATE asl_tokens SET spent = 1 WHERE token = ?", (token,))
        connection.execute("DELETE FROM asl_activity_tasks WHERE token = ?", (token,))
    for signal in changes.spent_signals:
        connection.execute("DELETE FROM asl_signals WHERE id = ?", (signal,))


def _keep(connection: sqlite3.Connection, number: int, signal: Signal) -> Signal:
    row = (number, signal.kind, signal.token, orjson.dumps(signal.body).decode())
    cursor = connection.execute(
        "INSERT INTO asl_signals (execution, kind, token, body) VALUES (?, ?, ?, ?)", row
    )
    return replace(signal, id=int(cursor.lastrowid or 0))
