"""The journal in SQLite: a file, which may hold other things too, or memory.

A step (state exit, next state, events, tokens) is one transaction. WAL with synchronous = NORMAL: a killed
process loses nothing that was committed; a power cut may lose the last moments, never consistency. Several
processes may share a file: each runs the executions that it started, and may read and signal all others.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from rimedio.asl.errors import ExecutionDoesNotExist, InvalidToken, JournalUnusable, TaskTimedOut
from rimedio.asl.journal.connections import Connections, FileConnections, MemoryConnections
from rimedio.asl.journal.owners import Owner
from rimedio.asl.journal.port import NOTES, RUNNING, ActivityTask, Changes, Event, Execution, Saved, Signal
from rimedio.asl.journal.schema import MIGRATIONS, migrate, version_of
from rimedio.asl.jsontext import JSON

_INSERT_MACHINE = "INSERT OR IGNORE INTO asl_machines VALUES (?, ?, ?)"
_COLUMNS = (
    "id, name, machine, input, started, status, output, error, cause, stopped, next_event, redrives, parent"
)
_INSERT = f"INSERT INTO asl_executions ({_COLUMNS}, wake, owner) VALUES ({', '.join('?' * 15)})"  # noqa: S608
_SELECT = f"SELECT {_COLUMNS}, number FROM asl_executions"  # noqa: S608 - column names only
_SELECT_OWNED = f"SELECT {_COLUMNS}, number, owner FROM asl_executions"  # noqa: S608
_UPDATE = (
    "UPDATE asl_executions SET status = ?, output = ?, error = ?, cause = ?, stopped = ?, next_event = ?, "
    "redrives = ?, wake = ? WHERE number = ? AND id = ? AND owner = ?"
)
_SIGNALS = (
    "SELECT s.id, e.id, s.kind, s.token, s.body FROM asl_signals s "
    "JOIN asl_executions e ON e.number = s.execution WHERE s.id > ?"
)
_LEFT_BY_AN_EXECUTION = ("asl_frames", "asl_events", "asl_tokens", "asl_signals")


class SqliteJournal:
    """The journal in SQLite."""

    def __init__(self, connections: Connections) -> None:
        """Raises JournalUnusable when a newer release has written it."""
        self._connections = connections
        self._owned_by: Owner | None = None
        self._machines: set[str] = set()  # definitions that are known to be there
        if version_of(connections.connection) < len(MIGRATIONS):
            with connections.transaction() as connection:
                migrate(connection)

    @classmethod
    def open(cls, path: Path | str) -> "SqliteJournal":
        """A journal in a file of its own. Raises JournalUnusable."""
        try:
            return cls(FileConnections(path))
        except sqlite3.Error as error:
            raise JournalUnusable(f"{path} cannot be used as a journal: {error}.") from error

    @property
    def _owner(self) -> Owner:
        """This process; found when it is first needed, since whoever only reads leaves nothing beside the file."""
        if self._owned_by is None:
            with self._connections.transaction() as connection:
                self._owned_by = Owner.of(connection.execute("PRAGMA database_list").fetchone()[2])
        return self._owned_by

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        return self._connections.connection.execute(query, values).fetchall()

    def put_machine(self, digest: str, name: str, definition: str) -> None:
        with self._connections.transaction() as connection:
            connection.execute(_INSERT_MACHINE, (digest, name, definition))

    def machine(self, digest: str) -> tuple[str, str] | None:
        rows = self._rows("SELECT name, definition FROM asl_machines WHERE digest = ?", (digest,))
        return (rows[0][0], rows[0][1]) if rows else None

    def put_note(self, name: str, text: str | None) -> None:
        with self._connections.transaction() as connection:
            if text is None:
                connection.execute("DELETE FROM asl_registry WHERE name = ?", (name,))
            else:
                connection.execute("INSERT OR REPLACE INTO asl_registry VALUES (?, ?)", (name, text))

    def note(self, name: str) -> str | None:
        rows = self._rows("SELECT body FROM asl_registry WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def notes(self, prefix: str) -> Sequence[str]:
        query = "SELECT name FROM asl_registry WHERE name >= ? AND name < ? ORDER BY name"
        return [row[0] for row in self._rows(query, (prefix, f"{prefix}\U0010ffff"))]

    # -- executions

    def create(self, execution: Execution, machine: tuple[str, str]) -> tuple[Execution, bool]:
        own = not self._connections.connection.in_transaction  # or it may be rolled back without our knowing
        with self._connections.transaction() as connection:
            if execution.machine not in self._machines:
                connection.execute(_INSERT_MACHINE, (execution.machine, *machine))
            try:
                cursor = connection.execute(_INSERT, (*execution[:-1], 0.0, self._owner.number))
            except sqlite3.IntegrityError:
                return self._existing(execution.id), False
        if own:
            self._machines.add(execution.machine)
        return execution._replace(number=int(cursor.lastrowid or 0)), True

    def commit(self, changes: Changes) -> bool:
        e = changes.execution
        number = e.number
        with self._connections.transaction() as connection:
            told = (e.status, e.output, e.error, e.cause, e.stopped, e.next_event, e.redrives, changes.wake)
            # The id too: the number of an execution whose start was rolled back goes to the next one.
            if not connection.execute(_UPDATE, (*told, number, e.id, self._owner.number)).rowcount:
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
                _write_child(connection, child, events)
        return True

    def load(self, execution_id: str) -> Saved | None:
        rows = self._rows(f"{_SELECT_OWNED} WHERE id = ?", (execution_id,))
        if not rows or (rows[0][-1] != self._owner.number and not self._takes_over(execution_id)):
            return None
        return Saved(Execution(*rows[0][:-1]), self.frames(execution_id))

    def frames(self, execution_id: str) -> Mapping[str, bytes]:
        whose = "(SELECT number FROM asl_executions WHERE id = ?)"
        rows = self._rows(f"SELECT path, body FROM asl_frames WHERE execution = {whose}", (execution_id,))  # noqa: S608
        return dict(rows)

    def _takes_over(self, execution_id: str) -> bool:
        """Make an execution this process's own, unless a living one runs it."""
        with self._connections.transaction() as connection:
            query = "SELECT owner, status FROM asl_executions WHERE id = ?"
            owner, status = connection.execute(query, (execution_id,)).fetchone()
            if status == RUNNING and not self._owner.is_gone(owner):
                return bool(owner == self._owner.number)
            change = "UPDATE asl_executions SET owner = ? WHERE id = ?"
            connection.execute(change, (self._owner.number, execution_id))
        return True

    def waiting(self) -> Sequence[tuple[float, str]]:
        mine = self._owner.number
        with self._connections.transaction() as connection:
            query = "SELECT DISTINCT owner FROM asl_executions WHERE status = 'RUNNING'"
            for (owner,) in connection.execute(query).fetchall():
                if self._owner.is_gone(owner):
                    change = "UPDATE asl_executions SET owner = ? WHERE status = 'RUNNING' AND owner = ?"
                    connection.execute(change, (mine, owner))
        running = "FROM asl_executions WHERE status = 'RUNNING' AND owner = ?"
        due = self._rows(f"SELECT wake, id {running} AND wake IS NOT NULL", (mine,))
        signalled = "number IN (SELECT execution FROM asl_signals)"
        rows = [*due, *self._rows(f"SELECT 0.0, id {running} AND {signalled}", (mine,))]
        return [(row[0], row[1]) for row in rows]

    def record(self, execution_id: str) -> Execution | None:
        return next(iter(self._records("id = ?", execution_id)), None)

    def records(
        self, machine_name: str | None, status: str | None, parent: str | None, limit: int
    ) -> Sequence[Execution]:
        asked = {
            "status = ?": status,
            "machine IN (SELECT digest FROM asl_machines WHERE name = ?)": machine_name,
        }
        where = {"parent IS ?": parent, **{key: value for key, value in asked.items() if value is not None}}
        return self._records(f"{' AND '.join(where)} ORDER BY number DESC LIMIT ?", *where.values(), limit)

    def _records(self, where: str, *values: object) -> list[Execution]:
        return [Execution(*row) for row in self._rows(f"{_SELECT} WHERE {where}", values)]

    def _existing(self, execution_id: str) -> Execution:
        found = self.record(execution_id)
        if found is None:
            raise ExecutionDoesNotExist(f"No execution has the id {execution_id}.")
        return found

    def events(self, execution_id: str) -> Sequence[Event]:
        query = (
            "SELECT body FROM asl_events WHERE execution = "
            "(SELECT number FROM asl_executions WHERE id = ?) ORDER BY first"
        )
        rows = self._rows(query, (execution_id,))
        return [Event(*row) for (body,) in rows for row in orjson.loads(body)]

    def forget(self, before: float, limit: int) -> int:
        query = "SELECT number, id FROM asl_executions WHERE status != 'RUNNING' AND stopped < ? LIMIT ?"
        with self._connections.transaction() as connection:
            rows = connection.execute(query, (before, limit)).fetchall()
            numbers = [(row[0],) for row in rows]
            for table in _LEFT_BY_AN_EXECUTION:
                connection.executemany(f"DELETE FROM {table} WHERE execution = ?", numbers)  # noqa: S608
            notes = [(f"{prefix}{row[1]}",) for row in rows for prefix in NOTES]
            connection.executemany("DELETE FROM asl_registry WHERE name = ?", notes)
            connection.executemany("DELETE FROM asl_executions WHERE number = ?", numbers)
        return len(rows)

    # -- from outside

    def signal(self, kind: str, token: str, body: JSON) -> Signal:
        with self._connections.transaction() as connection:
            query = (
                "SELECT t.execution, t.spent, e.id FROM asl_tokens t "
                "JOIN asl_executions e ON e.number = t.execution WHERE token = ?"
            )
            row = connection.execute(query, (token,)).fetchone()
            if row is None or row[1]:
                raise _unknown(token, spent=row is not None)
            if kind != "heartbeat":
                connection.execute("UPDATE asl_tokens SET spent = 1 WHERE token = ?", (token,))
            return _keep(connection, row[0], Signal(0, row[2], kind, token, body))

    def take(self, activity: str, worker: str | None) -> tuple[ActivityTask, Signal] | None:
        query = (
            "SELECT a.token, a.input, e.number, e.id FROM asl_activity_tasks a "
            "JOIN asl_tokens t ON t.token = a.token JOIN asl_executions e ON e.number = t.execution "
            "WHERE a.activity = ? ORDER BY a.id LIMIT 1"
        )
        if not self._rows(query, (activity,)):
            return None  # polling an empty queue takes no lock
        with self._connections.transaction() as connection:
            row = connection.execute(query, (activity,)).fetchone()
            if row is None:
                return None
            connection.execute("DELETE FROM asl_activity_tasks WHERE token = ?", (row[0],))
            signal = _keep(connection, row[2], Signal(0, row[3], "started", row[0], worker))
            return ActivityTask(activity, row[0], row[1]), signal

    def stop_signal(self, execution_id: str, body: JSON, kind: str = "stop") -> Signal | None:
        with self._connections.transaction() as connection:
            found = self._existing(execution_id)
            if found.status != RUNNING:
                return None
            return _keep(connection, found.number, Signal(0, execution_id, kind, "", body))

    def signals(self, execution_id: str | None = None, after: int = 0) -> Sequence[Signal]:
        if execution_id is None:
            whose = f"{_SIGNALS} AND e.status = 'RUNNING' AND e.owner = ? ORDER BY s.id"
            rows = self._rows(whose, (after, self._owner.number))
        else:
            rows = self._rows(f"{_SIGNALS} AND e.id = ? ORDER BY s.id", (after, execution_id))
        return [Signal(row[0], row[1], row[2], row[3], orjson.loads(row[4])) for row in rows]


class MemoryJournal(SqliteJournal):
    """Keeps executions as long as it lives: for tests, and for what need not survive the process."""

    def __init__(self) -> None:
        super().__init__(MemoryConnections())

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        with self._connections.transaction():  # threads share the connection: none sees another's half a step
            return super()._rows(query, values)


def _write_events(connection: sqlite3.Connection, number: int, events: Sequence[Event]) -> None:
    if events:
        row = (number, events[0].id, orjson.dumps([tuple(event) for event in events]))
        connection.execute("INSERT OR REPLACE INTO asl_events VALUES (?, ?, ?)", row)


def _write_child(connection: sqlite3.Connection, child: Execution, events: Sequence[Event]) -> None:
    """A child execution that has ended; when it was redriven, in the place of what it was before."""
    earlier = "SELECT number FROM asl_executions WHERE id = ?"
    for (number,) in connection.execute(earlier, (child.id,)).fetchall():
        connection.execute("DELETE FROM asl_events WHERE execution = ?", (number,))
        connection.execute("DELETE FROM asl_executions WHERE number = ?", (number,))
    cursor = connection.execute(_INSERT, (*child[:-1], None, 0))
    _write_events(connection, int(cursor.lastrowid or 0), events)


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


def _unknown(token: str, *, spent: bool) -> InvalidToken | TaskTimedOut:
    """The error for a token that no task waits for."""
    if spent:
        return TaskTimedOut(f"The task of token {token[:16]}… is over: answered, timed out or stopped.")
    return InvalidToken(f"No task has the token {token[:16]}…. Pass the token that the task handed out.")
