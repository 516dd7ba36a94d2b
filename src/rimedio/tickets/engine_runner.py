"""Runs the workflow in this process, on the durable engine."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count

from rimedio.asl import Engine, ExecutionAlreadyExists, Machine
from rimedio.domain.codec import Json
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.workflow import definition

MACHINE_NAME = "ticket"
PENDING_PAGE = 200
FAILED = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})
WAITING = frozenset({Status.IN_REVIEW, Status.NEEDS_INFO})
PENDING = (Status.NEW, Status.PROCESSING)
TAKEN_OVER = "TakenOver"  # a person moved the ticket while an execution had it


@dataclass(frozen=True)
class EngineRunner:
    """A `Runner` on `rimedio.asl`; executions survive a crash and go on at the next start."""

    engine: Engine
    machine: Machine
    tickets: TicketStore

    @classmethod
    def create(cls, engine: Engine, tickets: TicketStore) -> "EngineRunner":
        """A runner of the ticket workflow."""
        return cls(engine, Machine.parse(definition(), name=MACHINE_NAME), tickets)

    def start(self, ticket: Ticket) -> str:
        """Set a ticket going: a NEW one under its own id, a reopened one under id and version."""
        return self._begin(ticket, name_of(ticket))

    def _begin(self, ticket: Ticket, name: str) -> str:
        given: dict[str, Json] = {"tenant_id": ticket.tenant_id, "ticket_id": ticket.ticket_id}
        try:
            return self.engine.start(self.machine, given, name=name)
        except ExecutionAlreadyExists as existing:
            return existing.execution_id

    def stop(self, ticket: Ticket, reason: str) -> None:
        """Break off the execution that works on a ticket or waits for it; nothing happens when it is over."""
        if ticket.execution_id is not None:
            self.engine.stop(ticket.execution_id, TAKEN_OVER, reason)

    def recover(self, tenant_id: str) -> int:
        """After a start: pick up unfinished executions, and start what was accepted but never started.

        That is a NEW ticket, and a reopened one that no execution has taken yet. Returns how many tickets
        there are to go on with.
        """
        count = self.engine.resume()
        accepted = [t for status in PENDING for t in self._standing(tenant_id, status)]
        for ticket in accepted:
            self._start_over(ticket)
        return count + len(accepted)

    def _standing(self, tenant_id: str, status: Status) -> Iterator[Ticket]:
        """Tickets of a status that have no execution."""
        cursor = None
        while True:
            page = self.tickets.list_by_status(tenant_id, status, limit=PENDING_PAGE, cursor=cursor)
            yield from (ticket for ticket in page.tickets if ticket.execution_id is None)
            cursor = page.cursor
            if cursor is None:
                return

    def _start_over(self, ticket: Ticket) -> None:
        """Start what was accepted; where an execution failed before it took the ticket, another one tries."""
        first = name_of(ticket)
        name = first
        for attempt in count(2):
            if self.engine.describe(self._begin(ticket, name)).status not in FAILED:
                return
            name = f"{first}-attempt-{attempt}"

    def settle(self, ticket: Ticket) -> Ticket:
        """Work in this thread until the ticket has ended or waits for a person; the ticket as it is then."""

        def current() -> Ticket:
            return self.tickets.get(ticket.tenant_id, ticket.ticket_id)

        execution_id = current().execution_id or self.start(ticket)
        self.engine.run(execution_id, until=lambda: current().status in WAITING)
        return current()

    def drain(self) -> None:
        """Work in this thread until nothing can be done any more."""
        self.engine.run_until_idle(wait=False)

    def working(self, threads: int) -> AbstractContextManager[None]:
        """Work on background threads as long as the context lasts."""
        return self.engine.workers(threads)


def name_of(ticket: Ticket) -> str:
    """Name of the execution that takes a ticket as it stands: the same ticket twice is one execution."""
    return ticket.ticket_id if ticket.status is Status.NEW else f"{ticket.ticket_id}-{ticket.version}"
