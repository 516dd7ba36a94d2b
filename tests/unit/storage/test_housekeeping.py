"""Sweeping a laptop's folder."""

from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.housekeeping import Swept, sweep
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable


def test_everything_expired_goes_in_rounds_and_old_changes_with_it() -> None:
    clock, database = FakeClock(), Database(None)
    table, stream = SqliteTable(database, clock), SqliteChangeStream(database, clock)
    for n in range(7):
        table.put({"pk": "p", "sk": str(n), "expires_at": int(clock.now().timestamp()) + 60})
    clock.advance(2 * 24 * 3600)
    assert sweep(table, stream, at_once=2) == Swept(expired_items=7, old_changes=7)
    clock.advance(2 * 24 * 3600)
    assert sweep(table, stream) == Swept(expired_items=0, old_changes=7)
    assert database.rows("SELECT * FROM item") == []
