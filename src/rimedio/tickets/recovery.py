"""Finds the tickets that a crash, an outage or an operator's stop has left without anybody working on them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, NotFound
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.run_name import another, name_of

PAGE = 200
ATTEMPTS_MAX = 5  # executions that fail before they take a ticket
FAILED = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})
PENDING = (Status.NEW, Status.PROCESSING)
WAITING = (Status.IN_REVIEW, Status.NEEDS_INFO)
WAIT_MAX = timedelta(days=14, hours=1)  # the workflow's own waits end after two weeks
ABANDONED = "run-ended"  # reason of a ticket whose execution is over without having ended it


@dataclass(frozen=True, slots=True)
class Recovery:
    """What both runners do after a start, or now and then.

    `begin` starts an execution under a name and answers its id; `status_of` says how an execution stands,
    and raises NotFound.
    """

    tickets: TicketStore
    clock: Clock
    begin: Callable[[Ticket, str], str]
    status_of: Callable[[str], str]

    def run(self, tenant_id: str, *, untouched_for: timedelta = timedelta(0)) -> int:
        """Start what was accepted and never started; hand abandoned tickets to a person. How many.

        `untouched_for` leaves out what is so new that whoever accepted it may be about to start it.
        """
        latest = self.clock.now() - untouched_for
        pending = self._standing(tenant_id, PENDING)
        started = [t for t in pending if t.execution_id is None and t.updated_at <= latest]
        for ticket in started:
            self._start_over(ticket)
        return len(started) + sum(self._rescue(ticket) for ticket in self._held(tenant_id))

    def _start_over(self, ticket: Ticket) -> None:
        """Start what was accepted; where an execution failed before it took the ticket, another one tries.

        After some that all failed there is no use in more: a person looks at it.
        """
        name = first = name_of(ticket)
        for attempt in range(2, ATTEMPTS_MAX + 2):
            status = self.status_of(self.begin(ticket, name))
            if status not in FAILED or self._has_moved(ticket):
                return
            name = another(first, attempt)
        self._hand_over(ticket, f"{ABANDONED}: {ATTEMPTS_MAX} runs {status}")

    def _held(self, tenant_id: str) -> list[Ticket]:
        """Tickets that an execution ought to have: in work, or waiting for longer than any wait lasts."""
        long_ago = self.clock.now() - WAIT_MAX
        working = self._standing(tenant_id, (Status.PROCESSING,))
        waiting = [t for status in WAITING for t in self._created_before(tenant_id, status, long_ago)]
        late = [t for t in waiting if t.updated_at < long_ago]
        return [t for t in (*working, *late) if t.execution_id is not None]

    def _created_before(self, tenant_id: str, status: Status, instant: datetime) -> Iterator[Ticket]:
        """Oldest first, so that a table full of tickets that wait is not read through each time."""
        return takewhile(lambda t: t.created_at < instant, self._standing(tenant_id, (status,)))

    def _rescue(self, ticket: Ticket) -> bool:
        """Escalate a ticket whose execution is over; False when somebody has it."""
        try:
            status = self.status_of(str(ticket.execution_id))
        except NotFound:
            status = "no longer kept"
        if status == "RUNNING" or self._has_moved(ticket):
            return False
        return self._hand_over(ticket, f"{ABANDONED}: {status}")

    def _hand_over(self, ticket: Ticket, reason: str) -> bool:
        """To a person; a NEW ticket, which nobody has read yet, is FAILED. False when it moved meanwhile."""
        status = Status.FAILED if ticket.status is Status.NEW else Status.ESCALATED
        moved = ticket.moved_to(status, self.clock.now(), reason=reason)
        try:
            self.tickets.save(moved, expected=ticket.version)
        except Conflict:
            return False
        return True

    def _has_moved(self, ticket: Ticket) -> bool:
        """Whether the ticket, read before its execution was looked at, stands elsewhere by now."""
        return self.tickets.get(ticket.tenant_id, ticket.ticket_id).version != ticket.version

    def _standing(self, tenant_id: str, statuses: Sequence[Status]) -> Iterator[Ticket]:
        for status in statuses:
            cursor = None
            while True:
                page = self.tickets.list_by_status(
                    tenant_id, status, newest_first=False, limit=PAGE, cursor=cursor
                )
                yield from page.tickets
                cursor = page.cursor
                if cursor is None:
                    break
