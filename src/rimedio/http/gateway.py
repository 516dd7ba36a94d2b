"""The local gateway: an ASGI application that treats HTTP as API Gateway does and calls the same handlers.

The order is that of API Gateway: route, authorizer, rate, body limits, request validation, integration. What
takes less than a millisecond (reading one item from SQLite) runs on the event loop itself: handing it to a
thread and back costs more than the work. Everything else runs in a pool of threads.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import Throttled, Unauthorized, Unavailable
from rimedio.http.answers import (
    API_HEADERS,
    CONSOLE_HEADERS,
    Answer,
    Headers,
    accepts_gzip,
    answer_of,
    answer_to_error,
    file_answer,
    send_answer,
)
from rimedio.http.authorization import Authorization, AuthorizerContext
from rimedio.http.body_schemas import BodySchemas
from rimedio.http.console_files import ConsoleFiles
from rimedio.http.proxy_event import Event, proxy_event
from rimedio.http.rates import ANONYMOUS, STATIC, RateLimiter, Verdict
from rimedio.http.request import (
    JSON_BYTES_MAX,
    PART_BYTES_MAX,
    ClientGone,
    Receive,
    Request,
    Scope,
    Send,
    drain,
    read_body,
    request_of,
    unpacked,
)
from rimedio.http.routes import Match, RouteTable
from rimedio.http.streams import Streams
from rimedio.lambdas.caller import caller_of
from rimedio.lambdas.cors import CrossOrigin
from rimedio.lambdas.failures import RequestRefused
from rimedio.lambdas.gateway_event import decoded_path
from rimedio.lambdas.sse import StreamCall
from rimedio.observability import get_logger
from rimedio.security.permissions import PUBLIC, require

LOG = get_logger(__name__)
THREADS = 4  # more would only take turns at the interpreter, and the event loop would wait for its own longer
SLOW_THREADS = 4
BUFFERED_BYTES_MAX = 128 * 1024 * 1024  # of all request bodies at once
UPLOAD = "PUT /v1/uploads/{upload_id}/parts/{number}"
INLINE = frozenset(
    {
        "GET /v1/health",
        "GET /v1/me",
        "GET /v1/taxonomy",
        "GET /v1/tickets/{ticket_id}",
        "GET /v1/uploads/{upload_id}",
    }
)
# What may take seconds (models, pictures of pages, files) has threads of its own and cannot hold up the rest.
SLOW = frozenset(
    {
        UPLOAD,
        "POST /v1/uploads/{upload_id}/complete",
        "POST /v1/ask",
        "POST /v1/kb/search",
        "POST /v1/kb/documents",
        "GET /v1/kb/documents/{document_id}/original",
        "GET /v1/kb/documents/{document_id}/pages/{page}",
        "GET /v1/kb/passages/{chunk_id}",
        "POST /v1/kb/articles",
        "POST /v1/kb/articles/{article_id}/approve",
        "GET /v1/tickets.csv",
        "GET /v1/tickets/{ticket_id}/similar",
        "GET /v1/tickets/{ticket_id}/attachments/{attachment_id}",
        "POST /v1/learning/retrain",
        "POST /v1/events/replays",
        "GET /v1/health/deep",
        "GET /v1/insights",
    }
)
Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class GatewayParts:
    """What the gateway puts together. `observe` takes route, status, seconds of each request."""

    handler: Handler
    routes: RouteTable
    bodies: BodySchemas
    authorization: Authorization
    limiter: RateLimiter
    cross_origin: CrossOrigin
    console: ConsoleFiles
    streams: Streams
    clock: Clock
    ids: Ids
    observe: Callable[[str, int, float], None]


class Gateway:
    """The ASGI application."""

    def __init__(self, parts: GatewayParts) -> None:
        self._parts = parts
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="http")
        self._slow = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="http slow")
        self._buffered = 0

    def stop_streams(self) -> None:
        """End every event stream, so that their connections can close."""
        self._parts.streams.stop()

    def close(self) -> None:
        """Wait for the handlers at work."""
        self._parts.streams.close()
        for pool in (self._pool, self._slow):
            pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request = request_of(scope, self._new_id, time.perf_counter())
        shared: Headers = API_HEADERS
        try:
            request.path = decoded_path(scope["raw_path"])
            if request.path.startswith(("/v1/", "/.well-known/")):
                answer = await self._serve_api(request, receive, send)
            else:
                answer, shared = self._serve_console(request)
        except ClientGone:
            return
        except Exception as error:  # the last line of defence: `answer_to_error` logs what nobody expected
            answer = answer_to_error(error, request.request_id, self._parts.clock.now())
            said = {name for name, _ in request.extra_headers}  # the limiter knows Retry-After better
            answer.headers = [header for header in answer.headers if header[0] not in said]
        if answer is None:
            return
        answer.close = answer.close or (request.has_body and not request.body_read)
        head = request.method == "HEAD"
        await send_answer(send, answer, [*shared, *request.extra_headers], head_only=head)
        if answer.close:
            if request.has_body and not request.body_read:
                await drain(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        self._told(request, answer.status)

    def _told(self, request: Request, status: int) -> None:
        """Measure and log: the route, never the path or the query, which may hold what people typed."""
        seconds = time.perf_counter() - request.started
        self._parts.observe(request.route, status, seconds)
        LOG.info(
            "Request answered",
            route=request.route,
            status=status,
            duration_ms=round(seconds * 1000, 1),
            request_id=request.request_id,
        )

    def _new_id(self) -> str:
        return self._parts.ids.new("req")

    def _serve_console(self, request: Request) -> tuple[Answer, Headers]:
        parts = self._parts
        self._admit(request, parts.limiter.take(f"console {request.client}", STATIC, time.monotonic()))
        file = parts.console.find(request.path)
        if file is None:
            raise RequestRefused("There is no such page. The console is at /, the API at /v1.", status=404)
        if request.method not in ("GET", "HEAD"):
            raise RequestRefused("Files can only be read. Use GET.", status=405, allow="GET, HEAD")
        return file_answer(file, request), CONSOLE_HEADERS

    async def _serve_api(self, request: Request, receive: Receive, send: Send) -> Answer | None:
        """The answer; None when a stream has been sent already."""
        parts = self._parts
        preflight = parts.cross_origin.preflight(request.headers) if request.method == "OPTIONS" else None
        if preflight is not None:
            return Answer(204, b"", preflight)
        request.extra_headers += parts.cross_origin.headers(request.headers.get("origin"))
        match = parts.routes.find(request.method, request.path)
        if match is not None:
            request.route = f"{request.method} {match.resource}"
        authorizer = await self._authorize(request, match)
        body = await self._read(request, receive)
        if match is not None and request.route in parts.streams:
            call = self._stream_call(request, match, body, authorizer)
            await parts.streams.serve(request, call, API_HEADERS, receive, send)
            request.started = time.perf_counter()  # a stream lasts as long as somebody watches
            self._told(request, 200)
            return None
        if request.route in INLINE and not body:
            return self._work(request, match, body, authorizer)
        loop = asyncio.get_running_loop()
        pool = self._slow if request.route in SLOW else self._pool
        return await loop.run_in_executor(pool, self._work, request, match, body, authorizer)

    async def _authorize(self, request: Request, match: Match | None) -> AuthorizerContext | None:
        """The caller, admitted by its tenant's rate; None on a public route. Raises Unauthorized, Throttled."""
        parts, now = self._parts, time.monotonic()
        if match is None or request.route in PUBLIC:
            self._admit(request, parts.limiter.take(f"anonymous {request.client}", ANONYMOUS, now))
            return None
        found = parts.authorization.known(request)
        try:
            if found is None:
                loop = asyncio.get_running_loop()
                found = await loop.run_in_executor(self._pool, parts.authorization.ask, request)
                parts.authorization.keep(request, found)
        except Unauthorized:
            self._admit(request, parts.limiter.take(f"anonymous {request.client}", ANONYMOUS, now))
            raise
        self._admit(request, parts.limiter.take_for_tenant(found["tenant_id"], found["tier"], now))
        return found

    @staticmethod
    def _admit(request: Request, verdict: Verdict) -> None:
        request.extra_headers += verdict.headers()
        if not verdict.allowed:
            msg = f"More than {verdict.limit} requests a second. Try again in {verdict.retry_seconds} s."
            raise Throttled(msg)

    async def _read(self, request: Request, receive: Receive) -> bytes:
        """The body, within what all bodies together may take of memory."""
        if not request.has_body:
            return b""
        most = PART_BYTES_MAX if request.route == UPLOAD else JSON_BYTES_MAX
        held = min(request.declared_bytes or most, most)
        if self._buffered + held > BUFFERED_BYTES_MAX:
            raise Unavailable("Too many uploads at once. Try again in a moment.")
        self._buffered += held
        try:
            body = await read_body(request, receive, most)
        finally:
            self._buffered -= held
        request.body_read = True
        return unpacked(request, body, most)

    def _work(
        self, request: Request, match: Match | None, body: bytes, authorizer: AuthorizerContext | None
    ) -> Answer:
        """Validate, call the handler, and turn what it says into an answer."""
        if body:
            self._check_body(request, body)
        event: Event = proxy_event(request, match, body, authorizer, time.time())
        return answer_of(self._parts.handler(event), accepts_gzip(request))

    def _stream_call(
        self, request: Request, match: Match, body: bytes, authorizer: AuthorizerContext | None
    ) -> StreamCall:
        """What the handler does for other routes: identify, permit, validate."""
        known = authorizer or {}
        caller = caller_of(known, request.request_id)
        require(request.route, caller.roles)
        if body:
            self._check_body(request, body)
        event = proxy_event(request, match, body, authorizer, time.time())
        return StreamCall(event, caller, match.parameters, float(known["expires_at"]))

    def _check_body(self, request: Request, body: bytes) -> None:
        """Only JSON is judged here; a body of another type is the handler's to refuse with 415."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            self._parts.bodies.check(request.route, body)
