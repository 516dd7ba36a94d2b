"""Batches of which a part may fail: AWS answers 200 and says which entries it did not take.

What may work later is sent again alone, after growing waits with jitter; what never can is reported. When the
attempts are used up, the caller gets an error: an entry that is neither taken nor refused must not be forgotten.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from rimedio.domain.clock import Clock
from rimedio.domain.errors import Unavailable
from rimedio.events.backoff import ExponentialBackoff, Waits

Entry = TypeVar("Entry")
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class EntryFailure:
    """Why an entry was not taken; `place` counts within the batch that was sent."""

    place: int
    code: str
    message: str
    may_work_later: bool


@dataclass(frozen=True)
class PartialBatches(Generic[Entry]):
    """Sends entries in batches. `call` sends one batch and returns what failed of it.

    `size_of` gives the bytes of an entry; a batch has at most `entries_max` and `bytes_max`.
    """

    call: Callable[[Sequence[Entry]], Sequence[EntryFailure]]
    size_of: Callable[[Entry], int]
    clock: Clock
    entries_max: int = 10
    bytes_max: int = 1_000_000
    attempts: int = ATTEMPTS
    waits: Waits = field(
        default_factory=lambda: ExponentialBackoff(0.1, 5.0, random.Random())  # noqa: S311 - spreads load
    )

    def send(self, entries: Sequence[Entry]) -> dict[int, EntryFailure]:
        """Send all; the refusals by place in `entries`. Raises Unavailable, and what `call` raises."""
        refused: dict[int, EntryFailure] = {}
        for places in self._batches(entries):
            waiting = places
            for attempt in range(1, self.attempts + 1):
                failures = self.call([entries[place] for place in waiting])
                refused |= {waiting[f.place]: f for f in failures if not f.may_work_later}
                again = [f for f in failures if f.may_work_later]
                if not again:
                    break
                if attempt == self.attempts:
                    last = again[-1]
                    msg = f"{len(again)} entries were not taken in {attempt} attempts: {last.code} {last.message}"
                    raise Unavailable(msg.rstrip())
                waiting = [waiting[f.place] for f in again]
                self.clock.sleep(self.waits(attempt))
        return refused

    def _batches(self, entries: Sequence[Entry]) -> Iterator[list[int]]:
        places: list[int] = []
        size = 0
        for place, entry in enumerate(entries):
            more = self.size_of(entry)
            if places and (len(places) >= self.entries_max or size + more > self.bytes_max):
                yield places
                places, size = [], 0
            places.append(place)
            size += more
        if places:
            yield places
