"""The ticket feed on AWS: moves as items by time, written behind the change stream, read with one query.

Every open page of the queue asks the feed a few times a second, from any copy of the API's function. A stream of
DynamoDB takes two readers a shard, so it cannot serve them; a partition of the last hour's moves can: half a read
unit a look. The relay function notes the moves. A sequence is a time, in microseconds: it means the same in every
process, and so does the `Last-Event-ID` that a browser comes back with.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rimedio.domain.clock import Clock
from rimedio.domain.ticket import Status
from rimedio.storage import keys
from rimedio.storage.keys import stamp
from rimedio.storage.streams import Change
from rimedio.storage.table import EXPIRES_AT, SortBetween, Table
from rimedio.storage.ticket_feed import Moves, TicketMove, move_of
from rimedio.storage.values import Item, Value

SERVICE = "~service"  # owner of what belongs to no tenant
SETTLE = timedelta(seconds=1)  # clocks of several writers differ: what is younger is not told yet
GRAIN_MICROSECONDS = 100_000  # a look within the same tenth of a second is the same look
KEPT = timedelta(hours=24)  # as the change stream
_HOUR_DIGITS = len("2026-01-31T08")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DynamoDbTicketFeed:
    """A `TicketFeed` over items of the table. Moves are told about a second after they were noted."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def note(self, changes: Sequence[Change]) -> int:
        """Keep the moves among some changes of the table for a day; how many. A change noted twice is told twice."""
        noted, last = 0, 0
        for change in changes:
            # Its own time, not the batch's: writing many takes longer than readers wait for those that are late.
            last = max(last + 1, _microseconds(self._clock.now()))
            move = move_of(last, change.old, change.new)
            if move is not None and not change.expired:
                self._table.put(self._item(move))
                noted += 1
        return noted

    def newest(self) -> int:
        settled = _microseconds(self._clock.now() - SETTLE)
        return settled - settled % GRAIN_MICROSECONDS

    def since(self, sequence: int, limit: int = 500) -> Moves:
        newest = self.newest()
        begin = max(sequence, newest - KEPT // timedelta(microseconds=1))
        moves: list[TicketMove] = []
        for hour in _hours(begin, newest):
            page = self._table.query(
                keys.MOVES_OF_HOUR.query(
                    tenant=SERVICE,
                    period=hour,
                    sort=SortBetween(stamp(_moment(begin + 1)), stamp(_moment(newest)) + "~"),
                    limit=limit - len(moves),
                )
            )
            moves += [_move(item) for item in page.items]
            if len(moves) >= limit:
                return Moves(moves, moves[-1].sequence)
        return Moves(moves, max(sequence, newest))

    def _item(self, move: TicketMove) -> dict[str, Value]:
        at = stamp(_moment(move.sequence))
        return {
            **keys.MOVE.attributes(
                tenant=SERVICE, period=at[:_HOUR_DIGITS], created=at, ticket=move.ticket_id
            ),
            "sequence": move.sequence,
            "tenant_id": move.tenant_id,
            "ticket_id": move.ticket_id,
            "status": move.status.value,
            "updated_at": move.updated_at.isoformat(),
            EXPIRES_AT: int((_moment(move.sequence) + 2 * KEPT).timestamp()),
        }


def _move(item: Item) -> TicketMove:
    return TicketMove(
        sequence=int(str(item["sequence"])),
        tenant_id=str(item["tenant_id"]),
        ticket_id=str(item["ticket_id"]),
        status=Status(str(item["status"])),
        updated_at=datetime.fromisoformat(str(item["updated_at"])),
    )


def _hours(begin: int, end: int) -> Iterator[str]:
    """The partitions from one time to another, oldest first; none when there is nothing between."""
    hour = _moment(begin + 1).replace(minute=0, second=0, microsecond=0)
    while begin < end and hour <= _moment(end):
        yield stamp(hour)[:_HOUR_DIGITS]
        hour += timedelta(hours=1)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
