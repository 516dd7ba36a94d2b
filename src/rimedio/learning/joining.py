"""Once a day: open gaps that later wordings have shown to ask the same become one; the older keeps its id."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed
from rimedio.learning.gaps import EXAMPLES_MAX, TICKETS_MAX, Gap, GapStatus, GapStore
from rimedio.learning.likeness import Likeness, top_words
from rimedio.learning.state import LearningState

JOINED = "gaps-joined"
EVERY = timedelta(days=1)
GAPS_MAX = 300  # every pair is compared


@dataclass(frozen=True, slots=True)
class _Joined:
    """When it was done last."""

    at: datetime


@dataclass(frozen=True)
class JoinGaps:
    """Compares the open gaps of a tenant, the 300 most recent ones, with each other."""

    gaps: GapStore
    likeness_of: Callable[[str], Likeness]
    state: LearningState
    clock: Clock

    def run_when_due(self, tenant_id: str) -> int:
        """How many gaps were taken in by others; nothing is done twice a day."""
        now = self.clock.now()
        last = self.state.read(tenant_id, JOINED, _Joined)
        if last is not None and now - last.at < EVERY:
            return 0
        found = self.run(tenant_id)
        self.state.write(tenant_id, JOINED, _Joined(now))
        return found

    def run(self, tenant_id: str) -> int:
        """How many gaps were taken in by others."""
        likeness = self.likeness_of(tenant_id)
        opened = self.gaps.all(tenant_id, GapStatus.OPEN, GAPS_MAX)
        kept: list[Gap] = []
        taken = 0
        for gap in sorted(opened, key=lambda g: (g.first_at, g.gap_id)):
            place = next((n for n, older in enumerate(kept) if _alike(older, gap, likeness)), None)
            if place is None:
                kept.append(gap)
                continue
            both = joined(kept[place], gap)
            with suppress(ConditionFailed):  # a person has just decided one of them: tomorrow again
                self.gaps.take_in(both, gap, before=kept[place])
                kept[place] = both
                taken += 1
        return taken


def _alike(older: Gap, younger: Gap, likeness: Likeness) -> bool:
    return any(likeness.same(one, other) > 0 for one in older.wordings for other in younger.wordings)


def joined(older: Gap, younger: Gap) -> Gap:
    """Both as one; tickets that are in both count once."""
    new = tuple(ticket for ticket in younger.tickets if ticket not in older.tickets)
    twice = len(younger.tickets) - len(new)
    examples = tuple(dict.fromkeys((*older.examples, *younger.examples)))[:EXAMPLES_MAX]
    own = [example.text for example in examples if example.language == older.language]
    return replace(
        older,
        count=older.count + younger.count - twice,
        last_at=max(older.last_at, younger.last_at),
        tickets=(*older.tickets, *new)[-TICKETS_MAX:],
        models=tuple(dict.fromkeys((*older.models, *younger.models))),
        terms=top_words(own, older.language),
        examples=examples,
    )
