"""The queue, live: which ticket moved since a position. One reader of the store serves every watcher."""

import threading
from collections import deque
from collections.abc import Sequence
from itertools import takewhile

from rimedio.domain.clock import Clock
from rimedio.storage.ticket_feed import TicketFeed, TicketMove
from rimedio.tickets.live.events import LiveChanges, LiveEvent, QueueChange

KEPT_MAX = 5000  # moves in memory, of all tenants
READ_EVERY_SECONDS = 0.2
READ_AT_ONCE = 500
ROUNDS_MAX = 20


class WatchQueue:
    """The use case behind `GET /v1/events/stream`; thread-safe."""

    def __init__(self, feed: TicketFeed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: deque[TicketMove] = deque(maxlen=KEPT_MAX)
        self._begin: int | None = None  # moves behind this sequence are all kept
        self._read_up_to = 0
        self._read_at = 0.0

    def changes_since(self, tenant_id: str, position: str | None = None) -> LiveChanges:
        """Moves of a tenant's tickets behind `position`; from now on for None or a strange one.

        Most polls touch memory alone: the store is read a few times a second, whoever asks.
        """
        with self._lock:
            self._refresh()
            after = int(position) if position and position.isdecimal() and position.isascii() else None
            if after is None or after > self._read_up_to:
                return LiveChanges((), str(self._read_up_to))
            if self._begin is None or after < self._begin:
                return self._from_store(tenant_id, after)
            news = list(takewhile(lambda move: move.sequence > after, reversed(self._kept)))
            return _told(tenant_id, news[::-1], self._read_up_to)

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if self._begin is None:
            self._begin = self._read_up_to = self._feed.newest()
        elif now - self._read_at < READ_EVERY_SECONDS:
            return
        self._read_at = now
        for _ in range(ROUNDS_MAX):
            found = self._feed.since(self._read_up_to, READ_AT_ONCE)
            for move in found.moves:
                if len(self._kept) == KEPT_MAX:
                    self._begin = self._kept[0].sequence
                self._kept.append(move)
            if found.sequence == self._read_up_to:
                return
            self._read_up_to = found.sequence

    def _from_store(self, tenant_id: str, after: int) -> LiveChanges:
        """For a reader who was away for longer than memory goes back: a part of it, the rest next time."""
        found = self._feed.since(after, READ_AT_ONCE)
        return _told(tenant_id, found.moves, max(after, found.sequence))


def _told(tenant_id: str, moves: Sequence[TicketMove], up_to: int) -> LiveChanges:
    """A tenant's own moves as events; the position goes on also past those of others."""
    events = tuple(
        LiveEvent(str(move.sequence), QueueChange(move.ticket_id, move.status, move.updated_at))
        for move in moves
        if move.tenant_id == tenant_id
    )
    return LiveChanges(events, str(up_to))
