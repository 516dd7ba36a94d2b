"""Services, objects and HTTP calls that Task states reach."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ParamValidationError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from rimedio.asl import Description, Engine, Machine, TaskFailed
from rimedio.asl.integrations.functions import START, functions, nested
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
    assert found.cause == "no"

    def silent(_: HttpRequest) -> HttpResponse:
        raise ConnectionRefusedError

    assert run(http_task(send=silent), "http:invoke", fields).error == "States.Http.Socket"
    with pytest.raises(OSError, match="no http address"):
        send_over_network(HttpRequest("GET", "file:///etc/hosts", {}, None))


# -- functions and nested executions


def test_functions_are_found_by_name_arn_and_alias_and_answer_as_lambda_does() -> None:
    handlers = functions({"greet": lambda payload, _: f"hi {payload}"})
    for name in ("greet", "greet:live", "arn:aws:lambda:eu-south-1:000000000000:function:greet:1"):
        answer = run(handlers, "lambda:invoke", {"FunctionName": name, "Payload": "Ada"}).output
        assert isinstance(answer, dict)
        request = answer["SdkResponseMetadata"]
        assert answer == {
            "ExecutedVersion": "$LATEST",
            "Payload": "hi Ada",
            "SdkHttpMetadata": {"HttpStatusCode": 200},
            "SdkResponseMetadata": request,
            "StatusCode": 200,
        }
        assert isinstance(request, dict)
        assert list(request) == ["RequestId"]
    gone = run(handlers, "lambda:invoke", {"FunctionName": "gone"})
    assert gone.error == "Lambda.ResourceNotFoundException"
    assert str(gone.cause).startswith(
        "Function not found: gone (Service: Lambda, Status Code: 404, Request ID: "
    )


def test_an_event_is_accepted_whatever_comes_of_it() -> None:
    seen: list[Any] = []

    def broken(payload: Any, _context: Any) -> Any:
        seen.append(payload)
        raise LookupError

    arguments = {"FunctionName": "f", "InvocationType": "Event", "Payload": 1}
    found: Any = run(functions({"f": broken}), "lambda:invoke", arguments).output
    assert (found["StatusCode"], found["Payload"], seen) == (202, "", [1])


def test_a_function_that_raises_fails_as_in_lambda() -> None:
    def broken(_payload: Any, _context: Any) -> Any:
        raise LookupError("lost")

    found = run(functions({"f": broken}), "lambda:invoke", {"FunctionName": "f"})
    assert found.error == "LookupError"
    told = json.loads(str(found.cause))
    assert (told["errorMessage"], told["errorType"]) == ("lost", "LookupError")
    assert 'raise LookupError("lost")' in told["stackTrace"][0]

    def refused(_payload: Any, _context: Any) -> Any:
        raise TaskFailed("Mine", "why")

    assert run(functions({"f": refused}), "lambda:invoke", {"FunctionName": "f"}).error == "Mine"


def engine_with(child: dict[str, Any]) -> Engine:
    handlers: dict[str, Any] = {}
    engine = Engine(handlers=handlers)
    handlers.update(nested(engine, engine.registry.find))
    machine = {"StartAt": "C", "States": {"C": child}}
    engine.registry.put(Machine.parse(machine, "child"))
    return engine


def start_child(engine: Engine, suffix: str, arguments: dict[str, Any], **fields: Any) -> Description:
    state = {"Type": "Task", "Resource": START + suffix, "Parameters": arguments, "End": True, **fields}
    return engine.run(engine.start(Machine.parse({"StartAt": "A", "States": {"A": state}})))


@pytest.mark.parametrize(
    ("suffix", "given", "shown"), [(".sync", '{"a":1}', '{"a":1}'), (".sync:2", {"a": 1}, {"a": 1})]
)
def test_an_awaited_execution_is_described(suffix: str, given: Any, shown: Any) -> None:
    engine = engine_with({"Type": "Pass", "End": True})
    found: Any = start_child(engine, suffix, {"StateMachineArn": "child", "Name": "n", "Input": given}).output
    assert (found["Input"], found["Output"], found["Name"], found["Status"]) == (
        shown,
        shown,
        "n",
        "SUCCEEDED",
    )
    assert found["InputDetails"] == found["OutputDetails"] == {"Included": True}
    assert isinstance(found["StartDate"], int)
    assert "Error" not in found


def test_a_started_execution_is_named_and_an_awaited_one_that_fails_tells_how() -> None:
    engine = engine_with({"Type": "Fail", "Error": "E", "Cause": "C"})
    started: Any = start_child(engine, "", {"StateMachineArn": "child"}).output
    assert sorted(started) == ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"]
    assert started["StartDate"].endswith("Z")
    failed = start_child(engine, ".sync:2", {"StateMachineArn": "child"})
    assert failed.error == "States.TaskFailed"
    told = json.loads(str(failed.cause))
    assert (told["Error"], told["Cause"], told["Status"]) == ("E", "C", "FAILED")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"StateMachineArn": "none"}, "StepFunctions.StateMachineDoesNotExistException"),
        ({"StateMachineArn": "child", "Input": "{"}, "StepFunctions.InvalidExecutionInputException"),
    ],
)
def test_an_execution_that_cannot_start_fails_the_task(arguments: dict[str, Any], error: str) -> None:
    assert start_child(engine_with({"Type": "Succeed"}), "", arguments).error == error


# -- what boto3 knows of its services


class Modelled(Client):
    """A client with botocore's model of its service."""

    def __init__(self, service: str, **answers: Any) -> None:
        super().__init__(**answers)
        self.meta = SimpleNamespace(
            service_model=ServiceModel(Loader().load_service_model(service, "service-2"))
        )


@pytest.mark.parametrize(
    ("service", "resource", "code", "error"),
    [
        ("s3", "aws-sdk:s3:getObject", "NoSuchKey", "S3.NoSuchKeyException"),
        ("s3", "aws-sdk:s3:getObject", "AccessDenied", "S3.S3Exception"),
        ("dynamodb", "aws-sdk:dynamodb:putItem", "ValidationException", "DynamoDb.DynamoDbException"),
        ("dynamodb", "dynamodb:putItem", "ValidationException", "DynamoDB.AmazonDynamoDBException"),
        ("dynamodb", "dynamodb:putItem", "ConditionalCheckFailedException", "DynamoDB.ConditionalCheckFailedException"),
        ("sqs", "aws-sdk:sqs:sendMessage", "QueueDoesNotExist", "Sqs.QueueDoesNotExistException"),
        ("secretsmanager", "aws-sdk:secretsmanager:getSecretValue", "ResourceNotFoundException", "SecretsManager.ResourceNotFoundException"),
        ("logs", "aws-sdk:cloudwatchlogs:describeLogGroups", "Odd", "CloudWatchLogs.CloudWatchLogsException"),
    ],
)  # fmt: skip
def test_errors_are_named_by_the_service_s_model(service: str, resource: str, code: str, error: str) -> None:
    method = snake_case(resource.rpartition(":")[2])
    assert call(Modelled(service, **{method: Refused(code)}), resource, {}).error == error


def test_names_and_blobs_of_requests_fit_the_service_s_model() -> None:
    client = Modelled("ecs", run_task={"tasks": [{"taskArn": "t"}], "failures": [], **META})
    overrides = {"ContainerOverrides": [{"Name": "c", "Environment": [{"Name": "K", "Value": "v"}]}]}
    found = call(client, "aws-sdk:ecs:runTask", {"TaskDefinition": "d", "Overrides": overrides})
    sent = {"containerOverrides": [{"name": "c", "environment": [{"name": "K", "value": "v"}]}]}
    assert client.calls == [("run_task", {"taskDefinition": "d", "overrides": sent})]
    assert found.output == {"Tasks": [{"TaskArn": "t"}], "Failures": []}
    function = Modelled("lambda", invoke={"StatusCode": 200, "Payload": BytesIO(b'{"b":2}'), **META})
    found = call(function, "aws-sdk:lambda:invoke", {"FunctionName": "f", "Payload": {"a": 1}})
    assert function.calls[0][1]["Payload"] == '{"a":1}'
    assert found.output == {"StatusCode": 200, "Payload": '{"b":2}'}


def test_a_call_that_never_reached_the_service_is_the_client_s() -> None:
    unreachable = EndpointConnectionError(endpoint_url="http://x")
    assert (
        call(Client(list_queues=unreachable), "aws-sdk:sqs:listQueues", {}).error == "Sqs.SdkClientException"
    )
    unfit = ParamValidationError(report="Missing")
    assert call(Client(list_queues=unfit), "aws-sdk:sqs:listQueues", {}).error == "States.Runtime"
    assert call(Client(), "aws-sdk:sqs:dance", {}).error == "States.Runtime"


def test_a_job_is_a_handler_that_works_to_its_end() -> None:
    def job(payload: Any, context: Any) -> Any:
        context.heartbeat()
        return {"JobRunState": "SUCCEEDED", "JobName": payload["JobName"]}

    handlers = {f"{PREFIX}glue:startJobRun.sync": job}
    assert run(handlers, "glue:startJobRun.sync", {"JobName": "j"}).output == {
        "JobRunState": "SUCCEEDED",
        "JobName": "j",
    }


# -- more of HTTP


def post(
    fields: dict[str, Any], response: HttpResponse | None = None
) -> tuple[Description, list[HttpRequest]]:
    sent: list[HttpRequest] = []

    def send(request: HttpRequest) -> HttpResponse:
        sent.append(request)
        return response or HttpResponse(200, {}, b"")

    given = {"ApiEndpoint": "https://example.com", "Method": "POST", **fields}
    return run(http_task(send=send), "http:invoke", given), sent


@pytest.mark.parametrize(
    ("arrays", "body"),
    [
        (None, b"a%5B0%5D=1&a%5B1%5D=x&o%5Bk%5D=true"),
        ("INDICES", b"a%5B0%5D=1&a%5B1%5D=x&o%5Bk%5D=true"),
        ("BRACKETS", b"a%5B%5D=1&a%5B%5D=x&o%5Bk%5D=true"),
        ("REPEAT", b"a=1&a=x&o%5Bk%5D=true"),
        ("COMMAS", b"a=1%2Cx&o%5Bk%5D=true"),
    ],
)
def test_a_form_writes_its_arrays_as_it_is_told(arrays: str | None, body: bytes) -> None:
    transform: dict[str, Any] = {"RequestBodyEncoding": "URL_ENCODED"}
    if arrays:
        transform["RequestEncodingOptions"] = {"ArrayFormat": arrays}
    _, sent = post({"RequestBody": {"a": [1, "x"], "o": {"k": True}}, "Transform": transform})
    assert sent[0].body == body


@pytest.mark.parametrize("header", ["Authorization", "host", "X-Amzn-Trace-Id", "If-Match"])
def test_headers_that_http_tasks_do_not_take_are_refused(header: str) -> None:
    found, sent = post({"Headers": {header: "x"}})
    assert (found.error, sent) == ("States.Runtime", [])


def test_an_answer_that_is_no_text_is_not_supported() -> None:
    image = HttpResponse(200, {"Content-Type": "image/png"}, b"x")
    assert post({}, image)[0].error == "States.Runtime"
    assert post({}, HttpResponse(200, {}, b"\xff\xfe"))[0].error == "States.Runtime"
    text: Any = post({}, HttpResponse(201, {"Content-Type": "text/plain"}, b"made"))[0].output
    assert (text["ResponseBody"], text["StatusText"]) == ("made", "Created")
