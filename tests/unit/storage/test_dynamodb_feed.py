"""The feed of moves over a table, beside writers that are slow."""

from datetime import datetime

from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.dynamodb_feed import DynamoDbTicketFeed
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.streams import Change, ChangeKind
from rimedio.storage.table import Key
from rimedio.storage.values import Item, Value

WRITE_SECONDS = 0.4
MOVES = 8


def change(number: int, at: datetime) -> Change:
    ticket: Item = {
        "entity": "ticket", "tenant_id": "acme", "ticket_id": f"tkt_{number}", "status": "NEW", "updated_at": at.isoformat(),
    }  # fmt: skip
    return Change(str(number), ChangeKind.INSERT, Key(f"T#{number}", "META"), None, ticket, at)


def test_a_reader_misses_no_move_of_a_batch_that_takes_long_to_note() -> None:
    clock = FakeClock()
    database = Database(None)
    told: list[str] = []

    class Slow(SqliteTable):
        """Takes its time for each item; meanwhile a reader looks."""

        def put(self, item: Item, condition: object = None) -> None:
            clock.advance(WRITE_SECONDS)
            super().put(item)
            look()

    table = Slow(database, clock)
    feed, reader = DynamoDbTicketFeed(table, clock), DynamoDbTicketFeed(table, clock)
    position: list[Value] = [reader.newest()]

    def look() -> None:
        found = reader.since(int(str(position[0])))
        told.extend(move.ticket_id for move in found.moves)
        position[0] = found.sequence

    assert feed.note([change(n, clock.now()) for n in range(MOVES)]) == MOVES
    clock.advance(2)
    look()
    database.close()
    assert told == [f"tkt_{n}" for n in range(MOVES)]
