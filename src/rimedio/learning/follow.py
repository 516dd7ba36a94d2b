"""Listens to the table's changes: reviews and feedback become rows, tickets without an answer questions.

At least once, as the stream delivers: everything done here can be done again. The counts of use are made
anew at most every half minute, for they read all tickets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rimedio.domain.clock import Clock
from rimedio.domain.ticket import Ticket
from rimedio.learning.collect import Collector
from rimedio.learning.questions import NoteQuestions
from rimedio.learning.use import UseMeter
from rimedio.storage import keys
from rimedio.storage.codec import from_item
from rimedio.storage.streams import Change, ChangeStream, process
from rimedio.storage.values import Item

CONSUMER = "learning"
BATCH = 200
COUNT_EVERY = timedelta(seconds=30)


@dataclass
class FollowChanges:
    """One consumer of the change stream. For the one loop that runs it."""

    stream: ChangeStream
    collector: Collector
    questions: NoteQuestions
    use: UseMeter
    clock: Clock
    _uncounted: set[str] = field(default_factory=set)
    _counted_at: dict[str, datetime] = field(default_factory=dict)

    def run_once(self) -> int:
        """Work off one batch; how many changes there were."""
        done = process(self.stream, CONSUMER, self.handle, BATCH)
        self._count()
        return done

    def apply(self, changes: Sequence[Change]) -> None:
        """Work off these changes: what the loop does, for a function that is woken with them."""
        for change in changes:
            self.handle(change)
        self._count()

    def handle(self, change: Change) -> None:
        """What one change means for learning; most mean nothing."""
        if change.new is None or change.expired:
            return
        act = self._acts.get(str(change.new.get("entity")))
        if act is not None:
            act(change.new, change.old)

    @property
    def _acts(self) -> Mapping[str, Callable[[Item, Item | None], None]]:
        return {
            keys.REVIEW.name: self._judged,
            keys.FEEDBACK.name: self._judged,
            keys.TICKET.name: self._ticket,
        }

    def _judged(self, new: Item, _old: Item | None) -> None:
        tenant_id = str(new["tenant_id"])
        self.collector.collect(tenant_id, str(new["ticket_id"]))
        self._uncounted.add(tenant_id)

    def _ticket(self, new: Item, old: Item | None) -> None:
        if old is not None and old.get("status") == new.get("status"):
            return
        ticket = from_item(Ticket, new)
        self.questions.ticket(ticket)
        if ticket.solution_id is not None:
            self._uncounted.add(ticket.tenant_id)

    def _count(self) -> None:
        now = self.clock.now()
        for tenant_id in sorted(self._uncounted):
            last = self._counted_at.get(tenant_id)
            if last is None or now - last >= COUNT_EVERY:
                self.use.refresh(tenant_id)
                self._counted_at[tenant_id] = now
                self._uncounted.discard(tenant_id)
