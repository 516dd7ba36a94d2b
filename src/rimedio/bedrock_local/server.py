"""The local Bedrock on a loopback port: an ASGI application of one function on uvicorn, answers made on threads.

Frames are written one by one as they are made, and both event loops set TCP_NODELAY: a client sees the first
event at once. Latency is waited for on the event loop, so a slow answer keeps no thread.
"""

import asyncio
import socket
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rimedio.bedrock_local.errors import ServiceError, ValidationError
from rimedio.bedrock_local.event_stream import exception
from rimedio.bedrock_local.fault_plan import SECONDS_MAX, Fault, Kind
from rimedio.bedrock_local.service import LocalBedrock
from rimedio.bedrock_local.wire import REQUEST_ID, WireAnswer, WireRequest, refusal
from rimedio.domain.errors import Unavailable
from rimedio.listening import address_of, listening

BODY_BYTES_MAX = 25_000_000  # the service's own limit
THREADS = 16
START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 5
NOTICE_SECONDS = 0.01
TRANSPORT: Final = "rimedio.transport"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _Protocol(HttpToolsProtocol):
    """Lets the application close a connection without a word, as broken networks do."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[typeddict-unknown-key]


class Application:
    """Requests in, answers out."""

    def __init__(self, bedrock: LocalBedrock) -> None:
        self.bedrock = bedrock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="bedrock-local")

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            body = await _read(receive, int(headers.get("content-length") or 0))
        except ServiceError as error:
            await _send(send, refusal(error))
            return
        if body is None:  # the client left
            return
        request = WireRequest(scope["method"], scope["path"], headers, body)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self.bedrock.handle, request)
        if not await _before(answer.fault, scope):
            await _send(send, answer, scope)


async def _read(receive: Receive, announced: int) -> bytes | None:
    if announced > BODY_BYTES_MAX:
        raise ValidationError(f"The body has {announced} bytes; at most {BODY_BYTES_MAX} are read.")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            raise ValidationError(f"The body has more than {BODY_BYTES_MAX} bytes.")
        if not message.get("more_body"):
            return b"".join(parts)


async def _before(fault: Fault | None, scope: Scope) -> bool:
    """Carry out what goes wrong before an answer; whether there is none."""
    if fault is None:
        return False
    if fault.kind is Kind.LATENCY:
        await asyncio.sleep(min(fault.ms / 1000, SECONDS_MAX))
    if fault.kind is Kind.HANG:
        await asyncio.sleep(
            SECONDS_MAX if fault.ms == Fault(Kind.HANG).ms else min(fault.ms / 1000, SECONDS_MAX)
        )
    if fault.kind in {Kind.HANG, Kind.DROP}:
        await _abort(scope)
        return True
    return False


async def _abort(scope: Scope) -> None:
    """Close the connection without a word, and let the server notice before it looks for the answer's end."""
    scope[TRANSPORT].abort()
    await asyncio.sleep(NOTICE_SECONDS)


async def _send(send: Send, answer: WireAnswer, scope: Scope | None = None) -> None:
    known = {**answer.headers, REQUEST_ID: str(uuid.uuid4())}
    if answer.frames is None:
        known["content-length"] = str(len(answer.body))
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in known.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.frames is None:
        await send({"type": "http.response.body", "body": answer.body})
        return
    broken = answer.fault if answer.fault and answer.fault.in_stream else None
    for number, frame in enumerate(answer.frames):
        if broken and number >= broken.after:
            if await _break(send, broken, scope):
                return
            broken = None
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _break(send: Send, fault: Fault, scope: Scope | None) -> bool:
    """Break a stream that has begun; whether it ends there."""
    if fault.kind is Kind.STREAM_STALL:
        await asyncio.sleep(min(fault.ms / 1000, SECONDS_MAX))
        return False
    if fault.error is None:
        if scope is not None:
            await _abort(scope)
        return True
    frame = exception(fault.error.error_name, str(fault.error))
    await send({"type": "http.response.body", "body": frame})
    return True


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready."""

    def __init__(self, application: Application, on_ready: Callable[[], object]) -> None:
        self._on_ready = on_ready
        super().__init__(
            uvicorn.Config(
                application,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS_MAX,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._on_ready()


def run_bedrock_local(
    bedrock: LocalBedrock, *, host: str, port: int, on_ready: Callable[[str], object]
) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises InvalidInput when the port cannot be had."""
    application = Application(bedrock)
    with listening(host, port) as listener:
        try:
            _Server(application, lambda: on_ready(address_of(listener))).run(sockets=[listener])
        finally:
            application.close()


@contextmanager
def serving_bedrock(bedrock: LocalBedrock, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve on a thread of its own as long as the context lasts; gives the address."""
    application = Application(bedrock)
    with listening(host, port) as listener:
        ready = threading.Event()
        server = _Server(application, ready.set)
        thread = threading.Thread(target=server.run, args=([listener],), name="bedrock-local", daemon=True)
        thread.start()
        try:
            if not ready.wait(START_SECONDS_MAX):
                raise Unavailable(f"The local Bedrock did not start within {START_SECONDS_MAX:.0f} seconds.")
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join(STOP_SECONDS_MAX + 5)
            application.close()
