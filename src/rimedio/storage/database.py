"""The one SQLite file of a data folder: connections, transactions, schema migrations, integrity.

Each room names its tables and hands over its migrations; versions are kept per room in `schema_version`.
"""

import errno
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rimedio.domain.errors import DatabaseCorrupt, DiskFull, StorageFailed

BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 16_384


class Database:
    """A SQLite file in WAL mode with one connection per thread. `Database(None)` lives in memory."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._memory_lock = threading.RLock()  # one shared connection cannot run two transactions
        self._memory = self._connect() if path is None else None
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL)"
        )

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode."""
        if self._memory is not None:
            return self._memory
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._connect()
        return found

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        with self._lock:
            self._opened.append(connection)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; joins the transaction this thread is already in. Raises StorageFailed errors."""
        if self._memory is not None:
            with self._memory_lock, self._transaction() as connection:
                yield connection
        else:
            with self._transaction() as connection:
                yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            raise translate(error, self.path) from error
        except BaseException:
            _roll_back(connection)
            raise

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a SELECT, as this thread's transaction or the last commit sees them."""
        try:
            if self._memory is None:
                return self.connection.execute(sql, parameters).fetchall()
            with self._memory_lock:  # or another thread's unfinished transaction would be visible
                return self._memory.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def migrate(self, room: str, migrations: Sequence[str]) -> None:
        """Run the SQL scripts that `room` has not run yet; a script's place in the list is its version."""
        with self.transaction() as connection:
            row = connection.execute("SELECT version FROM schema_version WHERE room = ?", (room,)).fetchone()
            done = int(row["version"]) if row else 0
            if done > len(migrations):
                msg = (
                    f"The data in {self.path} was written by a newer Rimedio ({room} schema {done}, this one "
                    f"knows {len(migrations)}). Update Rimedio, or point `data_dir` at another folder."
                )
                raise StorageFailed(msg)
            for script in migrations[done:]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?) "
                "ON CONFLICT(room) DO UPDATE SET version = excluded.version",
                (room, len(migrations)),
            )

    def check(self) -> Sequence[str]:
        """What SQLite's own quick check finds wrong; empty when the file is sound."""
        try:
            rows = self.connection.execute("PRAGMA quick_check").fetchall()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        return [row[0] for row in rows if row[0] != "ok"]

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._local = threading.local()


def translate(error: sqlite3.Error, path: Path | None) -> StorageFailed:
    """Rimedio's error for SQLite's own, in words that say what to do."""
    text = str(error)
    if "full" in text or errno.errorcode[errno.ENOSPC] in text:
        return DiskFull(
            f"The disk that holds {path} is full. Nothing was half-written; free some space and retry."
        )
    if "malformed" in text or "not a database" in text:
        return DatabaseCorrupt(
            f"The database {path} is damaged ({text}). Restore a backup, or move it away and ingest again."
        )
    return StorageFailed(
        f"The database {path} cannot be used: {text}. Check the folder's owner and free space."
    )


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _statements(script: str) -> Iterator[str]:
    """Split at complete statements, so that triggers with inner semicolons stay whole."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
