"""`http:invoke`: calls an HTTP API from a Task state, in the shapes of Step Functions.

    handlers = {**my_handlers, **http_task({CONNECTION_ARN: {"Authorization": "Bearer …"}}.__getitem__)}

A connection is known by its ARN (`ConnectionArn` of `Authentication` or `InvocationConfig`) and answers headers. A
status that is no success fails the task as `States.Http.StatusCode.404` with the body as the cause; a host that cannot
be reached, does not answer in 60 seconds or has a bad certificate as `States.Http.Socket`; what HTTP tasks do not
support (a header of `REFUSED`, an image as the answer) as `States.Runtime`.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from typing import Protocol

from rimedio.asl.errors import TaskFailed
from rimedio.asl.execution.handlers import Handler, TaskContext
from rimedio.asl.jsontext import JSON, dumps

INVOKE = "arn:aws:states:::http:invoke"
TIMEOUT_SECONDS = 60
SUCCESS = range(200, 300)
REFUSED = re.compile(
    "a-im|accept-(charset|datetime|encoding)|authorization|cache-control|connection|content-(encoding|md5)|date|expect"
    "|forwarded|from|host|http2-settings|if-.*|max-forwards|origin|pragma|proxy-authorization|referer|server|te|trailer"
    "|transfer-encoding|upgrade|via|warning|x-(forwarded|amz|amzn)-.*"
)
UNREADABLE = re.compile(r"(image|video|audio)/|application/octet-stream")
ARRAYS = {"INDICES": "{0}[{1}]", "BRACKETS": "{0}[]", "REPEAT": "{0}"}
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

    @property
    def phrase(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase if self.status in list(HTTPStatus) else ""


@dataclass(frozen=True)
class Exchange:
    """A request and its response; `secret` are the names of the headers that the connection added."""

    request: HttpRequest
    response: HttpResponse
    secret: frozenset[str] = field(default_factory=frozenset)

    @property
    def answer(self) -> JSON:
        """What the task answers. Raises TaskFailed."""
        response = self.response
        text = response.body.decode("utf-8", "replace")
        if response.status not in SUCCESS:
            raise TaskFailed(f"States.Http.StatusCode.{response.status}", text)
        headers: dict[str, JSON] = {name.lower(): [value] for name, value in response.headers.items()}
        kind = str(headers.get("content-type", [""]))
        if UNREADABLE.search(kind) or "\ufffd" in text:
            raise TaskFailed("States.Runtime", f"A response of the content type {kind} is not supported.")
        try:
            body: JSON = json.loads(text)
        except ValueError:
            body = text
        return {
            "Headers": headers,
            "ResponseBody": body,
            "StatusCode": response.status,
            "StatusText": response.phrase,
        }


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
    except HTTPException as error:
        msg = f"{request.url} does not speak HTTP: {error!r}"
        raise OSError(msg) from error


class HttpTask:
    """The handler of `http:invoke`."""

    def __init__(self, connections: Connections | None = None, send: Send = send) -> None:
        self._connections = connections
        self._send = send

    def __call__(self, payload: JSON, _context: TaskContext) -> JSON:
        """The task's answer. Raises TaskFailed."""
        return self.exchange(payload).answer

    def exchange(self, payload: JSON) -> Exchange:
        """Request and response, whatever its status. Raises TaskFailed when there is none."""
        fields = payload if isinstance(payload, dict) else {}
        secrets = self._credentials(fields)
        request = _request(fields, secrets)
        try:
            return Exchange(request, self._send(request), frozenset(secrets))
        except OSError as error:
            raise TaskFailed("States.Http.Socket", f"{request.url}: {error}") from error

    def _credentials(self, fields: Mapping[str, JSON]) -> Mapping[str, str]:
        given = fields.get("Authentication") or fields.get("InvocationConfig")
        arn = given.get("ConnectionArn") if isinstance(given, dict) else None
        if arn is None:
            return {}
        try:
            if self._connections is not None:
                return self._connections(str(arn))
        except KeyError:
            pass
        raise TaskFailed("Events.ConnectionResource.NotFound", f"There is no connection {arn}.")


def http_task(connections: Connections | None = None, send: Send = send) -> dict[str, Handler]:
    """The handler, by its resource."""
    return {INVOKE: HttpTask(connections, send)}


def _request(fields: Mapping[str, JSON], secrets: Mapping[str, str]) -> HttpRequest:
    url, query, given = (
        str(fields.get("ApiEndpoint", "")),
        fields.get("QueryParameters"),
        fields.get("Headers"),
    )
    if isinstance(query, dict) and query:
        pairs = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
        url += ("&" if "?" in url else "?") + urllib.parse.urlencode(pairs, doseq=True)
    headers = {name: _joined(value) for name, value in given.items()} if isinstance(given, dict) else {}
    refused = [name for name in headers if REFUSED.fullmatch(name.lower())]
    if refused:
        raise TaskFailed("States.Runtime", f"The 'Headers' field contains unsupported values: {refused}")
    headers.update(secrets)
    body = None
    if "RequestBody" in fields:
        kind, body = _encoded(fields["RequestBody"], fields.get("Transform"))
        if "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = kind
    return HttpRequest(str(fields.get("Method", "GET")), url, headers, body)


def _joined(value: JSON) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _encoded(body: JSON, transform: JSON) -> tuple[str, bytes]:
    """Content type and bytes: JSON, or a form where `Transform.RequestBodyEncoding` says URL_ENCODED."""
    given = transform if isinstance(transform, dict) else {}
    if given.get("RequestBodyEncoding") == "URL_ENCODED" and isinstance(body, dict):
        options = given.get("RequestEncodingOptions")
        arrays = str(options.get("ArrayFormat", "INDICES")) if isinstance(options, dict) else "INDICES"
        pairs = [pair for name, value in body.items() for pair in _pairs(name, value, arrays)]
        return "application/x-www-form-urlencoded", urllib.parse.urlencode(pairs).encode()
    return "application/json", (body if isinstance(body, str) else dumps(body)).encode()


def _pairs(name: str, value: JSON, arrays: str) -> Iterator[tuple[str, str]]:
    """A member of a form: arrays by index, in brackets, repeated or with commas; objects by key."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _pairs(f"{name}[{key}]", member, arrays)
    elif isinstance(value, list) and arrays in ARRAYS:
        for index, element in enumerate(value):
            yield from _pairs(ARRAYS[arrays].format(name, index), element, arrays)
    else:
        text = ",".join(map(str, value)) if isinstance(value, list) else value
        yield name, text if isinstance(text, str) else dumps(text)
