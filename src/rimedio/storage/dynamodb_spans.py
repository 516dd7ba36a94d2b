"""A span of a DynamoDB stream, read back by its positions.

Of a batch that failed for good Lambda keeps only where it stood: the shard, its first and its last number. The records
are in the stream until 24 hours after they were written; reading them takes no place away from anybody.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rimedio.aws import Client, error_code, translated
from rimedio.domain.errors import StorageFailed
from rimedio.storage.dynamodb_records import StreamRecord

SERVICE = "Amazon DynamoDB Streams"
READ_MAX = 1000  # records that GetRecords gives at once
PAGES_MAX = 100  # of one span: an open shard never says that it has come to an end
EMPTY_MAX = (
    10  # pages without a record, one after the other; DynamoDB may give some before there is one again
)
# In the first case the shard is there and the record is not, in the second the shard is gone as well.
GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last` (sequence numbers, both inclusive) in one shard: `size` records."""

    stream_arn: str
    shard: str
    first: str
    last: str
    size: int

    def holds(self, number: str) -> bool:
        """Whether a record of that number lies in it."""
        return int(self.first) <= int(number) <= int(self.last)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What is still there of a span, in its order; `lost` records are there no more."""

    records: tuple[StreamRecord, ...]
    lost: int


def read_back(client: Client, span: Span) -> ReadBack:
    """The records of a span. Raises Throttled, Forbidden, Unavailable or StorageFailed: ask again later."""
    found = _read(client, span, {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": span.first})
    if found is not None:
        return ReadBack(found, 0)
    rest = _read(client, span, {"ShardIteratorType": "TRIM_HORIZON"}) or ()  # the oldest that is left
    return ReadBack(rest, max(0, span.size - len(rest)))


def number_of(record: StreamRecord) -> str:
    """The record's place in its shard."""
    return str(record["dynamodb"]["SequenceNumber"])


def _read(client: Client, span: Span, where: Mapping[str, str]) -> tuple[StreamRecord, ...] | None:
    """The span's records from a place on; None where DynamoDB has dropped that place."""
    from botocore.exceptions import ClientError

    try:
        with translated(SERVICE, f"reading {span.shard} again", StorageFailed):
            try:
                at = client.get_shard_iterator(StreamArn=span.stream_arn, ShardId=span.shard, **where)
                return _walk(client, span, str(at["ShardIterator"]), from_horizon=len(where) == 1)
            except ClientError as error:
                if error_code(error) in GONE:
                    return None
                raise
    except KeyError as error:
        msg = f"{SERVICE} answered without {error}. Ask again later."
        raise StorageFailed(msg) from error


def _walk(client: Client, span: Span, iterator: str, *, from_horizon: bool) -> tuple[StreamRecord, ...]:
    """Page after page, up to the span's last number or the shard's end."""
    records: list[StreamRecord] = []
    empty = 0
    for _ in range(PAGES_MAX):
        page: Mapping[str, Any] = client.get_records(ShardIterator=iterator, Limit=READ_MAX)
        records += [record for record in page["Records"] if span.holds(number_of(record))]
        if any(int(number_of(record)) >= int(span.last) for record in page["Records"]):
            return tuple(records)
        empty = 0 if page["Records"] else empty + 1
        iterator = str(page.get("NextShardIterator") or "")
        if not iterator or (from_horizon and empty >= EMPTY_MAX):
            return tuple(records)
    msg = (
        f"{span.last} was not found in {span.shard} behind {span.first} within {PAGES_MAX} pages. Ask again."
    )
    raise StorageFailed(msg)
