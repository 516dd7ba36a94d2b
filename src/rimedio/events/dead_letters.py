"""Works through dead letters: what may succeed now is sent again, what never can stays to be looked at."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.errors import NotFound
from rimedio.events.bus import DeadLetter, DeadLetterQueue, Reason

PAGE = 100
AT_ONCE_MAX = 1000  # letters of one run: the queue must not be flooded with what failed before
MAY_WORK_NOW = frozenset({Reason.RETRIES_EXHAUSTED, Reason.EVENT_TOO_OLD})


@dataclass(frozen=True, slots=True)
class Processed:
    """What a run did: how many were sent again, how many stay, by their reason."""

    redriven: int
    kept: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeadLetterProcessor:
    """Sends dead letters of a tenant again."""

    queue: DeadLetterQueue

    def run(self, tenant_id: str, reasons: Iterable[Reason] = MAY_WORK_NOW) -> Processed:
        """Send again those that failed for one of `reasons`, the newest thousand at most."""
        wanted, kept, redriven = frozenset(reasons), Counter[str](), 0
        for letter in self._letters(tenant_id):
            if letter.reason not in wanted:
                kept[letter.reason.value] += 1
                continue
            with suppress(NotFound):  # somebody else has just sent it
                self.queue.redrive(tenant_id, letter.dead_letter_id)
                redriven += 1
        return Processed(redriven, dict(kept))

    def _letters(self, tenant_id: str) -> list[DeadLetter]:
        """All of them are read before any is sent: sending takes it out of the list."""
        found: list[DeadLetter] = []
        cursor = None
        while len(found) < AT_ONCE_MAX:
            page = self.queue.dead_letters(tenant_id, limit=PAGE, cursor=cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break
        return found[:AT_ONCE_MAX]
