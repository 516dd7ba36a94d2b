"""`http:invoke`: calls an HTTP API from a Task state, in the shapes of Step Functions.

    handlers = {**my_handlers, **http_task({CONNECTION_ARN: {"Authorization": "Bearer …"}}.__getitem__)}

A connection is known by its ARN (`Authentication.ConnectionArn`) and answers headers. Statuses from 400 on
fail the task as `States.Http.StatusCode.404`, an unreachable host as `States.Http.Socket`.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from rimedio.asl.errors import TaskFailed
from rimedio.asl.execution.handlers import Handler, TaskContext
from rimedio.asl.jsontext import JSON, dumps

INVOKE = "arn:aws:states:::http:invoke"
TIMEOUT_SECONDS = 60
Connections = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True)
class HttpRequest:
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True)
class HttpResponse:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Send(Protocol):
    """Does the call. Raises OSError when nobody answers."""

    def __call__(self, request: HttpRequest) -> HttpResponse: ...


def send(request: HttpRequest, seconds: float = TIMEOUT_SECONDS) -> HttpResponse:
    """Over the network, http and https only. Raises OSError."""
    if not request.url.lower().startswith(("https://", "http://")):
        msg = f"{request.url} is no http address"
        raise OSError(msg)
    made = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        request.url, data=request.body, headers=dict(request.headers), method=request.method
    )
    try:
        with urllib.request.urlopen(made, timeout=seconds) as answer:  # noqa: S310
            return HttpResponse(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return HttpResponse(error.code, dict(error.headers), error.read())


def http_task(connections: Connections | None = None, send: Send = send) -> dict[str, Handler]:
    """The handler of `http:invoke`."""

    def invoke(payload: JSON, _: TaskContext) -> JSON:
        request = _request(payload if isinstance(payload, dict) else {}, connections)
        try:
            response = send(request)
        except OSError as error:
            raise TaskFailed("States.Http.Socket", f"{request.url}: {error}") from error
        answer = _answer(response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise TaskFailed(f"States.Http.StatusCode.{response.status}", dumps(answer))
        return answer

    return {INVOKE: invoke}


def _request(fields: Mapping[str, JSON], connections: Connections | None) -> HttpRequest:
    url, query = str(fields.get("ApiEndpoint", "")), fields.get("QueryParameters")
    if isinstance(query, dict) and query:
        pairs = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
        url += ("&" if "?" in url else "?") + urllib.parse.urlencode(pairs, doseq=True)
    headers: dict[str, str] = {}
    given = fields.get("Headers")
    if isinstance(given, dict):
        headers = {name: _joined(value) for name, value in given.items()}
    headers.update(_credentials(fields.get("Authentication"), connections))
    body = None
    if "RequestBody" in fields:
        body = _encoded(fields["RequestBody"], headers, fields.get("Transform"))
    return HttpRequest(str(fields.get("Method", "GET")), url, headers, body)


def _joined(value: JSON) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _credentials(given: JSON, connections: Connections | None) -> Mapping[str, str]:
    arn = given.get("ConnectionArn") if isinstance(given, dict) else None
    if arn is None:
        return {}
    try:
        if connections is not None:
            return connections(str(arn))
    except KeyError:
        pass
    raise TaskFailed("Events.ConnectionResource.NotFound", f"There is no connection {arn}.")


def _encoded(body: JSON, headers: dict[str, str], transform: JSON) -> bytes:
    """JSON, or a form where `Transform.RequestBodyEncoding` says URL_ENCODED."""
    kind = transform.get("RequestBodyEncoding") if isinstance(transform, dict) else None
    known = {name.lower() for name in headers}
    if kind == "URL_ENCODED" and isinstance(body, dict):
        headers.update(
            {} if "content-type" in known else {"Content-Type": "application/x-www-form-urlencoded"}
        )
        return urllib.parse.urlencode(body, doseq=True).encode()
    headers.update({} if "content-type" in known else {"Content-Type": "application/json"})
    return (body if isinstance(body, str) else dumps(body)).encode()


def _answer(response: HttpResponse) -> dict[str, JSON]:
    text = response.body.decode("utf-8", "replace")
    try:
        body: JSON = json.loads(text)
    except ValueError:
        body = text
    known = {status.value: status.phrase for status in HTTPStatus}
    return {
        "Headers": {name.lower(): [value] for name, value in response.headers.items()},
        "ResponseBody": body,
        "StatusCode": response.status,
        "StatusText": known.get(response.status, ""),
    }
