"""Functions on the home on AWS: DynamoDB Local's own stream, moto's queues, topics, secrets and buckets."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.engines import ACCOUNT, REGION
from tests.integration.lambdas.aws_events import bus_event, s3_notification, sqs_event
from tests.integration.lambdas.conftest import MANUAL

from rimedio.aws import AwsConnections
from rimedio.bootstrap.aws import AwsRimedio
from rimedio.domain.ticket import Asset, Customer, Ticket
from rimedio.events.detail_types import DetailType
from rimedio.lambdas.functions._function import Build, LambdaFunction
from rimedio.lambdas.functions._invocation import FakeContext
from rimedio.lambdas.functions.follow import build_follow
from rimedio.lambdas.functions.housekeeping import build_housekeeping, jobs_of
from rimedio.lambdas.functions.ingest import build_ingest
from rimedio.lambdas.functions.notify import build_notify
from rimedio.lambdas.functions.publish_index import build_publish_index
from rimedio.lambdas.functions.redrive import build_redrive
from rimedio.lambdas.functions.relay import build_relay
from rimedio.lambdas.functions.rotate import build_rotate
from rimedio.lambdas.functions.webhooks import build_webhooks
from rimedio.security.permissions import Role
from rimedio.settings import Settings
from rimedio.storage.documents import DocumentStatus
from rimedio.storage.dynamodb_definition import create_table

Call = Callable[..., Any]


@pytest.fixture
def system(
    twin_connections: AwsConnections, unique_name: Callable[[str], str], tmp_path: Path
) -> Iterator[AwsRimedio]:
    name = unique_name("functions")
    client = twin_connections.client
    create_table(client("dynamodb"), name)
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    client("events").create_event_bus(Name=name)
    queues = ("webhooks", "dead", "stranded")
    urls = {q: client("sqs").create_queue(QueueName=f"{name}-{q}")["QueueUrl"] for q in queues}
    settings = Settings.model_validate(
        {
            "home": "aws",
            "aws_region": REGION,
            "tenant": "acme",
            "table_name": name,
            "bucket": name,
            "embedder": "none",
            "event_bus": name,
            "state_machine_arn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}",
            "webhook_queue_url": urls["webhooks"],
            "dead_letter_queue_url": urls["dead"],
            "stranded_queue_url": urls["stranded"],
            "notification_topic_arn": client("sns").create_topic(Name=name)["TopicArn"],
            "kms_key": client("kms").create_key()["KeyMetadata"]["KeyId"],
            "token_keys_secret": client("secretsmanager").create_secret(
                Name=name, SecretString='{"keys": []}'
            )["Name"],
            "published_check_seconds": 0,
            "loopback_urls": True,
        }
    )
    events, arn = client("events"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-webhooks"
    events.put_rule(Name="all", EventBusName=name, EventPattern='{"source": [{"prefix": "rimedio"}]}')
    events.put_targets(Rule="all", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    made = AwsRimedio(settings, twin_connections, scratch=tmp_path)
    yield made
    made.close()


def call(system: AwsRimedio, build: Build[Any], event: Any) -> Any:
    return LambdaFunction("test", build, find_system=lambda: system)(event, FakeContext())


def ticket(system: AwsRimedio) -> Ticket:
    made = Ticket(
        ticket_id=system.ids.new("tkt"),
        tenant_id="acme",
        customer=Customer(id="c1", name="Anna"),
        asset=Asset(product_type="INVERTER", model="XC-200", serial="SN-1"),
        symptom_text="The inverter shows E029 and does not start.",
        created_at=system.clock.now(),
        updated_at=system.clock.now(),
    )
    system.tickets.create(made)
    return made


def stream_batch(system: AwsRimedio) -> dict[str, Any]:
    """The table's own stream records, in the spelling that Lambda hands on."""
    table = system.connections.client("dynamodb").describe_table(TableName=system.settings.table_name)[
        "Table"
    ]
    streams, arn = system.connections.client("dynamodbstreams"), table["LatestStreamArn"]
    found: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        at = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found += streams.get_records(ShardIterator=at)["Records"]

    def plain(value: object) -> object:
        return value.timestamp() if isinstance(value, datetime) else str(value)

    records = json.loads(json.dumps(found, default=plain))
    return {"Records": [record | {"eventSourceARN": arn} for record in records]}


def received(system: AwsRimedio) -> dict[str, Any]:
    """What the queue holds, as Lambda hands it on."""
    sqs, records = system.connections.client("sqs"), []
    url = system.settings.webhook_queue_url
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get(
        "Messages"
    ):
        records += [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for message in found
        ]
    return {"Records": records}


class Receiver:
    """A webhook's receiver on this machine."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(json.loads(body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_written_ticket_reaches_its_webhook_once_however_often_each_function_is_woken(
    system: AwsRimedio, receiver: Receiver
) -> None:
    system.eventing.webhooks.register("acme", receiver.url, (DetailType.TICKET_OPENED,))
    written = ticket(system)
    batch = stream_batch(system)
    for _ in range(2):
        assert call(system, build_relay, batch) == {"batchItemFailures": []}
    for _ in range(4):  # events first, then the deliveries that they made
        event = received(system)
        for _ in range(2):
            answer = call(system, build_webhooks, event) if event["Records"] else {"batchItemFailures": []}
            assert answer == {"batchItemFailures": []}
    assert [body["data"]["ticket_id"] for body in receiver.bodies] == [written.ticket_id]


def test_a_delivery_that_failed_stays_in_the_queue_and_is_the_only_one_that_does(
    system: AwsRimedio, receiver: Receiver
) -> None:
    registered = system.eventing.webhooks.register("acme", receiver.url, (DetailType.TICKET_OPENED,))
    receiver.status = 500
    ticket(system)
    call(system, build_relay, stream_batch(system))
    assert call(system, build_webhooks, received(system)) == {"batchItemFailures": []}
    deliveries = received(system)
    strange = sqs_event("no json")["Records"][0]
    answer = call(system, build_webhooks, {"Records": [*deliveries["Records"], strange]})
    failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
    assert failed == {deliveries["Records"][0]["messageId"], strange["messageId"]}
    (record,) = system.eventing.webhook_log.list("acme", registered.webhook.webhook_id).items
    assert (record.status.value, record.response_code) == ("RETRYING", 500)


def test_what_the_stream_brings_is_counted_once(system: AwsRimedio) -> None:
    for _ in range(3):
        ticket(system)
    batch = stream_batch(system)
    for _ in range(2):
        assert call(system, build_follow, batch) == {"batchItemFailures": []}
    assert system.accounts.insights.tickets("acme").by_status["NEW"] == 3


def test_a_notice_goes_through_the_topic_once(system: AwsRimedio) -> None:
    client, name = system.connections.client, system.settings.table_name
    url = client("sqs").create_queue(QueueName=f"{name}-people")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-people"
    client("sns").subscribe(TopicArn=system.settings.notification_topic_arn, Protocol="sqs", Endpoint=arn)
    detail = {
        "ticket_id": "tkt_1",
        "status": "ESCALATED",
        "metadata": {"event_id": "happening-1", "tenant_id": "acme"},
    }
    event = bus_event("TicketStatusChanged", "rimedio.tickets", detail)
    first, again = (call(system, build_notify, event) for _ in range(2))
    assert first == again
    messages = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    (told,) = [json.loads(message["Body"]) for message in messages]
    assert told["Subject"] == "Rimedio: Ticket tkt_1 is handed over to a person"
    assert told["MessageAttributes"]["tenant_id"]["Value"] == "acme"


class Staging:
    """Secrets Manager's client with what moto lacks: RotateSecret stages a pending version without a value."""

    def __init__(self, client: Any, token: str) -> None:
        self._client, self._token = client, token

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_secret(self, **given: Any) -> Any:
        found = self._client.describe_secret(**given)
        found["VersionIdsToStages"].setdefault(self._token, ["AWSPENDING"])
        return found


def test_a_secret_is_rotated_in_four_steps_each_of_which_comes_twice(system: AwsRimedio) -> None:
    client, name = system.connections.client("secretsmanager"), str(system.settings.token_keys_secret)
    arn, token = client.describe_secret(SecretId=name)["ARN"], "00000000-0000-4000-8000-000000000001"
    rotation = replace(system.identity.rotation, client=Staging(client, token))
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        event = {"Step": step, "SecretId": arn, "ClientRequestToken": token, "RotationToken": "x"}
        for _ in range(2):
            assert call(system, lambda made: build_rotate(made, rotation), event) is None
    assert "AWSCURRENT" in client.describe_secret(SecretId=name)["VersionIdsToStages"][token]
    issued = system.identity.issuer.issue("robot", "acme", [Role.INTEGRATION])
    assert system.identity.verifier.verify(issued.token).tenant_id == "acme"


def test_an_original_in_the_bucket_becomes_a_published_index_that_is_searched(system: AwsRimedio) -> None:
    record = system.manuals.load("acme", MANUAL, "xc200.md")
    objects = system.connections.client("s3").list_objects_v2(Bucket=system.settings.bucket)["Contents"]
    (key,) = [found["Key"] for found in objects if "originals" in found["Key"]]
    event = sqs_event(s3_notification(key))
    for _ in range(2):
        assert call(system, build_ingest, event) == {"batchItemFailures": []}
    assert system.documents.get("acme", record.document_id).status is DocumentStatus.INDEXED
    found = system.library.find("acme", "fan filter E029")
    assert found.passages
    assert call(system, build_publish_index, {}) == {"documents": 0, "vectors": 0}
    system.manuals.load("acme", MANUAL + b"\nMore of it.", "more.md")
    assert call(system, build_publish_index, {})["documents"] == 1


def test_housekeeping_does_its_jobs_on_aws_too(system: AwsRimedio) -> None:
    kept = call(system, build_housekeeping, {})
    assert set(kept["done"]) == set(jobs_of(system))
    assert {"recover", "sweep", "count-use", "budgets", "knowledge-gaps", "watch-drift"} <= set(kept["done"])
    assert kept["unfinished"] == []


@pytest.mark.parametrize("role", [None, f"arn:aws:iam::{ACCOUNT}:role/rimedio-dev-batch"])
def test_vectors_that_ingest_had_no_time_for_are_made_where_a_domain_is_searched(
    tmp_path: Path, aws_environment: None, role: str | None
) -> None:
    nowhere = AwsConnections(REGION, {"*": "http://127.0.0.1:9"})
    home = {
        "home": "aws",
        "aws_region": REGION,
        "knowledge": "opensearch",
        "opensearch_url": "http://127.0.0.1:9",
    }
    given = {"state_machine_arn": "x", "kms_key": "x", "bedrock_embedding_model": "eu.cohere.embed-v4:0"}
    system = AwsRimedio(
        Settings.model_validate(home | given | {"embedder": "bedrock", "bedrock_batch_role": role}),
        nowhere,
        scratch=tmp_path,
    )
    try:
        jobs = list(jobs_of(system))
        assert "make-vectors" in jobs
        assert ("embed-in-bulk" in jobs) == (role is not None)
        assert jobs.index("make-vectors") > (
            jobs.index("embed-in-bulk") if role else -1
        )  # it asks first what is at work
    finally:
        system.close()
        nowhere.close()


@pytest.mark.parametrize(
    "build",
    [
        build_follow,
        build_relay,
        build_webhooks,
        build_notify,
        build_housekeeping,
        build_ingest,
        build_publish_index,
        build_redrive,
    ],
)
def test_building_a_function_calls_nobody(build: Build[Any], tmp_path: Path, aws_environment: None) -> None:
    """A cold start waits for no service, and asks for no right that only processes have."""
    nowhere = AwsConnections(REGION, {"*": "http://127.0.0.1:9"})
    settings = dict.fromkeys(
        (
            "webhook_queue_url",
            "dead_letter_queue_url",
            "stranded_queue_url",
            "notification_topic_arn",
            "state_machine_arn",
            "kms_key",
        ),
        "x",
    )
    home = {"home": "aws", "aws_region": REGION, "embedder": "none", **settings}
    system = AwsRimedio(Settings.model_validate(home), nowhere, scratch=tmp_path)
    try:
        assert callable(build(system))
    finally:
        system.close()
        nowhere.close()
