"""A client that takes nothing of its answer is hung up on; one that takes a little is served to the end."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from uvicorn.server import ServerState

from rimedio.http.guarded_protocol import SENT_BYTES_MIN, GuardedProtocol

ANSWER = 400_000


class Timers(asyncio.BaseEventLoop):
    """A loop whose timers go off when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[asyncio.TimerHandle] = []

    def call_later(
        self, delay: float, callback: Callable[..., object], *arguments: object, **_: object
    ) -> asyncio.TimerHandle:  # type: ignore[override]
        handle = asyncio.TimerHandle(delay, callback, arguments, self)
        self.due.append(handle)
        return handle

    def pass_time(self) -> None:
        """Every timer that stands goes off."""
        due, self.due = self.due, []
        for handle in due:
            if not handle.cancelled():
                handle._run()


class Wire(asyncio.Transport):
    """A connection that sends as much as the test lets through."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0
        self.closing = self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.waits += len(data)

    def get_write_buffer_size(self) -> int:
        return self.waits

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True

    def resume_reading(self) -> None:
        return


@pytest.fixture
def timers() -> Iterator[Timers]:
    loop = Timers()
    yield loop
    loop.close()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def guard(timers: Timers, wire: Wire) -> GuardedProtocol:
    async def application(_scope: object, _receive: object, _send: object) -> None:
        return

    config = uvicorn.Config(application, log_config=None, interface="asgi3")
    made = GuardedProtocol(config, ServerState(), {}, timers)
    made.connection_made(wire)
    made._stop_timer()  # the head is none of these tests' business
    return made


def test_a_client_that_takes_nothing_is_hung_up_on(
    guard: GuardedProtocol, wire: Wire, timers: Timers
) -> None:
    wire.write(b"x" * ANSWER)
    guard.pause_writing()
    assert not wire.aborted

    timers.pass_time()
    assert wire.aborted


def test_a_client_that_takes_a_little_at_a_time_is_served(
    guard: GuardedProtocol, wire: Wire, timers: Timers
) -> None:
    wire.write(b"x" * ANSWER)
    guard.pause_writing()
    while wire.waits > SENT_BYTES_MIN:
        wire.waits -= SENT_BYTES_MIN
        timers.pass_time()
        assert not wire.aborted

    guard.resume_writing()
    timers.pass_time()
    assert not wire.aborted


@pytest.mark.parametrize(
    "end",
    [GuardedProtocol.on_response_complete, GuardedProtocol.timeout_keep_alive_handler],
    ids=["answered", "idle"],
)
def test_an_end_does_not_wait_for_ever_for_the_last_bytes_to_be_taken(
    guard: GuardedProtocol, wire: Wire, timers: Timers, end: Callable[[GuardedProtocol], None]
) -> None:
    wire.write(b"the last of it")
    wire.close()
    end(guard)

    timers.pass_time()
    assert wire.aborted


def test_a_refusal_does_not_wait_for_ever_to_be_read(
    guard: GuardedProtocol, wire: Wire, timers: Timers
) -> None:
    guard.send_400_response("That is no HTTP.")
    assert not wire.aborted

    timers.pass_time()
    assert wire.aborted


def test_an_end_with_nothing_left_to_send_is_an_orderly_one(
    guard: GuardedProtocol, wire: Wire, timers: Timers
) -> None:
    guard.timeout_keep_alive_handler()

    timers.pass_time()
    assert wire.closing
    assert not wire.aborted
