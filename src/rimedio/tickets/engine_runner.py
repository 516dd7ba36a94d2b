"""Runs the workflow in this process, on the durable engine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from rimedio.asl import Engine, ExecutionAlreadyExists, Machine
from rimedio.domain.errors import NotFound
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.workflow import definition

MACHINE_NAME = "ticket"
PENDING_PAGE = 200


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
        """Set the ticket's execution going, once a version that is NEW or reopened."""
        name = ticket.ticket_id if ticket.version == 1 else f"{ticket.ticket_id}-{ticket.version}"
        given = {"tenant_id": ticket.tenant_id, "ticket_id": ticket.ticket_id}
        try:
            return self.engine.start(self.machine, given, name=name)
        except ExecutionAlreadyExists as existing:
            return str(existing)

    def recover(self, tenant_id: str) -> int:
        """After a start: pick up unfinished executions, and start what was accepted but never started.

        Returns how many tickets there are to go on with.
        """
        count = self.engine.resume()
        cursor = None
        while True:
            page = self.tickets.list_by_status(tenant_id, Status.NEW, limit=PENDING_PAGE, cursor=cursor)
            for ticket in page.tickets:
                self.start(ticket)
            count += len(page.tickets)
            cursor = page.cursor
            if cursor is None:
                return count

    def settle(self, ticket: Ticket) -> Ticket:
        """Work in this thread until the ticket has ended or waits for a person; the ticket as it is then."""
        with suppress(NotFound):
            self.engine.run(self.start(ticket))
        return self.tickets.get(ticket.tenant_id, ticket.ticket_id)

    def drain(self) -> None:
        """Work in this thread until nothing can be done any more."""
        self.engine.run_until_idle(wait=False)

    @contextmanager
    def working(self, threads: int) -> Iterator[threading.Event]:
        """Work on background threads as long as the context lasts."""
        with self.engine.workers(threads):
            yield threading.Event()
