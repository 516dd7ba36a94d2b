"""Shards that split, read in the order of their lineage: played by faults that answer in the service's own words."""

from collections.abc import Iterator
from typing import Any

import pytest

from rimedio.aws import AwsConnections
from rimedio.aws.faults import Faults, Reply, Sent
from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.dynamodb_streams import DynamoDbChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Query


class PlayedStream:
    """The API of DynamoDB Streams over shards in memory. An iterator is `shard number-of-records-passed`."""

    def __init__(self) -> None:
        self.parents: dict[str, str | None] = {}
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.closed: set[str] = set()
        self._numbers = 0

    def shard(self, name: str, parent: str | None = None) -> None:
        self.parents[name] = parent
        self.records[name] = []
        if parent is not None:
            self.closed.add(parent)

    def put(self, shard: str, sk: str, n: int) -> None:
        self._numbers += 1
        self.records[shard].append(
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1767225600,
                    "Keys": {"pk": {"S": "p"}, "sk": {"S": sk}},
                    "NewImage": {"pk": {"S": "p"}, "sk": {"S": sk}, "n": {"N": str(n)}},
                    "SequenceNumber": f"{self._numbers}00000000000000000000",
                },
            }
        )

    def answer(self, sent: Sent) -> dict[str, Any]:
        asked = sent.parameters()
        if sent.operation == "DescribeStream":
            shards = [
                {"ShardId": _id(name)} | ({} if parent is None else {"ParentShardId": _id(parent)})
                for name, parent in self.parents.items()
            ]
            return {"StreamDescription": {"StreamArn": asked["StreamArn"], "Shards": shards}}
        if sent.operation == "GetShardIterator":
            shard = asked["ShardId"].rpartition("-")[2]
            numbers = [r["dynamodb"]["SequenceNumber"] for r in self.records[shard]]
            after = asked.get("SequenceNumber")
            return {"ShardIterator": f"{shard} {0 if after is None else numbers.index(after) + 1}"}
        shard, _, start = asked["ShardIterator"].partition(" ")
        records = self.records[shard]
        following = {} if shard in self.closed else {"NextShardIterator": f"{shard} {len(records)}"}
        return {"Records": records[int(start) :], **following}


def _id(name: str) -> str:
    """Ids of shards have 28 characters at least."""
    return "shardId-" + name.rjust(20, "-")


@pytest.fixture(scope="module")
def connections(aws_environment: None) -> Iterator[AwsConnections]:
    made = AwsConnections("eu-south-1", {"*": "http://127.0.0.1:9"})
    yield made
    made.close()


@pytest.fixture
def played(connections: AwsConnections) -> Iterator[PlayedStream]:
    stream = PlayedStream()
    with (
        Faults()
        .on("dynamodbstreams", "*", Reply(stream.answer))
        .on_client(connections.client("dynamodbstreams"))
    ):
        yield stream


@pytest.fixture
def table() -> SqliteTable:
    return SqliteTable(Database(None), FakeClock())


def reader(
    connections: AwsConnections, table: SqliteTable, clock: FakeClock | None = None
) -> DynamoDbChangeStream:
    arn = "arn:aws:dynamodb:eu-south-1:123456789012:table/t/stream/1"
    return DynamoDbChangeStream(connections.client("dynamodbstreams"), table, arn, clock or FakeClock())


def read(stream: DynamoDbChangeStream, limit: int = 100) -> list[tuple[str, object]]:
    return [(change.key.sk, (change.new or {})["n"]) for change in stream.read("mail", limit)]


def test_a_parent_is_read_to_its_end_before_its_children(connections, played: PlayedStream, table) -> None:
    played.shard("left", "parent")  # listed before its parent, even
    played.shard("right", "parent")
    played.shard("parent")
    for n in range(3):
        played.put("parent", "x", n)
    played.put("left", "x", 3)
    played.put("right", "y", 0)
    assert read(reader(connections, table))[:3] == [("x", 0), ("x", 1), ("x", 2)]
    assert sorted(read(reader(connections, table))[3:]) == [("x", 3), ("y", 0)]


def test_a_child_whose_parent_is_no_longer_kept_is_read(connections, played: PlayedStream, table) -> None:
    played.shard("child", "dropped")
    played.put("child", "x", 1)
    assert read(reader(connections, table)) == [("x", 1)]


def test_a_process_that_starts_anew_goes_on_in_every_shard(connections, played: PlayedStream, table) -> None:
    for shard in ("a", "b"):
        played.shard(shard)
        for n in range(3):
            played.put(shard, shard, n)
    first = reader(connections, table)
    seen = first.read("mail", 4)
    first.acknowledge("mail", seen[3])
    rest = [(change.key.sk, (change.new or {})["n"]) for change in first.read("mail")]
    assert sorted(read(reader(connections, table))) == sorted(rest)
    assert len(rest) == 2


def test_a_shard_that_splits_while_it_is_read_loses_nothing(connections, played: PlayedStream, table) -> None:
    played.shard("parent")
    played.put("parent", "x", 0)
    stream = reader(connections, table, clock := FakeClock())
    stream.acknowledge("mail", stream.read("mail")[0])
    played.put("parent", "x", 1)
    played.shard("child", "parent")
    played.put("child", "x", 2)
    clock.advance(60)  # shards are listed anew now and then
    assert read(stream) == [("x", 1), ("x", 2)]
    assert read(reader(connections, table)) == [("x", 1), ("x", 2)]


def test_places_of_shards_that_are_gone_are_forgotten(connections, played: PlayedStream, table) -> None:
    played.shard("old")
    played.shard("new", "old")
    played.put("new", "x", 1)
    stream = reader(connections, table, clock := FakeClock())
    stream.acknowledge("mail", stream.read("mail")[0])
    (stored,) = table.query(Query("STREAM#mail")).items
    assert set(stored["shards"]) == {_id("old"), _id("new")}
    del played.parents["old"]
    played.put("new", "x", 2)
    clock.advance(60)
    stream.acknowledge("mail", stream.read("mail")[0])
    (stored,) = table.query(Query("STREAM#mail")).items
    assert set(stored["shards"]) == {_id("new")}


def test_a_forgotten_consumer_begins_at_the_oldest(connections, played: PlayedStream, table) -> None:
    played.shard("a")
    played.put("a", "x", 1)
    stream = reader(connections, table)
    stream.acknowledge("mail", stream.read("mail")[0])
    assert read(stream) == []
    stream.forget("mail")
    assert read(stream) == [("x", 1)]
