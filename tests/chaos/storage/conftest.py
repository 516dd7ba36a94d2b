"""The adapters of AWS on their engines, with faults between them and the network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from tests.engines import REGION

from rimedio.aws import AwsConnections
from rimedio.aws.faults import Faults
from rimedio.domain.clock import FakeClock
from rimedio.storage.dynamodb_definition import create_table
from rimedio.storage.dynamodb_streams import DynamoDbChangeStream
from rimedio.storage.dynamodb_table import DynamoDbTable
from rimedio.storage.s3_objects import S3ObjectStore


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits up to seconds between its tries, and allows so many for all calls together; tests share one."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_: True)


@dataclass(frozen=True)
class Ground:
    """A table in DynamoDB Local that meets the planned faults."""

    table: DynamoDbTable
    stream: DynamoDbChangeStream
    faults: Faults
    clock: FakeClock


@pytest.fixture(scope="module")
def faulty_dynamodb(aws_environment: None, dynamodb_endpoint: str) -> Iterator[tuple[AwsConnections, Faults]]:
    endpoints = {"dynamodb": dynamodb_endpoint, "dynamodbstreams": dynamodb_endpoint}
    faults = Faults()
    connections = AwsConnections(REGION, endpoints, prepare=faults.attach)
    yield connections, faults
    connections.close()


@pytest.fixture
def ground(
    dynamodb_connections: AwsConnections,
    faulty_dynamodb: tuple[AwsConnections, Faults],
    unique_name: Callable[[str], str],
) -> Iterator[Ground]:
    maker, clock, name = dynamodb_connections.client("dynamodb"), FakeClock(), unique_name("chaos")
    arn = create_table(maker, name)
    connections, faults = faulty_dynamodb
    faults.clear()
    table = DynamoDbTable(connections.client("dynamodb"), name, clock, jitter=lambda: 1.0)
    yield Ground(
        table, DynamoDbChangeStream(connections.client("dynamodbstreams"), table, arn, clock), faults, clock
    )
    maker.delete_table(TableName=name)


@dataclass(frozen=True)
class Shelf:
    """A bucket in moto that meets the planned faults; `calm` is the same without them."""

    objects: S3ObjectStore
    calm: S3ObjectStore
    faults: Faults


@pytest.fixture(scope="module")
def faulty_s3(aws_environment: None, moto_endpoint: str) -> Iterator[tuple[AwsConnections, Faults]]:
    faults = Faults()
    connections = AwsConnections(REGION, {"*": moto_endpoint}, prepare=faults.attach)
    yield connections, faults
    connections.close()


@pytest.fixture
def shelf(
    connections: AwsConnections, faulty_s3: tuple[AwsConnections, Faults], unique_name: Callable[[str], str]
) -> Shelf:
    maker, name = connections.client("s3"), unique_name("chaos")
    maker.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    faulty, faults = faulty_s3
    faults.clear()
    objects = S3ObjectStore(faulty.client("s3"), name, part_bytes=5 * 1024 * 1024)
    return Shelf(objects, S3ObjectStore(maker, name), faults)
