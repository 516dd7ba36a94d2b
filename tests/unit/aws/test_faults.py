"""Faults look to botocore like the service's own: parsed, retried, raised. Nothing here touches a network."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from rimedio.aws import AwsConnections, Client, error_code, translated
from rimedio.aws.fault_wire import BrokenBody
from rimedio.aws.faults import (
    Denied,
    Fault,
    Faults,
    NoConnection,
    Refusal,
    Reply,
    Reset,
    ServerError,
    Throttle,
    Timeout,
    canceled,
    nothing_processed,
)  # fmt: skip
from rimedio.domain.errors import Forbidden, RimedioError, Throttled, Unavailable

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
ONE_CALL_OF_EACH: dict[str, Callable[[Client], object]] = {
    "dynamodb": lambda client: client.get_item(TableName="t", Key=KEY),
    "dynamodbstreams": lambda client: client.list_streams(),
    "s3": lambda client: client.list_objects_v2(Bucket="bucket"),
    "sqs": lambda client: client.get_queue_url(QueueName="q"),
    "sns": lambda client: client.list_topics(),
    "events": lambda client: client.list_event_buses(),
    "stepfunctions": lambda client: client.list_state_machines(),
    "kms": lambda client: client.list_keys(),
    "bedrock-runtime": lambda client: client.converse(modelId="m", messages=[]),
    "textract": lambda client: client.detect_document_text(Document={"Bytes": b"x"}),
    "lambda": lambda client: client.list_functions(),
}


@pytest.fixture(scope="module")
def connections(aws_environment: None) -> Iterator[AwsConnections]:
    made = AwsConnections("eu-south-1", {"*": "http://127.0.0.1:9"})
    yield made
    made.close()


def raised_by(connections: AwsConnections, service: str, fault: Fault) -> tuple[RimedioError, int]:
    """What a call of the service raises, in Rimedio's words, and how often it was sent."""
    client = connections.client(service, attempts=1)
    faults = Faults().on(service, "*", fault)
    with faults.on_client(client), pytest.raises(RimedioError) as caught, translated(service, "being tested"):
        ONE_CALL_OF_EACH[service](client)
    return caught.value, sum(faults._calls.values())


@pytest.mark.parametrize("service", ONE_CALL_OF_EACH)
def test_every_service_throttles_fails_and_denies_in_its_own_words(
    connections: AwsConnections, service: str
) -> None:
    for fault, expected in ((Throttle(), Throttled), (ServerError(), Unavailable), (Denied(), Forbidden)):
        error, calls = raised_by(connections, service, fault)
        assert type(error) is expected, error
        assert calls == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Timeout(), ReadTimeoutError),
        (Reset(), ConnectionClosedError),
        (NoConnection(), EndpointConnectionError),
    ],
)
def test_a_connection_fails_as_botocore_says_it(
    connections: AwsConnections, fault: Fault, error: type[Exception]
) -> None:
    client = connections.client("dynamodb", attempts=1)
    with Faults().on("dynamodb", "GetItem", fault).on_client(client), pytest.raises(error):
        client.get_item(TableName="t", Key=KEY)


def test_a_planned_call_meets_its_fault_and_the_next_one_does_not(connections: AwsConnections) -> None:
    client = connections.client("dynamodb", attempts=1)
    answer = Reply(lambda sent: {"Item": sent.parameters()["Key"]})
    faults = Faults().on("dynamodb", "GetItem", Throttle(), calls=(2,)).on("dynamodb", "*", answer)
    seen = []
    with faults.on_client(client):
        for _ in range(3):
            code = ""
            try:
                seen.append(client.get_item(TableName="t", Key=KEY)["Item"] == KEY)
            except ClientError as error:
                code = error_code(error)
                seen.append(code == "ProvisionedThroughputExceededException")
    assert seen == [True, True, True]
    assert faults.count("dynamodb", "GetItem") == 3


def test_botocores_own_second_try_is_a_call_of_its_own(connections: AwsConnections, monkeypatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    client = connections.client("dynamodb", attempts=3)
    faults = (
        Faults()
        .on("dynamodb", "GetItem", ServerError(503), calls=(1, 2))
        .on("dynamodb", "*", Reply(lambda _: {}))
    )
    with faults.on_client(client):
        answer = client.get_item(TableName="t", Key=KEY)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert faults.count("dynamodb", "GetItem") == 3


def test_a_canceled_transaction_gives_its_reasons(connections: AwsConnections) -> None:
    client = connections.client("dynamodb", attempts=1)
    faults = Faults().on("dynamodb", "TransactWriteItems", canceled("None", "TransactionConflict"))
    with faults.on_client(client), pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=[{"Delete": {"TableName": "t", "Key": KEY}}])
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == [
        "None",
        "TransactionConflict",
    ]


def test_a_batch_is_left_undone(connections: AwsConnections) -> None:
    client = connections.client("dynamodb", attempts=1)
    wanted = {"t": {"Keys": [KEY]}}
    with Faults().on("dynamodb", "*", nothing_processed()).on_client(client):
        assert client.batch_get_item(RequestItems=wanted)["UnprocessedKeys"] == wanted


def test_detached_faults_happen_no_more_and_cleared_ones_are_forgotten(connections: AwsConnections) -> None:
    client = connections.client("sqs", attempts=1)
    faults = Faults().on("sqs", "*", Refusal("Odd"))
    with faults.on_client(client), pytest.raises(ClientError, match="Odd"):
        client.list_queues()
    with Faults().on("sqs", "*", NoConnection()).on_client(client), suppress(EndpointConnectionError):
        client.list_queues()
    assert faults.count("sqs", "ListQueues") == 1
    faults.clear()
    assert faults.count("sqs", "ListQueues") == 0


def test_faults_reach_every_client_of_connections_that_were_given_them(aws_environment: None) -> None:
    faults = Faults().on("*", "*", ServerError())
    connections = AwsConnections("eu-south-1", {"*": "http://127.0.0.1:9"}, prepare=faults.attach)
    for service in ("kms", "sns"):
        with pytest.raises(ClientError, match="internal error"):
            ONE_CALL_OF_EACH[service](connections.client(service, attempts=1))
    connections.close()


def test_a_body_that_was_cut_off_raises_while_it_is_read() -> None:
    body = BrokenBody(b"half")
    assert body.read(4) == b"half"
    with pytest.raises(Exception, match="broken"):
        body.read(4)
