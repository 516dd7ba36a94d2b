"""Services, objects and HTTP calls that Task states reach."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from rimedio.asl import Description, Engine, Machine
from rimedio.asl.integrations.http_task import HttpRequest, HttpResponse, http_task
from rimedio.asl.integrations.http_task import send as send_over_network
from rimedio.asl.integrations.objects import FolderStore, MemoryStore, ObjectStore, objects
from rimedio.asl.integrations.services import PREFIX, services, snake_case


class Refused(Exception):
    """As boto3's ClientError."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {
            "Error": {"Code": code, "Message": "no"},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r1"},
        }


class Client:
    """Answers every method by its name."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        if name not in self.answers:
            raise AttributeError(name)

        def call(**fields: Any) -> Any:
            self.calls.append((name, fields))
            if isinstance(self.answers[name], Exception):
                raise self.answers[name]
            return self.answers[name]

        return call


def run(handlers: dict[str, Any], resource: str, arguments: dict[str, Any]) -> Description:
    state = {"Type": "Task", "Resource": PREFIX + resource, "Arguments": arguments, "End": True}
    engine = Engine(handlers=handlers)
    machine = Machine.parse({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}})
    return engine.run(engine.start(machine, name="x"))


def call(client: Client, resource: str, arguments: dict[str, Any]) -> Description:
    return run(services(lambda _: client), resource, arguments)


META = {"ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "r1"}}
SDK = {"SdkHttpMetadata": {"HttpStatusCode": 200}, "SdkResponseMetadata": {"RequestId": "r1"}}


def test_a_message_that_is_json_is_sent_as_text() -> None:
    queue = Client(send_message={"MessageId": "m1", **META})
    found = call(queue, "sqs:sendMessage", {"QueueUrl": "q", "MessageBody": {"a": 1}})
    assert queue.calls == [("send_message", {"QueueUrl": "q", "MessageBody": '{"a":1}'})]
    assert found.output == {"MessageId": "m1", **SDK}


def test_an_event_carries_its_execution_and_a_failed_entry_fails_the_task() -> None:
    bus = Client(put_events={"Entries": [{"EventId": "e1"}], "FailedEntryCount": 0})
    found = call(bus, "events:putEvents", {"Entries": [{"Source": "s", "Detail": {"a": 1}}]})
    (entry,) = bus.calls[0][1]["Entries"]
    assert entry == {"Source": "s", "Detail": '{"a":1}', "Resources": [found.execution_id]}
    bus.answers["put_events"] = {"Entries": [{"ErrorCode": "X"}], "FailedEntryCount": 1}
    assert call(bus, "events:putEvents", {"Entries": [{}]}).error == "EventBridge.FailedEntry"


@pytest.mark.parametrize(
    ("resource", "method", "code", "error"),
    [
        ("dynamodb:putItem", "put_item", "ConditionalCheckFailedException", "DynamoDB.ConditionalCheckFailedException"),
        ("aws-sdk:dynamodb:putItem", "put_item", "ResourceNotFoundException", "DynamoDb.ResourceNotFoundException"),
        ("aws-sdk:s3:listObjectsV2", "list_objects_v2", "NoSuchBucket", "S3.NoSuchBucketException"),
        ("sqs:sendMessage", "send_message", "AWS.SimpleQueueService.QueueDoesNotExist", "SQS.QueueDoesNotExistException"),
    ],
)  # fmt: skip
def test_an_error_of_a_service_has_the_name_that_aws_gives_it(
    resource: str, method: str, code: str, error: str
) -> None:
    found = call(Client(**{method: Refused(code)}), resource, {"TableName": "t"})
    assert found.error == error
    assert str(found.cause).startswith("no (Service: ")


def test_any_action_of_any_service_can_be_called() -> None:
    client = Client(
        get_object={"Body": BytesIO(b"text"), "LastModified": datetime(2024, 1, 2, tzinfo=UTC), **META}
    )
    found = call(client, "aws-sdk:s3:getObject", {"Bucket": "b", "Key": "k"})
    assert found.output == {"Body": "text", "LastModified": "2024-01-02T00:00:00.000Z"}
    assert [snake_case(name) for name in ("putItem", "listObjectsV2", "describeDBInstances")] == [
        "put_item", "list_objects_v2", "describe_db_instances"]  # fmt: skip


# -- objects


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return MemoryStore() if request.param == "memory" else FolderStore(tmp_path)


def test_a_store_keeps_and_lists_objects(store: ObjectStore) -> None:
    for key in ("in/b", "in/a", "out"):
        store.put("bucket", key, key)
    store.put("other", "in/c", "c")
    assert store.get("bucket", "in/a") == b"in/a"
    assert [(found.key, found.size) for found in store.list("bucket", "in/")] == [("in/a", 4), ("in/b", 4)]
    with pytest.raises(KeyError):
        store.get("bucket", "gone")


def test_no_key_leads_out_of_its_bucket(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    store = FolderStore(tmp_path / "root")
    for bucket, key in (("b", "../../secret"), ("..", "secret"), (".", "../secret")):
        with pytest.raises(KeyError):
            store.get(bucket, key)


def test_a_map_reads_and_writes_objects(store: ObjectStore) -> None:
    store.put("b", "in.csv", "n\n1\n2\n")
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    }
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": PREFIX + "s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "b", "Key": "in.csv"},
        },
        "ItemProcessor": processor,
        "ResultWriter": {
            "Resource": PREFIX + "s3:putObject",
            "Parameters": {"Bucket": "b", "Prefix": "out"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
        },
        "End": True,
    }
    engine = Engine(handlers=objects(store))
    found = engine.run(engine.start(Machine.parse({"StartAt": "M", "States": {"M": state}})))
    assert found.status == "SUCCEEDED"
    (key,) = (row.key for row in store.list("b", "out/") if "SUCCEEDED" in row.key)
    assert json.loads(store.get("b", key)) == [{"n": "1"}, {"n": "2"}]


def test_a_map_over_a_listing_gets_its_rows_and_a_missing_object_fails_it() -> None:
    store = MemoryStore()
    store.put("b", "x/1", "one")
    listing = run(objects(store), "s3:listObjectsV2", {"Bucket": "b", "Prefix": "x/"}).output
    assert [row["Key"] for row in listing["Contents"]] == ["x/1"]  # type: ignore[call-overload,index,union-attr]
    assert run(objects(store), "s3:getObject", {"Bucket": "b", "Key": "y"}).error == "S3.NoSuchKeyException"


# -- HTTP


def test_a_call_carries_query_headers_credentials_and_body() -> None:
    sent: list[HttpRequest] = []

    def send(request: HttpRequest) -> HttpResponse:
        sent.append(request)
        return HttpResponse(200, {"Content-Type": "application/json"}, b'{"ok": true}')

    handlers = http_task({"arn:c": {"X-Key": "k"}}.__getitem__, send)
    fields = {
        "ApiEndpoint": "https://example.com/v1",
        "Method": "POST",
        "Authentication": {"ConnectionArn": "arn:c"},
        "QueryParameters": {"q": ["a b", "c"]},
        "Headers": {"Accept": "x"},
        "RequestBody": {"n": 1},
    }
    found = run(handlers, "http:invoke", fields)
    assert found.output == {
        "Headers": {"content-type": ["application/json"]},
        "ResponseBody": {"ok": True},
        "StatusCode": 200,
        "StatusText": "OK",
    }
    headers = {"Accept": "x", "X-Key": "k", "Content-Type": "application/json"}
    assert sent == [HttpRequest("POST", "https://example.com/v1?q=a+b&q=c", headers, b'{"n":1}')]
    form = {**fields, "Transform": {"RequestBodyEncoding": "URL_ENCODED"}}
    run(handlers, "http:invoke", form)
    assert (sent[1].body, sent[1].headers["Content-Type"]) == (b"n=1", "application/x-www-form-urlencoded")
    unknown = {**fields, "Authentication": {"ConnectionArn": "arn:d"}}
    assert run(handlers, "http:invoke", unknown).error == "Events.ConnectionResource.NotFound"


def test_a_refused_call_and_a_silent_host_fail_the_task() -> None:
    fields = {"ApiEndpoint": "https://example.com", "Method": "GET"}
    refused = http_task(send=lambda _: HttpResponse(404, {}, b"no"))
    found = run(refused, "http:invoke", fields)
    assert found.error == "States.Http.StatusCode.404"
    assert json.loads(str(found.cause))["ResponseBody"] == "no"

    def silent(_: HttpRequest) -> HttpResponse:
        raise ConnectionRefusedError

    assert run(http_task(send=silent), "http:invoke", fields).error == "States.Http.Socket"
    with pytest.raises(OSError, match="no http address"):
        send_over_network(HttpRequest("GET", "file:///etc/hosts", {}, None))
