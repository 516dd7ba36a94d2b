"""AWS services for Task states, over clients that the caller gives: boto3's, or anything with such methods.

    handlers = {**my_handlers, **services(boto3.client)}
    handlers = services({"sqs": my_queue, "events": my_bus}.__getitem__)   # my_queue.send_message(**fields)

Resources: `arn:aws:states:::sqs:sendMessage`, `sns:publish`, `events:putEvents`, `dynamodb:getItem` (putItem,
updateItem, deleteItem), `s3:getObject` and its like for Map states, and `aws-sdk:SERVICE:ACTION` for every
other. Shapes and error names are those of Step Functions: names begin with a capital, a JSON message is sent as
text, an optimized answer carries SdkHttpMetadata, `SQS.QueueDoesNotExistException` is an error of the service,
`Sqs.SqsException` one that its model does not know, `Sqs.SdkClientException` one on the way to it.

A job (`glue:startJobRun.sync`) needs a handler of your own under that very resource: it starts the job, asks until it
has ended, calling `context.heartbeat()` in between, and answers what the job came to or raises TaskFailed.
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rimedio.asl.clock import iso
from rimedio.asl.errors import TaskFailed
from rimedio.asl.execution.handlers import Handler, TaskContext
from rimedio.asl.jsontext import JSON, dumps

PREFIX = "arn:aws:states:::"
Clients = Callable[[str], Any]
Fields = dict[str, JSON]

OPTIMIZED = {  # the prefix of its errors, and the name of one that the model does not know
    "sqs:sendMessage": ("SQS", "AmazonSQSException"),
    "sns:publish": ("SNS", "AmazonSNSException"),
    "events:putEvents": ("EventBridge", "EventBridgeException"),
    **{
        f"dynamodb:{action}Item": ("DynamoDB", "AmazonDynamoDBException")
        for action in ("get", "put", "update", "delete")
    },
    **{f"s3:{action}": ("S3", "AmazonS3Exception") for action in ("getObject", "putObject", "listObjectsV2")},
}
CLIENT_NAMES = {  # where boto3 calls a service by another name
    "sfn": "stepfunctions", "states": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs",
    "bedrockruntime": "bedrock-runtime", "bedrockagent": "bedrock-agent", "sagemakerruntime": "sagemaker-runtime",
    "bedrockagentruntime": "bedrock-agent-runtime", "cognitoidentityprovider": "cognito-idp",
    "rdsdata": "rds-data", "redshiftdata": "redshift-data", "costexplorer": "ce", "iotdataplane": "iot-data",
    "elasticloadbalancingv2": "elbv2", "databasemigration": "dms", "applicationautoscaling": "application-autoscaling",
}  # fmt: skip
ERROR_NAMES = {  # where the client does not tell
    "dynamodb": "DynamoDb", "eventbridge": "EventBridge", "secretsmanager": "SecretsManager",
    "cloudwatch": "CloudWatch", "cloudwatchlogs": "CloudWatchLogs", "bedrockruntime": "BedrockRuntime",
}  # fmt: skip
TEXT_FIELDS = {"sqs:sendMessage": "MessageBody", "sns:publish": "Message"}


def services(clients: Clients) -> dict[str, Handler]:
    """Handlers for every resource above; `clients` finds the client of a service by boto3's name."""
    made: dict[str, Handler] = {
        PREFIX + name: _Action(clients, name, *names) for name, names in OPTIMIZED.items()
    }

    def any_action(payload: JSON, context: TaskContext) -> JSON:
        name = context.resource.partition(":::aws-sdk:")[2].partition(".")[0]
        return _Action(clients, name)(payload, context)

    made[f"{PREFIX}aws-sdk:*"] = any_action
    return made


def sdk_metadata(status: int, request_id: str, headers: Mapping[str, str] | None = None) -> Fields:
    """What optimized integrations tell of the call itself."""
    shown: Fields = {}
    if headers:
        shown = {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": dict(headers),
        }
    return {
        "SdkHttpMetadata": {**shown, "HttpStatusCode": status},
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def refusal(service: str, name: str, message: str, status: int, request_id: str) -> TaskFailed:
    """The failure of a task whose service refused."""
    where = f"(Service: {service}, Status Code: {status}, Request ID: {request_id})"
    return TaskFailed(f"{service}.{name}", f"{message} {where}")


class _Action:
    """One action of one service, `sqs:sendMessage`, as a handler; optimized where its errors' names are given."""

    def __init__(self, clients: Clients, name: str, prefix: str = "", unknown: str = "") -> None:
        self._clients = clients
        self._name = name
        self._service, _, self._action = name.partition(":")
        self._prefix = prefix
        self._unknown = unknown

    def __call__(self, payload: JSON, context: TaskContext) -> JSON:
        """Call it. Raises TaskFailed under the name that AWS gives the error."""
        client = self._clients(CLIENT_NAMES.get(self._service, self._service))
        call = getattr(client, snake_case(self._action), None)
        if call is None:
            raise TaskFailed(
                "States.Runtime", f"The service {self._service!r} has no action {self._action!r}."
            )
        service = getattr(getattr(client, "meta", None), "service_model", None)
        model = (
            None if service is None else service.operation_model(self._action[:1].upper() + self._action[1:])
        )
        fields = dict(payload) if isinstance(payload, dict) else {}
        if self._prefix:
            fields = _prepared(self._name, fields, context)
        try:
            answer = call(**_as_sent(fields, getattr(model, "input_shape", None)))
        except Exception as error:
            raise self._failure(error, model) from error
        return self._response(answer, getattr(model, "output_shape", None))

    def _response(self, answer: Any, shape: Any) -> JSON:
        body: Fields = dict(answer) if isinstance(answer, Mapping) else {}
        raw = body.pop("ResponseMetadata", None)
        told = _as_json(body, shape)
        if not isinstance(told, dict) or not self._prefix or self._service == "s3":
            return told
        if told.get("FailedEntryCount"):
            raise TaskFailed("EventBridge.FailedEntry", dumps(told))
        known: Any = raw if isinstance(raw, dict) else {}
        status, request_id = known.get("HTTPStatusCode", 200), known.get("RequestId", "")
        return told | sdk_metadata(status, request_id, known.get("HTTPHeaders"))

    def _failure(self, error: Exception, model: Any) -> TaskFailed:
        """What a client raises: boto3's errors carry `response`, others speak by class and message."""
        prefix = self._prefix or _sdk_name(self._service, model)
        response = getattr(error, "response", None)
        found = response if isinstance(response, Mapping) else {}
        if not found and type(error).__module__.startswith("botocore"):
            if type(error).__name__ == "ParamValidationError":
                return TaskFailed("States.Runtime", str(error))
            return TaskFailed(f"{prefix}.SdkClientException", str(error))
        told, meta = found.get("Error", {}), found.get("ResponseMetadata", {})
        code = str(told.get("QueryErrorCode") or told.get("Code", type(error).__name__))
        name = _exception(code) if model is None else self._modelled(code, model, prefix)
        status, request_id = meta.get("HTTPStatusCode", 400), meta.get("RequestId", "")
        return refusal(prefix, name, str(told.get("Message", error)), status, request_id)

    def _modelled(self, code: str, model: Any, prefix: str) -> str:
        """The exception of an error code, as AWS's SDK for Java calls it; that of the service where it has none."""
        for shape in model.error_shapes:
            if code in (shape.name, shape.error_code) or code.endswith(f".{shape.name}"):
                return f"{shape.name.removesuffix('Exception').removesuffix('Fault')}Exception"
        return self._unknown or f"{prefix}Exception"


def _exception(code: str) -> str:
    name = code.rpartition(".")[2]
    return name if name.endswith("Exception") else f"{name.removesuffix('Error')}Exception"


def _sdk_name(service: str, model: Any) -> str:
    """A service's name in AWS's SDK for Java: `DynamoDB` is DynamoDb, `CloudWatch Logs` CloudWatchLogs."""
    known = "" if model is None else model.service_model.metadata.get("serviceId", "")
    words = _words(str(known)).split("_") if known else []
    return ERROR_NAMES.get(service) or "".join(map(str.capitalize, words)) or service.capitalize()


def _prepared(name: str, fields: Fields, context: TaskContext) -> Fields:
    """What optimized integrations make of a request: JSON is sent as text, an event names its execution."""
    text = TEXT_FIELDS.get(name)
    if text in fields and not isinstance(fields[text], str):
        fields[text] = dumps(fields[text])
    entries = fields.get("Entries")
    if name == "events:putEvents" and isinstance(entries, list):
        fields["Entries"] = [_entry(entry, context) for entry in entries]
    return fields


def _entry(entry: JSON, context: TaskContext) -> JSON:
    """An event as Step Functions sends it: the detail as text, the execution among the resources."""
    body: Fields = dict(entry) if isinstance(entry, dict) else {}
    if "Detail" in body and not isinstance(body["Detail"], str):
        body["Detail"] = dumps(body["Detail"])
    resources = body.get("Resources")
    body["Resources"] = [*(resources if isinstance(resources, list) else []), context.execution_id]
    return body


def snake_case(action: str) -> str:
    """`listObjectsV2` → `list_objects_v2`, as boto3 names its methods."""
    return _words(action).lower()


def _words(name: str) -> str:
    """A name with its words parted."""
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name.replace(" ", "_"))
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", parted)


def _as_sent(value: Any, shape: Any) -> Any:
    """A request as boto3 wants it: Step Functions begins every name with a capital, and sends JSON as blobs too."""
    kind = getattr(shape, "type_name", "")
    if isinstance(value, dict) and kind in ("structure", ""):
        known = {name.lower(): name for name in getattr(shape, "members", {})}
        names = {name: known.get(name.lower(), name) for name in value}
        return {new: _as_sent(value[name], shape and shape.members.get(new)) for name, new in names.items()}
    if isinstance(value, dict) and kind == "map":
        return {name: _as_sent(member, shape.value) for name, member in value.items()}
    if isinstance(value, list) and kind == "list":
        return [_as_sent(element, shape.member) for element in value]
    return dumps(value) if kind == "blob" and not isinstance(value, str) else value


def _as_json(value: Any, shape: Any = None) -> JSON:
    """An answer as JSON: capital names, bodies read, instants as ISO 8601 text, bytes as text."""
    if isinstance(value, Mapping):
        members = getattr(shape, "members", {})
        capital = getattr(shape, "type_name", "") == "structure"
        return {
            (name[:1].upper() + name[1:] if capital else str(name)): _as_json(
                member, members.get(name) or getattr(shape, "value", None)
            )
            for name, member in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_as_json(element, getattr(shape, "member", None)) for element in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "read"):
        value = value.read()
    return _as_text(value) if isinstance(value, bytes) else value


def _as_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
