"""AWS services for Task states, over clients that the caller gives: boto3's, or anything with such methods.

    handlers = {**my_handlers, **services(boto3.client)}
    handlers = services({"sqs": my_queue, "events": my_bus}.__getitem__)   # my_queue.send_message(**fields)

Resources: `arn:aws:states:::sqs:sendMessage`, `sns:publish`, `events:putEvents`, `dynamodb:getItem` (putItem,
updateItem, deleteItem), `s3:getObject` and its like for Map states, and `aws-sdk:SERVICE:ACTION` for every
other. Shapes and error names are those of Step Functions: a JSON message is sent as text, an optimized
answer carries SdkHttpMetadata, `SQS.QueueDoesNotExistException` for an error of the service.
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

OPTIMIZED = {
    "sqs:sendMessage": "SQS",
    "sns:publish": "SNS",
    "events:putEvents": "EventBridge",
    **{f"dynamodb:{action}Item": "DynamoDB" for action in ("get", "put", "update", "delete")},
    **{f"s3:{action}": "S3" for action in ("getObject", "putObject", "listObjectsV2")},
}
CLIENT_NAMES = {
    "sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs",
    "bedrockruntime": "bedrock-runtime", "bedrockagentruntime": "bedrock-agent-runtime",
    "sagemakerruntime": "sagemaker-runtime", "cognitoidentityprovider": "cognito-idp", "scheduler": "scheduler",
}  # fmt: skip
ERROR_NAMES = {
    "dynamodb": "DynamoDb", "eventbridge": "EventBridge", "secretsmanager": "SecretsManager",
    "cloudwatch": "CloudWatch", "cloudwatchlogs": "CloudWatchLogs", "bedrockruntime": "BedrockRuntime",
}  # fmt: skip
TEXT_FIELDS = {"sqs:sendMessage": "MessageBody", "sns:publish": "Message"}


def services(clients: Clients) -> dict[str, Handler]:
    """Handlers for every resource above; `clients` finds the client of a service by boto3's name."""
    made: dict[str, Handler] = {}
    for resource, error in OPTIMIZED.items():
        service, _, action = resource.partition(":")
        made[f"{PREFIX}{resource}"] = _Action(clients, service, action, error, optimized=True)

    def any_action(payload: JSON, context: TaskContext) -> JSON:
        _, service, action = context.resource.partition(":::")[2].split(":")[:3]
        action = action.partition(".")[0]
        error = ERROR_NAMES.get(service, service.capitalize())
        return _Action(clients, service, action, error, optimized=False)(payload, context)

    made[f"{PREFIX}aws-sdk:*"] = any_action
    return made


class _Action:
    """One action of one service, as a handler."""

    def __init__(
        self, clients: Clients, service: str, action: str, error_prefix: str, *, optimized: bool
    ) -> None:
        self._clients = clients
        self._service = service
        self._action = action
        self._prefix = error_prefix
        self._optimized = optimized

    def __call__(self, payload: JSON, context: TaskContext) -> JSON:
        """Call it. Raises TaskFailed under the name that AWS gives the error."""
        fields = self._request(dict(payload) if isinstance(payload, dict) else {}, context)
        client = self._clients(CLIENT_NAMES.get(self._service, self._service))
        call = getattr(client, snake_case(self._action))
        model = _model(client, self._action)
        try:
            answer = call(**_renamed(fields, None if model is None else model.input_shape))
        except Exception as error:
            raise self._failure(error) from error
        return self._response(answer, None if model is None else model.output_shape)

    def _request(self, fields: Fields, context: TaskContext) -> Fields:
        name = f"{self._service}:{self._action}"
        if not self._optimized:
            return fields
        text = TEXT_FIELDS.get(name)
        if text is not None and text in fields and not isinstance(fields[text], str):
            fields[text] = dumps(fields[text])
        if name == "events:putEvents":
            entries = fields.get("Entries")
            fields["Entries"] = [
                _entry(entry, context) for entry in (entries if isinstance(entries, list) else [])
            ]
        return fields

    def _response(self, answer: Any, shape: Any) -> JSON:
        body: Fields = dict(answer) if isinstance(answer, Mapping) else {}
        raw = body.pop("ResponseMetadata", None)
        told = _as_json(body, shape)
        if not isinstance(told, dict) or not self._optimized or self._service == "s3":
            return told
        if told.get("FailedEntryCount"):
            raise TaskFailed("EventBridge.FailedEntry", dumps(told))
        known = raw if isinstance(raw, dict) else {}
        told["SdkHttpMetadata"] = {"HttpStatusCode": known.get("HTTPStatusCode", 200)}
        told["SdkResponseMetadata"] = {"RequestId": known.get("RequestId", "")}
        return told

    def _failure(self, error: Exception) -> TaskFailed:
        """What a client raises: boto3's errors carry `response`, others speak by class and message."""
        response = getattr(error, "response", None)
        found = response if isinstance(response, Mapping) else {}
        told = found.get("Error", {})
        meta = found.get("ResponseMetadata", {})
        code = str(told.get("Code", type(error).__name__)).rpartition(".")[2]
        name = code if code.endswith("Exception") else f"{code.removesuffix('Error')}Exception"
        status, request = meta.get("HTTPStatusCode", 400), meta.get("RequestId", "")
        where = f"(Service: {self._prefix}, Status Code: {status}, Request ID: {request})"
        return TaskFailed(f"{self._prefix}.{name}", f"{told.get('Message', error)} {where}")


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
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", action)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", parted).lower()


def _model(client: Any, action: str) -> Any:
    """What boto3 knows of an action: the shapes of request and response."""
    model = getattr(getattr(client, "meta", None), "service_model", None)
    if model is None:
        return None
    return model.operation_model(action[:1].upper() + action[1:])


def _renamed(fields: Fields, shape: Any) -> Fields:
    """Step Functions writes every name with a capital; some services begin them small."""
    known = {name.lower(): name for name in getattr(shape, "members", {})}
    return {known.get(name.lower(), name): value for name, value in fields.items()}


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
