"""Server-sent events (HTML standard, section 9.2): what a stream is made of, and how it is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from rimedio.domain.codec import Json
from rimedio.domain.source_names import without_folders
from rimedio.lambdas.binding import Event
from rimedio.lambdas.caller import Caller

HEARTBEAT = b": heartbeat\n\n"
OPENING = b"retry: 2000\n\n"  # how long a browser waits before it comes back
MEDIA_TYPE = b"text/event-stream; charset=utf-8"


class SseEvent(Protocol):
    """One event. A client that comes back names the position it saw last (Last-Event-ID)."""

    @property
    def name(self) -> str:
        """What happened, such as `chunk`."""
        ...

    @property
    def position(self) -> str:
        """Where the stream goes on after this event: its `id:`."""
        ...

    @property
    def data(self) -> Json:
        """Its JSON value."""
        ...


class Feed(Protocol):
    """A live stream that never waits: it is asked again when one of its topics was touched."""

    @property
    def topics(self) -> frozenset[str]:
        """What wakes it."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the last event has been given out."""
        ...

    @property
    def position(self) -> str | None:
        """Where a reader that comes back goes on; None before the first poll of one that came without."""
        ...

    @property
    def every_seconds(self) -> float | None:
        """How often it wants to be asked although no topic was touched; None: never."""
        ...

    @property
    def settle_seconds(self) -> float:
        """How long after a touch it may be asked: news that come together are given out together."""
        ...

    def poll(self) -> Sequence[SseEvent]:
        """What is new since the last call; short reads only, from a thread of a pool, one call at a time."""
        ...


@dataclass(frozen=True, slots=True)
class StreamCall:
    """A request for a stream: its event, the caller, its path's values, and until when its token counts."""

    event: Event
    caller: Caller
    path: Mapping[str, str]
    expires_at: float


Opener = Callable[[StreamCall], Feed | Iterator[SseEvent]]


def encoded(events: Sequence[SseEvent]) -> bytes:
    """The events as they go over the wire."""
    return b"".join(event_bytes(event.name, event.data, event.position) for event in events)


def event_bytes(name: str, data: Json, event_id: str | None = None) -> bytes:
    """One event. JSON has no raw line breaks, so its data is one line; names and ids lose theirs."""
    head = b"" if event_id is None else b"id: " + _line(event_id) + b"\n"
    return head + b"event: " + _line(name) + b"\ndata: " + orjson.dumps(without_folders(data)) + b"\n\n"


def _line(text: str) -> bytes:
    return "".join(c for c in text if c not in "\r\n\x00").encode("utf-8", "replace")
