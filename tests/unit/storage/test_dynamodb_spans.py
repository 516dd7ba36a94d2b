"""Spans of a stream that DynamoDB has dropped in part, in its own words: what DynamoDB Local never does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rimedio.aws import AwsConnections
from rimedio.aws.faults import Faults, Refusal, Reply, Sent
from rimedio.domain.errors import Forbidden, StorageFailed
from rimedio.storage.dynamodb_spans import EMPTY_MAX, PAGES_MAX, ReadBack, Span, number_of, read_back

SERVICE, ARN = (
    "dynamodbstreams",
    "arn:aws:dynamodb:eu-south-1:123456789012:table/t/stream/2026-01-01T00:00:00.000",
)


def number(n: int) -> str:
    """Digits as DynamoDB has them: the longer one is the greater one, whatever its first digits are."""
    return f"{n}00000000000000000000"


def span(first: int, last: int) -> Span:
    return Span(ARN, "shardId-00000001767225600000-abcdef", number(first), number(last), last - first + 1)


class Shard:
    """A shard that holds records `kept`, in pages of `page`; an iterator is the place of the next one."""

    def __init__(self, kept: range, page: int = 2, *, closed: bool = False, empty_before: int = 0) -> None:
        self.kept, self.page, self.closed = kept, page, closed
        self.empty = empty_before
        self.before = range(
            0
        )  # records that an iterator can still be had for, and that are gone when it is used
        self.calls: list[str] = []

    def answer(self, sent: Sent) -> dict[str, Any]:
        asked = sent.parameters()
        self.calls.append(sent.operation)
        if sent.operation == "GetShardIterator":
            wanted = asked.get("SequenceNumber")
            known = [*map(number, self.before), *map(number, self.kept)]
            place = 0 if wanted is None else known.index(wanted) - len(self.before)
            return {"ShardIterator": str(place)}
        start = int(asked["ShardIterator"])
        if self.empty:
            self.empty -= 1
            return {"Records": [], "NextShardIterator": str(start)}
        found = [{"dynamodb": {"SequenceNumber": number(n)}} for n in self.kept[start : start + self.page]]
        over = self.closed and start + self.page >= len(self.kept)
        return {"Records": found} | ({} if over else {"NextShardIterator": str(start + len(found))})


@pytest.fixture(scope="module")
def connections(aws_environment: None) -> Iterator[AwsConnections]:
    made = AwsConnections("eu-south-1", {"*": "http://127.0.0.1:9"})
    yield made
    made.close()


@contextmanager
def told(connections: AwsConnections, shard: Shard, *refusals: tuple[str, str]) -> Iterator[Any]:
    """The client; each refusal is an operation's first answer."""
    faults = Faults()
    for operation, code in refusals:
        faults.on(SERVICE, operation, Refusal(code), calls=[1])
    faults.on(SERVICE, "*", Reply(shard.answer))
    with faults.on_client(connections.client(SERVICE)):
        yield connections.client(SERVICE)


def numbers(found: ReadBack) -> list[str]:
    return [number_of(record) for record in found.records]


def test_a_span_is_read_over_pages_and_no_further(connections: AwsConnections) -> None:
    shard = Shard(range(1, 100))
    with told(connections, shard) as client:
        found = read_back(client, span(8, 12))
    assert (numbers(found), found.lost) == ([number(n) for n in range(8, 13)], 0)
    assert shard.calls.count("GetRecords") == 3


def test_numbers_are_compared_as_numbers(connections: AwsConnections) -> None:
    """Text would put 10… before 9…: the record beyond the end would be taken, or the end never be found."""
    with told(connections, Shard(range(1, 100))) as client:
        assert numbers(read_back(client, span(9, 10))) == [number(9), number(10)]


@pytest.mark.parametrize("operation", ["GetShardIterator", "GetRecords"])
def test_what_is_left_of_a_trimmed_span_is_read_and_the_rest_is_counted_as_lost(
    connections: AwsConnections, operation: str
) -> None:
    shard = Shard(range(10, 100))
    if operation == "GetRecords":  # dropped between the two calls
        shard.before = range(8, 10)
    with told(connections, shard, (operation, "TrimmedDataAccessException")) as client:
        found = read_back(client, span(8, 12))
    assert (numbers(found), found.lost) == ([number(n) for n in range(10, 13)], 2)


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_a_span_of_which_nothing_is_left_is_lost(connections: AwsConnections, code: str) -> None:
    for shard in (Shard(range(20, 100)), Shard(range(0)), Shard(range(0), closed=True)):
        with told(connections, shard, ("GetShardIterator", code)) as client:
            assert read_back(client, span(8, 12)) == ReadBack((), 5)


def test_empty_pages_are_no_end(connections: AwsConnections) -> None:
    with told(connections, Shard(range(1, 20), empty_before=EMPTY_MAX + 5)) as client:
        assert len(numbers(read_back(client, span(8, 12)))) == 5


def test_an_end_that_never_comes_is_told_and_nothing_counts_as_lost(connections: AwsConnections) -> None:
    with (
        told(connections, Shard(range(1, 10), empty_before=PAGES_MAX)) as client,
        pytest.raises(StorageFailed),
    ):
        read_back(client, span(8, 12))


@pytest.mark.parametrize(
    ("code", "raised"), [("AccessDeniedException", Forbidden), ("ExpiredIteratorException", StorageFailed)]
)
def test_what_may_work_later_is_no_loss(
    connections: AwsConnections, code: str, raised: type[Exception]
) -> None:
    faults = Faults().on(SERVICE, "*", Refusal(code))
    with faults.on_client(connections.client(SERVICE)), pytest.raises(raised):
        read_back(connections.client(SERVICE), span(8, 12))
