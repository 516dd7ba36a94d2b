"""An event stream in one answer: what is new, as soon as something is, then the end; the client comes back for more.

A proxy integration answers in one piece, so a stream cannot stay open. The same route gives the same events: each
answer is a whole document of server-sent events, its last `id:` says where the client stands, and `retry:` how soon
to come back with it (Last-Event-ID). An EventSource and the console's reader do both by themselves.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rimedio.domain.clock import Clock
from rimedio.lambdas.failures import failure_of
from rimedio.lambdas.sse import HEARTBEAT, Feed, Opener, SseEvent, StreamCall, encoded, event_bytes

WAIT_SECONDS = 20.0  # API Gateway gives up on an integration after 29
LOOK_SECONDS = 0.3
LOOK_SECONDS_MAX = 1.5
SLOWER = 1.5
SOON = b"retry: 250\n\n"
LATER = b"retry: 3000\n\n"


@dataclass(frozen=True, slots=True)
class LongPoll:
    """Answers stream routes within a time; holds its process for as long as nothing is new.

    `endless` streams (the queue, open as long as a console is) are answered at once: asking every 3 seconds costs a
    sixth of a process that waits (512 MB for 20 s against 7 short calls, prices of November 2026).
    """

    openers: Mapping[str, Opener]
    clock: Clock
    endless: frozenset[str] = frozenset()
    wait_seconds: float = WAIT_SECONDS

    def __contains__(self, route: object) -> bool:
        return route in self.openers

    def document(self, route: str, call: StreamCall, seconds_left: float) -> bytes:
        """The events behind the client's position, at least one unless time runs out.

        Raises what opening the stream raises (NotFound …); what goes wrong later is an event `error`, as in a
        stream.
        """
        opened = self.openers[route](call)
        if isinstance(opened, Iterator):
            return SOON + self._drawn(opened, call)
        if route in self.endless:
            return LATER + self._polled(opened, 0.0)
        return SOON + self._polled(opened, min(self.wait_seconds, seconds_left))

    def _polled(self, feed: Feed, seconds: float) -> bytes:
        until, rest = self.clock.monotonic() + seconds, LOOK_SECONDS
        while True:
            events = feed.poll()
            if events or feed.ended:
                return encoded(events) + self._position(feed)
            if self.clock.monotonic() + rest > until:
                return self._position(feed) + HEARTBEAT
            self.clock.sleep(rest)
            rest = min(rest * SLOWER, LOOK_SECONDS_MAX)

    @staticmethod
    def _position(feed: Feed) -> bytes:
        """An id without data moves the client's position and is no event (HTML standard, 9.2.6)."""
        position = feed.position or ""
        return f"id: {position}\n\n".encode() if position.isprintable() and position else b""

    def _drawn(self, events: Iterator[SseEvent], call: StreamCall) -> bytes:
        """All events of a producer, to its end: a question is not asked a second time for the rest."""
        written = bytearray()
        try:
            for event in events:
                written += encoded([event])
        except Exception as error:  # the status is settled once a stream has begun
            failure = failure_of(error, request_id=call.caller.request_id, at=self.clock.now())
            told = json.loads(failure.body)["error"]
            written += event_bytes("error", {"code": told["code"], "message": told["message"]})
        return bytes(written)
