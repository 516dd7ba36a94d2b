"""The one SQLite file of a data folder: connections, transactions, schema migrations, integrity.

Each room names its tables and hands over its migrations; versions are kept per room in `schema_version`.
"""

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from rimedio.domain.errors import DatabaseCorrupt, DiskFull, StorageFailed, Unavailable

BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 16_384

_PRAGMAS_READING = (
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    f"cache_size = -{CACHE_KIB}",
)
_PRAGMAS = (*_PRAGMAS_READING, "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")


class Database:
    """A SQLite file in WAL mode with one connection per thread. `Database(None)` lives in memory.

    `read_only` changes nothing on the disk, not even beside the file when its folder cannot be written. A
    commit survives kill -9 of the process; the last ones may be lost when the machine itself loses power.
    """

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only and path is not None
        self._local = threading.local()
        self._opened: weakref.WeakSet[_Held] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._memory_lock = threading.RLock()  # one shared connection cannot run two transactions
        self._memory = self._connect() if path is None else None
        self.rows(
            "SELECT 1 FROM sqlite_schema LIMIT 1"  # a damaged file shows here
            if self.read_only
            else "CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version INTEGER NOT NULL)"
        )

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode."""
        if self._memory is not None:
            return self._memory.connection
        found: _Held | None = getattr(self._local, "held", None)
        if found is None:
            found = self._local.held = self._connect()
        return found.connection

    def _connect(self) -> "_Held":
        try:
            held = _Held(
                sqlite3.connect(
                    _address(self.path, self.read_only),
                    isolation_level=None,
                    check_same_thread=False,
                    timeout=BUSY_TIMEOUT_MS / 1000,
                    uri=True,
                )
            )
            held.connection.row_factory = sqlite3.Row
            for pragma in _PRAGMAS_READING if self.read_only else _PRAGMAS:
                held.connection.execute(f"PRAGMA {pragma}").fetchall()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        with self._lock:
            self._opened.add(held)
        return held

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; joins the transaction this thread is already in.

        Raises StorageFailed errors, or Unavailable when other writers do not let it in for ten seconds.
        """
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
        with self._turn():
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

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One writer of this process after the other: SQLite itself looks every 100 ms, whoever comes first wins."""
        if not self._writing.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise _busy(self.path)
        try:
            yield
        finally:
            self._writing.release()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a SELECT, as this thread's transaction or the last commit sees them."""
        try:
            if self._memory is None:
                return self.connection.execute(sql, parameters).fetchall()
            with self._memory_lock:  # or another thread's unfinished transaction would be visible
                return self._memory.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def migrate(self, room: str, migrations: Sequence[str]) -> None:
        """Run the SQL scripts that `room` has not run yet; a script's place in the list is its version."""
        if self._version(room, len(migrations)) == len(migrations):
            return
        if self.read_only:
            msg = f"The data in {self.path} is older than this Rimedio. Open it once for writing."
            raise StorageFailed(msg)
        with self.transaction() as connection:
            done = self._version(room, len(migrations))  # again: another process may have been quicker
            for script in migrations[done:]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?) "
                "ON CONFLICT(room) DO UPDATE SET version = excluded.version",
                (room, len(migrations)),
            )

    def _version(self, room: str, known: int) -> int:
        rows = self.rows("SELECT version FROM schema_version WHERE room = ?", (room,))
        done = int(rows[0]["version"]) if rows else 0
        if done > known:
            msg = (
                f"The data in {self.path} was written by a newer Rimedio ({room} schema {done}, this one "
                f"knows {known}). Update Rimedio, or point `data_dir` at another folder."
            )
            raise StorageFailed(msg)
        return done

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
            for held in list(self._opened):
                held.connection.close()
            self._opened.clear()
        self._local = threading.local()


class _Held:
    """A thread's connection, closed when the thread ends and with it the only reference."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        # Not __del__: where both go in one cycle, the connection might go first, and Python 3.13 warns of it.
        weakref.finalize(self, connection.close).atexit = False


def _address(path: Path | None, read_only: bool) -> str:
    """The URI to open. A file in a folder that cannot be written, with no log beside it, cannot change."""
    if path is None:
        return "file::memory:"
    name = "file:" + quote(str(path.absolute()))
    if not read_only:
        return name
    frozen = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    return name + ("?immutable=1" if frozen else "?mode=ro")


def translate(error: sqlite3.Error, path: Path | None) -> StorageFailed | Unavailable:
    """Rimedio's error for SQLite's own, in words that say what to do.

    Unavailable where the same call may succeed later: tasks of the workflow try again, the API says 503.
    """
    text = str(error)
    if "full" in text:
        return DiskFull(
            f"The disk that holds {path} is full. Nothing was half-written; free some space and retry."
        )
    if "locked" in text:
        return _busy(path)
    if "readonly" in text:
        return StorageFailed(
            f"The database {path} can only be read. Check who may write the file and its folder, or open it "
            "for writing."
        )
    if "no such table" in text:
        return StorageFailed(f"The database {path} holds no data of Rimedio ({text}). Check `data_dir`.")
    if "malformed" in text or "not a database" in text:
        return DatabaseCorrupt(
            f"The database {path} is damaged ({text}). Restore a backup, or move it away and ingest again."
        )
    return StorageFailed(
        f"The database {path} cannot be used: {text}. Check the folder's owner and free space."
    )


def _busy(path: Path | None) -> Unavailable:
    return Unavailable(
        f"The database {path} has been in use by another writer for {BUSY_TIMEOUT_MS // 1000} seconds. "
        "Try again in a moment."
    )


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _statements(script: str) -> Iterator[str]:
    """Split where a statement is complete, so that triggers and texts with inner semicolons stay whole."""
    pending = ""
    for piece in script.split(";"):
        pending += piece
        if sqlite3.complete_statement(pending + ";"):
            yield pending + ";"
            pending = ""
        else:
            pending += ";"
    if pending.strip("; \n"):
        yield pending
