"""The change stream in SQLite: rows written in the transaction of the write itself, in one order for all."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from sqlite3 import Row

from rimedio.domain.clock import Clock
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import MIGRATIONS, ROOM, decode
from rimedio.storage.streams import RETENTION, Change, ChangeKind
from rimedio.storage.table import Key


class SqliteChangeStream:
    """A `ChangeStream` over the database file of a `SqliteTable`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        database.migrate(ROOM, MIGRATIONS)

    def read(self, consumer: str, limit: int = 100) -> Sequence[Change]:
        rows = self._database.rows(
            "SELECT sequence, at, kind, pk, sk, old, new, expired FROM item_change WHERE sequence > ? "
            "ORDER BY sequence LIMIT ?",
            (self._checkpoint(consumer), limit),
        )
        return [_change(row) for row in rows]

    def acknowledge(self, consumer: str, change: Change) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO stream_checkpoint VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE "
                "SET sequence = max(sequence, excluded.sequence)",
                (consumer, int(change.sequence)),
            )

    def trim(self, keep: timedelta = RETENTION) -> int:
        before = int((self._clock.now() - keep).timestamp() * 1_000_000)
        with self._database.transaction() as connection:
            done = connection.execute(
                "DELETE FROM item_change WHERE at < ? AND sequence <= "
                "(SELECT coalesce(min(sequence), 9223372036854775807) FROM stream_checkpoint)",
                (before,),
            )
            return done.rowcount

    def forget(self, consumer: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM stream_checkpoint WHERE consumer = ?", (consumer,))

    def _checkpoint(self, consumer: str) -> int:
        """Where the consumer stands; a new one is registered, so that nothing it has not seen is trimmed."""
        query = "SELECT sequence FROM stream_checkpoint WHERE consumer = ?"
        rows = self._database.rows(query, (consumer,))
        if rows:
            return int(rows[0][0])
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO stream_checkpoint VALUES (?, 0)", (consumer,))
        return 0


def _change(row: Row) -> Change:
    return Change(
        sequence=f"{row['sequence']:020d}",
        kind=ChangeKind(row["kind"]),
        key=Key(row["pk"], row["sk"]),
        old=None if row["old"] is None else decode(row["old"]),
        new=None if row["new"] is None else decode(row["new"]),
        at=datetime.fromtimestamp(row["at"] / 1_000_000, UTC),
        expired=bool(row["expired"]),
    )
