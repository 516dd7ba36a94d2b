"""Event streams over HTTP: many at once without a thread each, heartbeats, resumption, ends that are noticed."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial

import orjson

from rimedio.domain.errors import Throttled, Unavailable
from rimedio.http.change_hub import Changed, ChangeHub
from rimedio.http.request import ClientGone, Receive, Request, Send
from rimedio.lambdas.failures import failure_of
from rimedio.lambdas.sse import (
    HEARTBEAT,
    MEDIA_TYPE,
    OPENING,
    Feed,
    Opener,
    SseEvent,
    StreamCall,
    encoded,
    event_bytes,
)

HEARTBEAT_SECONDS = 15.0
SEND_SECONDS_MAX = 60.0  # for a client that reads nothing
STREAMS_MAX = 2000
STREAMS_OF_TENANT_MAX = 1000
PRODUCERS = 4
POLLERS = 4
SLOWER, REST_SECONDS_MAX = 1.5, 2.0  # a feed that has nothing new is asked less and less often
AHEAD_MAX = 16  # events a producer may be ahead of its client

Headers = list[tuple[bytes, bytes]]


class Streams:
    """Opens streams by route and serves them until they end, the client leaves, or the token expires."""

    def __init__(self, openers: Mapping[str, Opener], changed: Changed, now: Callable[[], datetime]) -> None:
        self._openers = openers
        self._now = now
        self._pollers = ThreadPoolExecutor(POLLERS, thread_name_prefix="stream")
        self._producers = ThreadPoolExecutor(PRODUCERS, thread_name_prefix="answer")
        self._hub = ChangeHub(changed, self._pollers)
        self._open: Counter[str] = Counter()
        self._stopping = False

    def __contains__(self, route: str) -> bool:
        return route in self._openers

    @property
    def count(self) -> int:
        """Streams that are open now."""
        return self._open.total()

    def stop(self) -> None:
        """End every stream soon; they can be resumed elsewhere."""
        self._stopping = True
        self._hub.wake_all()

    def close(self) -> None:
        """Let the threads go."""
        self._pollers.shutdown(wait=False, cancel_futures=True)
        self._producers.shutdown(wait=False, cancel_futures=True)

    async def serve(
        self, request: Request, call: StreamCall, headers: Headers, receive: Receive, send: Send
    ) -> None:
        """Serve one stream to its end. What `open` raises (NotFound …) comes out before anything is sent."""
        tenant = call.caller.tenant_id
        if self._stopping or self.count >= STREAMS_MAX:
            raise Unavailable("No more streams can be served now. Try again in a moment.")
        if self._open[tenant] >= STREAMS_OF_TENANT_MAX:
            raise Throttled(f"{STREAMS_OF_TENANT_MAX} streams are open already. Close some.")
        self._open[tenant] += 1
        try:
            loop = asyncio.get_running_loop()
            opened = await loop.run_in_executor(self._pollers, self._openers[request.route], call)
            await _begin(request, headers, send)
            line = _Line(receive, send)
            with suppress(ClientGone):
                async with line:
                    await self._follow(opened, call, request, line)
        finally:
            self._open[tenant] -= 1

    async def _follow(
        self, opened: Feed | Iterator[SseEvent], call: StreamCall, request: Request, line: "_Line"
    ) -> None:
        try:
            if isinstance(opened, Iterator):
                await self._produce(opened, line)
            else:
                await self._watch(opened, call, line)
        except ClientGone:
            raise
        except Exception as error:  # the status has been sent: what went wrong is an event
            failure = failure_of(error, request_id=request.request_id, at=self._now())
            told = orjson.loads(failure.body)["error"]
            await line.write(event_bytes("error", {"code": told["code"], "message": told["message"]}))

    async def _watch(self, feed: Feed, call: StreamCall, line: "_Line") -> None:
        """Ask the feed whenever its topics are touched."""
        loop = asyncio.get_running_loop()
        with self._hub.subscribed(feed.topics) as wake:
            line.on_gone(wake.set)
            rest = feed.every_seconds
            while True:
                wake.clear()
                events = await loop.run_in_executor(self._pollers, feed.poll)
                if events:
                    await line.write(encoded(events))
                    rest = feed.every_seconds
                if feed.ended or self._stopping or time.time() >= call.expires_at:
                    return
                woken = await self._rest(wake, rest, line)
                if woken:
                    rest = feed.every_seconds
                    if feed.settle_seconds and not line.closed:
                        await asyncio.sleep(feed.settle_seconds)
                elif rest is not None:
                    rest = min(rest * SLOWER, REST_SECONDS_MAX)
                line.require_open()

    @staticmethod
    async def _rest(wake: asyncio.Event, seconds: float | None, line: "_Line") -> bool:
        """Wait for `seconds` at most; whether it was woken. A line that is silent for long gets a heartbeat."""
        quiet = HEARTBEAT_SECONDS - (time.monotonic() - line.written_at)
        if await _is_set(wake, max(0.0, quiet if seconds is None else min(seconds, quiet))):
            return True
        if time.monotonic() - line.written_at >= HEARTBEAT_SECONDS:
            await line.write(HEARTBEAT)
        return False

    async def _produce(self, events: Iterator[SseEvent], line: "_Line") -> None:
        """Pass on what a working thread produces; it waits when the client is slow, stops when it leaves."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[SseEvent | None] = asyncio.Queue(AHEAD_MAX)
        stopped = threading.Event()
        line.on_gone(stopped.set)
        line.on_gone(lambda: None if queue.full() else queue.put_nowait(None))
        work = loop.run_in_executor(self._producers, partial(_run, events, queue, loop, stopped))
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody else may look
        try:
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    await line.write(HEARTBEAT)
                    continue
                if event is None:
                    break
                await line.write(encoded([event]))
            line.require_open()
            await work  # raises what the producer raised
        finally:
            stopped.set()
            while not queue.empty():
                queue.get_nowait()  # a producer that waits for room goes on, and sees that nobody listens


class _Line:
    """The connection to one client: notices when it hangs up."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._listener: asyncio.Task[None] | None = None
        self._gone: list[Callable[[], object]] = []
        self.closed = False
        self.written_at = time.monotonic()

    async def __aenter__(self) -> "_Line":
        self._listener = asyncio.get_running_loop().create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        was_open = not self.closed
        self.close()
        if self._listener is not None:
            self._listener.cancel()
        if was_open:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def on_gone(self, act: Callable[[], object]) -> None:
        """Call `act` when the client hangs up."""
        self._gone.append(act)

    def close(self) -> None:
        """Nothing more will be written."""
        self.closed = True

    def require_open(self) -> None:
        """Raises ClientGone."""
        if self.closed:
            raise ClientGone("The client hung up.")

    async def write(self, data: bytes) -> None:
        """Send, waiting for a slow client within limits. Raises ClientGone."""
        self.require_open()
        message = {"type": "http.response.body", "body": data, "more_body": True}
        try:
            await asyncio.wait_for(self._send(message), SEND_SECONDS_MAX)
        except TimeoutError:
            self.close()
            raise ClientGone("The client reads nothing.") from None
        self.written_at = time.monotonic()

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.close()
        for act in self._gone:
            act()


def _run(
    events: Iterator[SseEvent],
    queue: "asyncio.Queue[SseEvent | None]",
    loop: asyncio.AbstractEventLoop,
    stopped: threading.Event,
) -> None:
    """In a thread: draw from the producer, one event at a time, until nobody listens."""

    def put(event: SseEvent | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(event), loop).result(SEND_SECONDS_MAX * 2)

    try:
        for event in events:
            if stopped.is_set():
                return
            put(event)
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()
        if not stopped.is_set():
            put(None)


async def _begin(request: Request, headers: Headers, send: Send) -> None:
    start: Headers = [
        (b"content-type", MEDIA_TYPE),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # nginx passes events on at once
        (b"x-request-id", request.request_id.encode("latin-1")),
        *headers,
        *request.extra_headers,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    await send({"type": "http.response.body", "body": OPENING, "more_body": True})


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set within this time."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
