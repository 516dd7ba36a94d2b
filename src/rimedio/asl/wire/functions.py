"""Lambda tasks: functions in this process, or behind Lambda's own HTTP API.

`arn:aws:states:::lambda:invoke` (also with a task token) and a function's own ARN as `Resource`. An endpoint
is anything that answers `POST /2015-03-31/functions/NAME/invocations` as Lambda does: an emulator, a stand-in.
"""

import json
import urllib.parse
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus

from rimedio.asl.errors import TaskFailed
from rimedio.asl.handlers import Handler, TaskContext
from rimedio.asl.http_task import HttpRequest, HttpResponse, Send, send
from rimedio.asl.jsontext import JSON, dumps, loads

INVOKE = "arn:aws:states:::lambda:invoke"
FUNCTION_SECONDS_MAX = 900.0
FUNCTION = "arn:aws:lambda:*"
ERROR_TYPE, FUNCTION_ERROR, VERSION = "x-amzn-errortype", "x-amz-function-error", "x-amz-executed-version"
Invoke = Callable[[str, JSON], tuple[JSON, str]]  # function (name or ARN) and payload → result and version


def invoked(invoke: Invoke) -> dict[str, Handler]:
    """Handlers of Lambda tasks."""

    def by_integration(payload: JSON, _context: TaskContext) -> JSON:
        body = payload if isinstance(payload, dict) else {}
        result, version = invoke(str(body.get("FunctionName", "")), body.get("Payload", {}))
        status = int(HTTPStatus.OK)
        return {
            "ExecutedVersion": version,
            "Payload": result,
            "SdkHttpMetadata": {"HttpStatusCode": status},
            "StatusCode": status,
        }

    def by_arn(payload: JSON, context: TaskContext) -> JSON:
        return invoke(context.resource, payload)[0]

    return {INVOKE: by_integration, FUNCTION: by_arn}


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
        return _parsed(reply), told.get(VERSION, "$LATEST")


def _parsed(reply: HttpResponse) -> JSON:
    try:
        return loads(reply.body or b"null")
    except ValueError as error:
        raise TaskFailed("Lambda.SdkClientException", f"The answer is not JSON: {error}") from error


def _failed(reply: HttpResponse) -> TaskFailed:
    """The function raised, or was stopped."""
    text = reply.body.decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except ValueError:
        told = {}
    name = told.get("errorType") if isinstance(told, dict) else None
    return TaskFailed(str(name or "Lambda.Unknown"), text)


def _refused(reply: HttpResponse, headers: Mapping[str, str]) -> TaskFailed:
    """The service refused, or broke."""
    broke = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    default = "ServiceException" if broke else "SdkClientException"
    name = headers.get(ERROR_TYPE, default).partition(":")[0]
    return TaskFailed(f"Lambda.{name}", reply.body.decode("utf-8", "replace"))
