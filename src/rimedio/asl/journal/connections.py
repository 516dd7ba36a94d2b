"""Where the journal gets its database connections from: one per thread to a file, or one in memory for all."""

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

BUSY_SECONDS = 10.0
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 4000")


class Connections(Protocol):
    """An application's own database class may fit."""

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode."""
        ...

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing; joins the transaction that this thread is already in."""
        ...


@contextmanager
def all_or_nothing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction on this connection, or the one that it is already in."""
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


class _Held:
    """A connection that is closed when nobody needs it any more: its thread or its owner has ended."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(
            path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        # Not __del__: where both go in one cycle, the connection might go first, and Python 3.13 warns of it.
        weakref.finalize(self, self.connection.close).atexit = False


class FileConnections:
    """One connection per thread to one file."""

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._local = threading.local()

    @property
    def connection(self) -> sqlite3.Connection:
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = _Held(self._path)
            for pragma in PRAGMAS:
                held.connection.execute(f"PRAGMA {pragma}")
            self._local.held = held
        return held.connection

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return all_or_nothing(self.connection)

    def close(self) -> None:
        """Close every thread's connection."""
        self._local = threading.local()


class MemoryConnections:
    """One database in memory, whose connection all threads share: one at a time uses it."""

    def __init__(self) -> None:
        self._held = _Held(":memory:")
        self._lock = threading.RLock()

    @property
    def connection(self) -> sqlite3.Connection:
        return self._held.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, all_or_nothing(self.connection) as connection:
            yield connection
