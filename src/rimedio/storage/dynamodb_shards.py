"""The shards of a DynamoDB stream: which may be read, and what is behind a place in one."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from rimedio.aws import Client, error_code, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import RimedioError, StorageFailed
from rimedio.storage.dynamodb_records import change_of
from rimedio.storage.streams import Change

SERVICE = "Amazon DynamoDB Streams"
LIST_SECONDS = 10.0  # shards live for about four hours; DescribeStream may be called ten times a second
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a shard: behind this record, before the first one for None; `ended` when nothing can follow."""

    number: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A change, and where it was read."""

    change: Change
    shard: str
    number: str


@dataclass(frozen=True, slots=True)
class Records:
    """What followed a place, and the place behind it; `moved` unless nothing was new."""

    told: tuple[Told, ...]
    position: Position
    moved: bool


class Shards:
    """Reads the shards of one stream."""

    def __init__(self, client: Client, stream_arn: str, clock: Clock) -> None:
        self._client = client
        self._arn = stream_arn
        self._clock = clock
        self._parents: dict[str, str | None] = {}
        self._listed_at: float | None = None
        self._iterators: dict[tuple[str, Position], str] = {}

    def known(self) -> frozenset[str]:
        """Every shard that DynamoDB still keeps."""
        self._list()
        return frozenset(self._parents)

    def readable(self, positions: Mapping[str, Position]) -> list[str]:
        """Shards with something to come whose parent was read to its end, so that items keep their order."""
        self._list()
        ended = {shard for shard, position in positions.items() if position.ended}
        return [
            shard
            for shard, parent in self._parents.items()
            if shard not in ended and (parent is None or parent in ended or parent not in self._parents)
        ]

    def records(self, shard: str, after: Position) -> Records:
        """Up to a thousand records behind a place; where DynamoDB dropped them meanwhile, the oldest it has."""
        try:
            iterator = self._iterators.pop((shard, after), None) or self._iterator(shard, after)
            with translated(SERVICE, "reading a shard", StorageFailed):
                answer = self._records(shard, after, iterator)
        except RimedioError:
            self._listed_at = None  # it may be a shard that is no more
            raise
        return self._told(shard, after, answer)

    def _records(self, shard: str, after: Position, iterator: str) -> Mapping[str, object]:
        from botocore.exceptions import ClientError

        try:
            found: Mapping[str, object] = self._client.get_records(ShardIterator=iterator)
        except ClientError as error:
            if error_code(error) == "ExpiredIteratorException":  # they last a quarter of an hour
                again = self._iterator(shard, after)
            elif error_code(error) == "TrimmedDataAccessException":
                _log.warning("Changes of %s are older than a day and gone; going on behind them.", shard)
                again = self._iterator(shard, Position())
            else:
                raise
            found = self._client.get_records(ShardIterator=again)
        return found

    def _told(self, shard: str, after: Position, answer: Mapping[str, object]) -> Records:
        raw = answer.get("Records")
        records = raw if isinstance(raw, list) else []
        told = tuple(Told(change_of(r), shard, str(r["dynamodb"]["SequenceNumber"])) for r in records)
        number = told[-1].number if told else after.number
        following = answer.get("NextShardIterator")
        if not following:
            self._listed_at = None  # its children may be read now
            return Records(told, Position(number, ended=True), moved=True)
        position = Position(number)
        self._iterators[shard, position] = str(following)
        return Records(told, position, bool(told))

    def _iterator(self, shard: str, after: Position) -> str:
        kind = {"ShardIteratorType": "TRIM_HORIZON"}
        if after.number is not None:
            kind = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after.number}
        with translated(SERVICE, "looking for a place in a shard", StorageFailed):
            found = self._client.get_shard_iterator(StreamArn=self._arn, ShardId=shard, **kind)
        return str(found["ShardIterator"])

    def _list(self) -> None:
        now = self._clock.monotonic()
        if self._listed_at is not None and now - self._listed_at < LIST_SECONDS:
            return
        parents: dict[str, str | None] = {}
        start: dict[str, str] = {}
        with translated(SERVICE, "listing shards", StorageFailed):
            while True:
                described = self._client.describe_stream(StreamArn=self._arn, **start)["StreamDescription"]
                parents |= {shard["ShardId"]: shard.get("ParentShardId") for shard in described["Shards"]}
                if not described.get("LastEvaluatedShardId"):
                    break
                start = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}
        self._parents = parents
        self._listed_at = now if parents else None
