"""Adapters that the contract suites run against: the laptop's, and those of AWS on real engines or on moto."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.dynamodb_definition import create_table
from rimedio.storage.dynamodb_feed import DynamoDbTicketFeed
from rimedio.storage.dynamodb_streams import DynamoDbChangeStream
from rimedio.storage.dynamodb_table import DynamoDbTable
from rimedio.storage.file_objects import FileObjectStore
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.storage.objects import ObjectStore
from rimedio.storage.s3_objects import S3ObjectStore
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.streams import ChangeStream
from rimedio.storage.table import Table
from rimedio.storage.ticket_feed import SqliteTicketFeed, TicketFeed


@dataclass(frozen=True)
class TableHome:
    """A table under test, its change stream and ticket feed, and the clock that it tells the time by.

    `settle` lets pass what lies between a write and the feed: on AWS a function behind the stream.
    """

    table: Table
    stream: ChangeStream
    clock: FakeClock
    feed: TicketFeed
    settle: Callable[[], object] = lambda: None


@pytest.fixture(params=["sqlite-memory", "sqlite-file", "dynamodb-local"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TableHome]:
    if request.param == "dynamodb-local":
        connections = request.getfixturevalue("dynamodb_connections")
        with dynamodb_home(connections, request.getfixturevalue("unique_name")) as made:
            yield made
        return
    clock = FakeClock()
    database = Database(None if request.param == "sqlite-memory" else tmp_path / "rimedio.db")
    yield TableHome(
        SqliteTable(database, clock), SqliteChangeStream(database, clock), clock, SqliteTicketFeed(database)
    )
    database.close()


@contextmanager
def dynamodb_home(connections: AwsConnections, unique_name: Callable[[str], str]) -> Iterator[TableHome]:
    """A new table in DynamoDB, dropped afterwards."""
    clock, client, name = FakeClock(), connections.client("dynamodb"), unique_name("contract")
    arn = create_table(client, name)
    table = DynamoDbTable(client, name, clock)
    stream = DynamoDbChangeStream(connections.client("dynamodbstreams"), table, arn, clock)
    feed = DynamoDbTicketFeed(table, clock)

    def settle() -> None:
        while changes := stream.read("relay"):
            feed.note(changes)
            stream.acknowledge("relay", changes[-1])
        clock.advance(2)

    yield TableHome(table, stream, clock, feed, settle)
    client.delete_table(TableName=name)


@pytest.fixture
def table(home: TableHome) -> Table:
    return home.table


@pytest.fixture(params=["memory", "files", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        client = request.getfixturevalue("connections").client("s3")
        bucket = request.getfixturevalue("unique_name")("contract")
        client.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name}
        )
        return S3ObjectStore(client, bucket)
    return MemoryObjectStore() if request.param == "memory" else FileObjectStore(tmp_path / "objects")
