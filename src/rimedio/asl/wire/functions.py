"""Lambda tasks: functions in this process, or behind Lambda's own HTTP API.

`arn:aws:states:::lambda:invoke` (also with a task token) and a function's own ARN as `Resource`. An endpoint
is anything that answers `POST /2015-03-31/functions/NAME/invocations` as Lambda does: an emulator, a stand-in.
"""

import json
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from rimedio.asl.errors import TaskFailed
from rimedio.asl.execution.handlers import Handler, TaskContext
from rimedio.asl.integrations.functions import INVOKE, LATEST, function_error, function_name, lambda_invoke
from rimedio.asl.integrations.http_task import HttpRequest, HttpResponse, Send, send
from rimedio.asl.integrations.services import refusal
from rimedio.asl.jsontext import JSON, dumps, loads

FUNCTION_SECONDS_MAX = 900.0
FUNCTION = "arn:aws:lambda:*"
ERROR_TYPE, FUNCTION_ERROR, VERSION = "x-amzn-errortype", "x-amz-function-error", "x-amz-executed-version"
MARSHAL_ERROR = "Runtime.MarshalError"
REQUEST_ID = "x-amzn-requestid"
UNKNOWN = "The cause could not be determined because Lambda did not return an error type. Returned payload: "
Invoke = Callable[[str, JSON], tuple[JSON, str]]  # function (name or ARN) and payload → result and version


def invoked(invoke: Invoke) -> dict[str, Handler]:
    """Handlers of Lambda tasks."""

    def by_arn(payload: JSON, context: TaskContext) -> JSON:
        return invoke(context.resource, payload)[0]

    return {INVOKE: lambda_invoke(lambda name, payload, _: invoke(name, payload)), FUNCTION: by_arn}


@dataclass(frozen=True)
class LocalContext:
    """What Lambda tells a function of its call: the part of the runtime's context that functions use."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    memory_limit_in_mb: int = 128
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds that are left; here they do not run out."""
        return self.remaining_ms


Function = Callable[[JSON, LocalContext], object]


class LocalFunctions:
    """Calls functions of this process as Lambda's runtime does.

    Payload and result go through JSON; an exception becomes `errorType` (its class), `errorMessage`,
    `requestId` and `stackTrace`; a result that is no JSON is a `Runtime.MarshalError`. A function is found by
    the name in its ARN, without version or alias.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    def __call__(self, function: str, payload: JSON) -> tuple[JSON, str]:
        """Result and version. Raises TaskFailed."""
        name, request_id = function_name(function), str(uuid.uuid4())
        if name not in self._functions:
            raise refusal(
                "Lambda", "ResourceNotFoundException", f"Function not found: {function}", 404, request_id
            )
        context = LocalContext(name, function, request_id)
        try:
            result = self._functions[name](loads(dumps(payload)), context)
        except Exception as error:
            raise function_error(error, request_id) from error
        try:
            return loads(json.dumps(result)), LATEST
        except (TypeError, ValueError) as error:
            told = {"errorMessage": f"Unable to marshal response: {error}", "errorType": MARSHAL_ERROR}
            cause = json.dumps({**told, "requestId": request_id, "stackTrace": []})
            raise TaskFailed(MARSHAL_ERROR, cause) from error


class LambdaEndpoint:
    """Calls functions over HTTP. Errors come under the names that Step Functions gives them.

    An error of the function itself has its `errorType`, with Lambda's whole JSON as the cause; one of the
    service is `Lambda.TooManyRequestsException` and its like; no answer at all is `Lambda.SdkClientException`.
    """

    def __init__(self, url: str, over: Send | None = None) -> None:
        self._url = url.rstrip("/")
        self._send = over or partial(send, seconds=FUNCTION_SECONDS_MAX)

    def __call__(self, function: str, payload: JSON) -> tuple[JSON, str]:
        """Result and version. Raises TaskFailed."""
        name = urllib.parse.quote(function, safe="")
        url = f"{self._url}/2015-03-31/functions/{name}/invocations"
        headers = {"Content-Type": "application/json", "X-Amz-Invocation-Type": "RequestResponse"}
        try:
            reply = self._send(HttpRequest("POST", url, headers, dumps(payload).encode()))
        except OSError as error:
            raise TaskFailed("Lambda.SdkClientException", f"{self._url} does not answer: {error}") from error
        told = {key.lower(): value for key, value in reply.headers.items()}
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise _refused(reply, told)
        if told.get(FUNCTION_ERROR):
            raise _failed(reply)
        return _parsed(reply), told.get(VERSION, LATEST)


def _parsed(reply: HttpResponse) -> JSON:
    try:
        return loads(reply.body or b"null")
    except ValueError as error:
        raise TaskFailed("Lambda.SdkClientException", f"The answer is not JSON: {error}") from error


def _failed(reply: HttpResponse) -> TaskFailed:
    """The function raised, or was stopped."""
    text = reply.body.decode("utf-8", "replace")
    name = _members(text).get("errorType")
    return TaskFailed(str(name), text) if name else TaskFailed("Lambda.Unknown", UNKNOWN + text)


def _refused(reply: HttpResponse, headers: Mapping[str, str]) -> TaskFailed:
    """The service refused, or broke."""
    broke = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    default = "ServiceException" if broke else "SdkClientException"
    name = headers.get(ERROR_TYPE, default).partition(":")[0]
    text = reply.body.decode("utf-8", "replace")
    fields = {key.lower(): value for key, value in _members(text).items()}
    message, request = str(fields.get("message", text)), headers.get(REQUEST_ID, "")
    return refusal("Lambda", name, message, reply.status, request)


def _members(text: str) -> dict[str, JSON]:
    """The members of an object in JSON; none when it is none."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
