"""The journal in a SQLite file, which may hold other things too: all its tables begin with `asl_`.

A step (state exit, next state, events, tokens) is one transaction. WAL with synchronous = NORMAL: a killed
process loses nothing that was committed; a power cut may lose the last moments, never consistency.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import orjson

from rimedio.asl.errors import ExecutionDoesNotExist
from rimedio.asl.journal import (
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
CREATE TABLE IF NOT EXISTS asl_executions (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, machine TEXT NOT NULL,
    input TEXT NOT NULL, started REAL NOT NULL, status TEXT NOT NULL, output TEXT, error TEXT, cause TEXT,
    stopped REAL, next_event INTEGER NOT NULL, redrives INTEGER NOT NULL, parent TEXT, wake REAL
);
CREATE INDEX IF NOT EXISTS asl_waiting ON asl_executions (wake) WHERE status = 'RUNNING';
CREATE INDEX IF NOT EXISTS asl_children ON asl_executions (parent) WHERE parent IS NOT NULL;
CREATE TABLE IF NOT EXISTS asl_frames (
    execution TEXT NOT NULL, path TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_events (
    execution TEXT NOT NULL, first INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_tokens (
    token TEXT PRIMARY KEY, execution TEXT NOT NULL, spent INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_signals (
    id INTEGER PRIMARY KEY AUTOINCREMENT, execution TEXT NOT NULL, kind TEXT NOT NULL, token TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS asl_signals_of ON asl_signals (execution);
"""

_COLUMNS = (
    "id, name, machine, input, started, status, output, error, cause, stopped, next_event, redrives, parent"
)
_INSERT = f"INSERT INTO asl_executions ({_COLUMNS}, wake) VALUES ({', '.join('?' * 14)})"  # noqa: S608
_UPDATE = (
    "UPDATE asl_executions SET status = ?, output = ?, error = ?, cause = ?, stopped = ?, next_event = ?, "
    "redrives = ?, wake = ? WHERE id = ?"
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
        self._opened: list[sqlite3.Connection] = []

    @property
    def connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self._path, isolation_level=None, timeout=10, check_same_thread=False)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = NORMAL")
            self._local.connection = found
            self._opened.append(found)
        return found

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
        for connection in self._opened:
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

    def create(self, execution: Execution) -> Execution | None:
        with self._connections.transaction() as connection:
            try:
                connection.execute(_INSERT, (*_row(execution), 0.0))
            except sqlite3.IntegrityError:
                return _record(connection, execution.id)
        return None

    def commit(self, execution_id: str, changes: Changes) -> bool:
        with self._connections.transaction() as connection:
            if not _update(connection, execution_id, changes):
                return False
            for prefix in changes.subtrees:
                connection.execute(
                    "DELETE FROM asl_frames WHERE execution = ? AND path > ? AND path < ?",
                    (execution_id, f"{prefix}/", f"{prefix}0"),
                )
            for path in changes.removed:
                connection.execute(
                    "DELETE FROM asl_frames WHERE execution = ? AND path = ?", (execution_id, path)
                )
            if changes.frames:
                rows = [(execution_id, path, body) for path, body in changes.frames.items()]
                connection.executemany("INSERT OR REPLACE INTO asl_frames VALUES (?, ?, ?)", rows)
            _write_events(connection, execution_id, changes.events)
            _write_tokens(connection, execution_id, changes)
            for child, events in changes.children:
                connection.execute(_INSERT.replace("INSERT", "INSERT OR REPLACE", 1), (*_row(child), None))
                connection.execute("DELETE FROM asl_events WHERE execution = ?", (child.id,))
                _write_events(connection, child.id, events)
        return True

    def load(self, execution_id: str) -> Saved | None:
        connection = self._connections.connection
        execution = _record(connection, execution_id)
        if execution is None:
            return None
        frames = connection.execute("SELECT path, body FROM asl_frames WHERE execution = ?", (execution_id,))
        found = {path: body for path, body in frames}  # noqa: C416 - rows may be of any row type
        signals = connection.execute(
            "SELECT id, execution, kind, token, body FROM asl_signals WHERE execution = ? ORDER BY id",
            (execution_id,),
        ).fetchall()
        return Saved(execution, found, [Signal(s[0], s[1], s[2], s[3], orjson.loads(s[4])) for s in signals])

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
        query = (
            f"SELECT {_COLUMNS} FROM asl_executions WHERE {' AND '.join(where)} "  # noqa: S608
            "ORDER BY number DESC LIMIT ?"
        )
        rows = self._connections.connection.execute(query, (*values, limit)).fetchall()
        return [_execution(row) for row in rows]

    def events(self, execution_id: str) -> Sequence[Event]:
        rows = self._connections.connection.execute(
            "SELECT body FROM asl_events WHERE execution = ? ORDER BY first", (execution_id,)
        )
        return [event for row in rows for event in unpack_events(row[0])]

    def waiting(self) -> Sequence[tuple[float, str]]:
        connection = self._connections.connection
        rows = connection.execute(
            "SELECT wake, id FROM asl_executions WHERE status = 'RUNNING' AND wake IS NOT NULL"
        )
        due = [(row[0], row[1]) for row in rows]
        signalled = connection.execute("SELECT DISTINCT execution FROM asl_signals")
        return due + [(0.0, row[0]) for row in signalled]

    def signal(self, kind: str, token: str, body: JSON) -> Signal:
        with self._connections.transaction() as connection:
            row = connection.execute(
                "SELECT execution, spent FROM asl_tokens WHERE token = ?", (token,)
            ).fetchone()
            if row is None or row[1]:
                raise unknown_token(token, spent=row is not None)
            if kind != "heartbeat":
                connection.execute("UPDATE asl_tokens SET spent = 1 WHERE token = ?", (token,))
            return _keep(connection, row[0], kind, token, body)

    def stop_signal(self, execution_id: str, body: JSON) -> Signal:
        with self._connections.transaction() as connection:
            return _keep(connection, execution_id, "stop", "", body)


def _row(execution: Execution) -> tuple[object, ...]:
    e = execution
    return (
        e.id, e.name, e.machine, e.input, e.started, e.status, e.output, e.error, e.cause, e.stopped,
        e.next_event, e.redrives, e.parent,
    )  # fmt: skip


def _execution(row: Sequence[object]) -> Execution:
    (
        id_,
        name,
        machine,
        given,
        started,
        status,
        output,
        error,
        cause,
        stopped,
        following,
        redrives,
        parent,
    ) = row
    return Execution(
        id_, name, machine, given, started, status, output, error, cause, stopped, following, redrives, parent  # type: ignore[arg-type]
    )  # fmt: skip


def _record(connection: sqlite3.Connection, execution_id: str) -> Execution | None:
    query = f"SELECT {_COLUMNS} FROM asl_executions WHERE id = ?"  # noqa: S608
    row = connection.execute(query, (execution_id,)).fetchone()
    return _execution(tuple(row)) if row else None


def _update(connection: sqlite3.Connection, execution_id: str, changes: Changes) -> bool:
    e = changes.execution
    if e is None:
        msg = f"Changes of {execution_id} carry no record."
        raise ExecutionDoesNotExist(msg)
    values = (e.status, e.output, e.error, e.cause, e.stopped, e.next_event, e.redrives, changes.wake, e.id)
    return connection.execute(_UPDATE, values).rowcount == 1


def _write_events(connection: sqlite3.Connection, execution_id: str, events: Sequence[Event]) -> None:
    if events:
        connection.execute(
            "INSERT INTO asl_events VALUES (?, ?, ?)", (execution_id, events[0].id, pack_events(events))
        )


def _write_tokens(connection: sqlite3.Connection, execution_id: str, changes: Changes) -> None:
    for token in changes.tokens:
        connection.execute(
            "INSERT OR IGNORE INTO asl_tokens (token, execution) VALUES (?, ?)", (token, execution_id)
        )
    for token in changes.spent_tokens:
        connection.execute("UPDATE asl_tokens SET spent = 1 WHERE token = ?", (token,))
    for number in changes.spent_signals:
        connection.execute("DELETE FROM asl_signals WHERE id = ?", (number,))


def _keep(connection: sqlite3.Connection, execution_id: str, kind: str, token: str, body: JSON) -> Signal:
    text = orjson.dumps(body).decode()
    cursor = connection.execute(
        "INSERT INTO asl_signals (execution, kind, token, body) VALUES (?, ?, ?, ?)",
        (execution_id, kind, token, text),
    )
    return Signal(int(cursor.lastrowid or 0), execution_id, kind, token, body)
