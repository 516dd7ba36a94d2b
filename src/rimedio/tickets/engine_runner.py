"""Runs the workflow in this process, on the durable engine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from rimedio.asl import (
    Description,
    Engine,
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidToken,
    Machine,
    TaskTimedOut,
)
from rimedio.domain.codec import Json
from rimedio.domain.errors import Conflict, NotFound
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.live.progress import JournalProgress
from rimedio.tickets.recovery import Recovery
from rimedio.tickets.run_name import name_of
from rimedio.tickets.runner import given_to
from rimedio.tickets.workflow import definition

MACHINE_NAME = "ticket"
PICKED_UP_AFTER = timedelta(minutes=1)
WAITING = frozenset({Status.IN_REVIEW, Status.NEEDS_INFO})
TAKEN_OVER = "TakenOver"  # a person moved the ticket while an execution had it


@dataclass(frozen=True)
class EngineRunner:
    """A `Runner` on `rimedio.asl`; executions survive a crash and go on at the next start."""

    engine: Engine
    machine: Machine
    tickets: TicketStore
    make_shared: Callable[[], object]

    @classmethod
    def create(
        cls, engine: Engine, tickets: TicketStore, make_shared: Callable[[], object] = lambda: None
    ) -> "EngineRunner":
        """A runner of the ticket workflow; `make_shared` makes and imports what its workers have in common."""
        return cls(engine, Machine.parse(definition(), name=MACHINE_NAME), tickets, make_shared)

    def start(self, ticket: Ticket) -> str:
        """Set a ticket going: a NEW one under its own id, a reopened one under id and version."""
        return self._begin(ticket, name_of(ticket))

    def _begin(self, ticket: Ticket, name: str) -> str:
        try:
            return self.engine.start(self.machine, given_to(ticket), name=name)
        except ExecutionAlreadyExists as existing:
            return existing.execution_id

    def stop(self, ticket: Ticket, reason: str) -> None:
        """Break off the execution that works on a ticket or waits for it; nothing happens when it is over."""
        if ticket.execution_id is not None:
            self.engine.stop(ticket.execution_id, TAKEN_OVER, reason)

    def send_task_success(self, token: str, output: Json) -> None:
        """The task that waits for `token` has this output. Raises Conflict when nothing waits for it."""
        try:
            self.engine.send_task_success(token, output)
        except (InvalidToken, TaskTimedOut) as error:
            raise Conflict(str(error)) from error

    def describe(self, execution_id: str) -> Description:
        """How an execution stands. Raises NotFound."""
        try:
            return self.engine.describe(execution_id)
        except ExecutionDoesNotExist as error:
            raise NotFound(str(error)) from error

    def history(self, execution_id: str) -> list[dict[str, Json]]:
        """Its events. Raises NotFound."""
        try:
            return self.engine.history(execution_id)
        except ExecutionDoesNotExist as error:
            raise NotFound(str(error)) from error

    @cached_property
    def progress(self) -> JournalProgress:
        """How far executions are, for everybody who watches."""
        return JournalProgress(self.engine.journal)

    def recover(self, tenant_id: str) -> int:
        """After a start: pick up unfinished executions, and tickets that no execution works on.

        Those are accepted ones that were never started, and ones whose execution is over without having
        ended them; the latter go to a person.
        """
        return self.engine.resume() + self._recovery.run(tenant_id)

    def pick_up(self, tenant_id: str) -> int:
        """Now and then, while this process works: the tickets that `recover` looks for after a start.

        A start is put off while the database is busy with other writers; nobody else would make up for it.
        """
        return self._recovery.run(tenant_id, untouched_for=PICKED_UP_AFTER)

    @cached_property
    def _recovery(self) -> Recovery:
        return Recovery(self.tickets, self.engine.clock, self._begin, self._status_of)

    def _status_of(self, execution_id: str) -> str:
        return self.describe(execution_id).status

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

    @contextmanager
    def working(self, threads: int) -> Iterator[None]:
        """Work on background threads as long as the context lasts.

        What they share is made before they begin: two threads that import one package at a time, the one it and the
        other a module in it, are told of a deadlock by Python, and one of the two imports fails.
        """
        self.make_shared()
        with self.engine.workers(threads):
            yield
