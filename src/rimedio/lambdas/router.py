"""Where route modules register their handlers: who may call, what comes in, what goes out, in one place."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Required, TypedDict, TypeVar, Unpack

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import Conflict, InvalidInput, Unauthorized
from rimedio.lambdas.binding import JSON, Contract, Event
from rimedio.lambdas.caller import Caller, caller_of
from rimedio.lambdas.failures import RequestRefused, failure_of
from rimedio.lambdas.replies import Download, Reply
from rimedio.lambdas.resolver import ThreadedRestResolver
from rimedio.lambdas.sse import MEDIA_TYPE, StreamCall
from rimedio.security.permissions import PUBLIC, require

H = TypeVar("H", bound=Callable[..., object])

ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
TEXTUAL = (JSON, "text/")
EVENT_STREAM = "text/event-stream"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")


class About(TypedDict, total=False):
    """What a route says of itself.

    `status` of success; `errors`: statuses beyond the usual ones; `media`: type of a `Download`. `unfit`: a
    request whose form is right may still not fit what it refers to, which is a conflict (409), not a fault
    of form.
    """

    summary: Required[str]
    tag: Required[str]
    status: int
    errors: tuple[int, ...]
    media: str
    unfit: bool


@dataclass(frozen=True)
class Operation:
    """A route with what the document says about it."""

    method: str
    path: str
    contract: Contract
    summary: str
    tag: str
    status: int = 200
    errors: tuple[int, ...] = ()
    media: str = JSON
    unfit: bool = False
    streamed: bool = False

    @property
    def name(self) -> str:
        """Operation id: the handler's name."""
        return str(self.contract.handler.__name__)

    @property
    def key(self) -> str:
        """Route key, such as "GET /v1/tickets/{ticket_id}"."""
        return f"{self.method} {self.path}"

    @property
    def public(self) -> bool:
        """Whether it needs no token."""
        return self.key in PUBLIC


class _Call(threading.local):
    """The request that one thread works on."""

    def __init__(self) -> None:
        self.event: Event = {}
        self.caller: Caller | None = None
        self.request_id = ""


@dataclass
class Api:
    """Registers handlers and calls them. `file_bytes_max`: of one answer, where the home has such a limit."""

    clock: Clock
    ids: Ids
    file_bytes_max: int | None = None
    operations: list[Operation] = field(default_factory=list)
    resolver: ThreadedRestResolver = field(default_factory=ThreadedRestResolver)
    _call: _Call = field(default_factory=_Call)

    def __post_init__(self) -> None:
        self.resolver.not_found(self._no_route)
        self.resolver.exception_handler(Exception)(self._failed)

    @property
    def caller(self) -> Caller:
        """Who is calling; only inside a handler of a route that is not public."""
        if self._call.caller is None:
            raise AssertionError("There is no caller outside a handler, or in one of a public route.")
        return self._call.caller

    @property
    def event(self) -> Event:
        """The API Gateway proxy event; only inside a handler."""
        return self._call.event

    def get(self, path: str, **about: Unpack[About]) -> Callable[[H], H]:
        """Register a handler of GET."""
        return self._add("GET", path, about)

    def post(self, path: str, **about: Unpack[About]) -> Callable[[H], H]:
        """Register a handler of POST."""
        return self._add("POST", path, about)

    def put(self, path: str, **about: Unpack[About]) -> Callable[[H], H]:
        """Register a handler of PUT."""
        return self._add("PUT", path, about)

    def delete(self, path: str, **about: Unpack[About]) -> Callable[[H], H]:
        """Register a handler of DELETE."""
        return self._add("DELETE", path, about)

    def stream(self, method: str, path: str, **about: Unpack[About]) -> Callable[[H], H]:
        """Document a route that answers with server-sent events.

        A proxy response is one piece, so streams are served beside this handler: by the gateway at home, on AWS by
        `serve_streams`. The function's parameters are the contract; it is not called here.
        """

        def register(handler: H) -> H:
            told = {"media": EVENT_STREAM, **about}
            operation = Operation(method, path, Contract(handler), streamed=True, **told)  # type: ignore[arg-type]
            self.operations.append(operation)
            return handler

        return register

    def serve_streams(self, answer: Callable[[str, StreamCall], bytes]) -> None:
        """Answer the routes of streams too, with the document that `answer` makes; before the first request."""
        for operation in self.operations:
            if operation.streamed:
                endpoint = self._stream_endpoint(operation, answer)
                self.resolver.route(_rule(operation.path), operation.method, cors=False)(endpoint)

    def _stream_endpoint(
        self, operation: Operation, answer: Callable[[str, StreamCall], bytes]
    ) -> Callable[..., Response[str | bytes]]:
        def endpoint(**path: str) -> Response[str | bytes]:
            caller = self._identify()
            require(operation.key, caller.roles)
            until = float(self._authorizer.get("expires_at") or 0)
            document = answer(operation.key, StreamCall(self.event, caller, path, until))
            headers = {**ALWAYS, "X-Request-Id": self._call.request_id}
            return Response(operation.status, MEDIA_TYPE.decode(), document.decode(), headers)

        return endpoint

    def _add(self, method: str, path: str, about: About) -> Callable[[H], H]:
        def register(handler: H) -> H:
            operation = Operation(method, path, Contract(handler), **about)
            self.operations.append(operation)
            self.resolver.route(_rule(path), method, cors=False)(self._endpoint(operation))
            return handler

        return register

    def _endpoint(self, operation: Operation) -> Callable[..., Response[str | bytes]]:
        def endpoint(**path: str) -> Response[str | bytes]:
            if not operation.public:
                caller = self._identify()
                require(operation.key, caller.roles)
            contract = operation.contract
            arguments = contract.bind(self.event, path)
            try:
                value = contract.handler(**arguments)
            except InvalidInput as error:
                if operation.unfit and error.code == InvalidInput.code:
                    raise Conflict(str(error)) from error
                raise
            return self._respond(operation, value)

        return endpoint

    def _identify(self) -> Caller:
        caller = caller_of(self._authorizer, self._call.request_id)
        ends = self._authorizer.get(
            "expires_at"
        )  # answers of an authorizer are kept longer than a token may last
        if ends is not None and float(ends) <= self.clock.now().timestamp():
            raise Unauthorized("The token has ended. Get a new one.")
        self._call.caller = caller
        return caller

    @property
    def _authorizer(self) -> Mapping[str, Any]:
        context = self.event.get("requestContext") or {}
        return context.get("authorizer") or {}

    def _respond(self, operation: Operation, value: object) -> Response[str | bytes]:
        status, headers = operation.status, {**ALWAYS, "X-Request-Id": self._call.request_id}
        if isinstance(value, Reply):
            headers |= value.headers
            status, value = value.status or status, value.value
        if isinstance(value, Download):
            headers |= value.headers
            if value.disposition is not None:
                headers["Content-Disposition"] = value.disposition
            text = value.media_type.startswith(TEXTUAL)  # bytes leave as base64, a third larger
            content = value.content.decode() if text else value.content
            return Response(status, value.media_type, content, headers)
        if operation.contract.answer is None:
            return Response(status, None, "", headers)
        return Response(status, JSON, operation.contract.write(value), headers)

    def _no_route(self, _: NotFoundError) -> Response[str]:
        method, path = str(self.event.get("httpMethod")), str(self.event.get("path"))
        known = self.resolver.methods_at(path)
        if known:
            allow = ", ".join(known)
            refused = RequestRefused(f"{method} does not work here. Use {allow}.", status=405, allow=allow)
        else:
            refused = RequestRefused("There is no such route. See GET /v1/openapi.json.", status=404)
        return self._failed(refused)

    def _failed(self, error: Exception) -> Response[str]:
        failure = failure_of(error, request_id=self._call.request_id, at=self.clock.now())
        headers = {**ALWAYS, **failure.headers, "X-Request-Id": self._call.request_id}
        return Response(failure.status, JSON, failure.body, headers)

    def resolve(self, event: Event, context: Any) -> dict[str, Any]:
        """The answer to an API Gateway proxy event (REST, version 1)."""
        self._call.event, self._call.caller = event, None
        self._call.request_id = self._request_id(event)
        try:
            return self.resolver.resolve(event, context)
        except Exception as error:  # an event that is none, an answer that cannot be written: still an answer
            return self._refusal(error)

    def refuse(self, event: Event, error: Exception) -> dict[str, Any]:
        """The answer to an event that fails before it comes to a route."""
        self._call.event, self._call.caller = event, None
        self._call.request_id = self._request_id(event)
        return self._refusal(error)

    def _refusal(self, error: Exception) -> dict[str, Any]:
        failed = self._failed(error)
        headers = {name: [str(value)] for name, value in failed.headers.items()}
        return {
            "statusCode": failed.status_code,
            "body": failed.body,
            "isBase64Encoded": False,
            "multiValueHeaders": headers,
        }

    def _request_id(self, event: Event) -> str:
        """The client's own when it is sane, else the gateway's, else a new one."""
        headers = event.get("headers") or {}
        own = next((str(v) for name, v in headers.items() if name.lower() == "x-request-id"), "")
        if REQUEST_ID.fullmatch(own):
            return own
        return str((event.get("requestContext") or {}).get("requestId") or self.ids.new("req"))


def _rule(path: str) -> str:
    """A path as Powertools writes it: `<name>` for `{name}`, with dots that are only dots."""
    return re.sub(r"{(\w+)}", r"<\1>", path.replace(".", r"\."))
