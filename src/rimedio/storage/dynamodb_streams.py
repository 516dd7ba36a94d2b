"""The change stream over DynamoDB Streams: shards read in the order of their lineage, a checkpoint a consumer.

For processes of their own; behind a table in AWS, Lambda reads the shards and calls functions. DynamoDB recommends two
readers a shard at most. It keeps 24 hours, acknowledged or not.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from rimedio.aws import Client
from rimedio.domain.clock import Clock
from rimedio.storage.dynamodb_records import CHECKPOINTS, is_checkpoint
from rimedio.storage.dynamodb_shards import Position, Shards, Told
from rimedio.storage.streams import RETENTION, Change
from rimedio.storage.table import Key, Table
from rimedio.storage.values import Item, Value

ROUNDS_MAX = 10  # looks at every open shard, of one read


@dataclass
class _Reader:
    """Where a consumer stands: what was delivered and not acknowledged, in the order of delivery."""

    positions: dict[str, Position]
    acknowledged: dict[str, Position]
    waiting: list[Told] = field(default_factory=list)


class DynamoDbChangeStream:
    """A `ChangeStream` over the stream of a table. One object a process; its methods may be called from threads.

    Checkpoints are items of `table` (`STREAM#consumer`), one a consumer, with the last acknowledged number of each
    shard. Two processes reading for one consumer both see everything.
    """

    def __init__(self, streams_client: Client, table: Table, stream_arn: str, clock: Clock) -> None:
        self._shards = Shards(streams_client, stream_arn, clock)
        self._table = table
        self._readers: dict[str, _Reader] = {}
        self._lock = threading.Lock()

    def read(self, consumer: str, limit: int = 100) -> Sequence[Change]:
        with self._lock:
            reader = self._reader(consumer)
            for _ in range(ROUNDS_MAX):
                if len(reader.waiting) >= limit or not self._look(reader):
                    break
            return [told.change for told in reader.waiting[:limit]]

    def acknowledge(self, consumer: str, change: Change) -> None:
        with self._lock:
            reader = self._reader(consumer)
            places = [n for n, told in enumerate(reader.waiting) if told.change.sequence == change.sequence]
            if not places:
                return  # it was acknowledged before
            behind = places[0] + 1
            acknowledged = self._acknowledged(reader, behind)
            self._keep(consumer, acknowledged)  # first: where that fails, nothing counts as acknowledged
            reader.acknowledged, reader.waiting = acknowledged, reader.waiting[behind:]

    def trim(self, keep: timedelta = RETENTION) -> int:
        return 0  # DynamoDB does so itself

    def forget(self, consumer: str) -> None:
        with self._lock:
            self._readers.pop(consumer, None)
            self._table.delete(_key(consumer))

    def _reader(self, consumer: str) -> _Reader:
        if consumer not in self._readers:
            stored = _positions(self._table.get(_key(consumer)))
            self._readers[consumer] = _Reader(dict(stored), dict(stored))
        return self._readers[consumer]

    def _look(self, reader: _Reader) -> bool:
        """Take what the shards have behind the reader's positions; whether there was anything."""
        found = False
        for shard in self._shards.readable(reader.positions):
            batch = self._shards.records(shard, reader.positions.get(shard, Position()))
            found = found or batch.moved
            reader.positions[shard] = batch.position
            reader.waiting += [told for told in batch.told if not is_checkpoint(told.change)]
        return found

    def _acknowledged(self, reader: _Reader, behind: int) -> dict[str, Position]:
        """Places once the first `behind` waiting changes are done; shards that DynamoDB has dropped are left out."""
        known = self._shards.known()
        places = {shard: place for shard, place in reader.acknowledged.items() if shard in known}
        places |= {told.shard: Position(told.number) for told in reader.waiting[:behind]}
        waiting = {told.shard for told in reader.waiting[behind:]}
        # Where nothing waits, bookkeeping behind the last change is passed too.
        return places | {
            shard: place
            for shard, place in reader.positions.items()
            if shard in known and shard not in waiting
        }

    def _keep(self, consumer: str, places: Mapping[str, Position]) -> None:
        stored: dict[str, Value] = {shard: [place.number, place.ended] for shard, place in places.items()}
        self._table.put({**_key(consumer)._asdict(), "entity": "stream-place", "shards": stored})


def _key(consumer: str) -> Key:
    return Key(f"{CHECKPOINTS}{consumer}", "PLACE")


def _positions(item: Item | None) -> dict[str, Position]:
    places = None if item is None else item.get("shards")
    if not isinstance(places, Mapping):
        return {}
    found = {}
    for shard, place in places.items():
        if isinstance(place, list | tuple) and len(place) == 2:
            found[shard] = Position(None if place[0] is None else str(place[0]), place[1] is True)
    return found
