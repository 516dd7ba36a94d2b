"""Where the journal gets its database connections from: one per thread to a file, or one in memory for all."""

import sqlite3
import threading
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
            found = sqlite3.connect(
                self._path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
            )
            self._keep(found)
            for pragma in PRAGMAS:
                found.execute(f"PRAGMA {pragma}")
            self._local.connection = found
        return found

    def _keep(self, connection: sqlite3.Connection) -> None:
        """Note this thread's connection; those of threads that have ended are closed."""
        for thread in [thread for thread in list(self._opened) if not thread.is_alive()]:
            if (dead := self._opened.pop(thread, None)) is not None:
                dead.close()
        self._opened[threading.current_thread()] = connection

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return all_or_nothing(self.connection)

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._opened.values():
            connection.close()
        self._opened.clear()
        self._local = threading.local()


class MemoryConnections:
    """One database in memory, whose connection all threads share: one at a time uses it."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, all_or_nothing(self.connection):
            yield self.connection

    def __del__(self) -> None:
        self.connection.close()
