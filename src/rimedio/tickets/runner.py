"""The port to what carries tickets through the workflow: the engine in this process, or AWS Step Functions."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rimedio.asl import Description
from rimedio.domain.codec import Json
from rimedio.domain.errors import Unavailable
from rimedio.domain.ticket import Ticket
from rimedio.tickets.live.progress import ProgressSource

_log = logging.getLogger(__name__)


class Runner(Protocol):
    """Executions of the ticket's workflow. Every method may be called from any thread."""

    def start(self, ticket: Ticket) -> str:
        """Set a ticket going; the same ticket at the same version twice is one execution. Its id.

        Raises Unavailable; the ticket is stored, so `recover` starts it later.
        """
        ...

    def stop(self, ticket: Ticket, reason: str) -> None:
        """Break off the execution that works on a ticket or waits for it; nothing happens when it is over."""
        ...

    def send_task_success(self, token: str, output: Json) -> None:
        """The task that waits for `token` has this output.

        Raises Conflict when nothing waits for the token any more: answered, timed out, stopped.
        """
        ...

    def describe(self, execution_id: str) -> Description:
        """How an execution stands. Raises NotFound when it is not, or no longer, kept."""
        ...

    def history(self, execution_id: str) -> list[dict[str, Json]]:
        """Its events, shaped as GetExecutionHistory's, timestamps as text. Raises NotFound."""
        ...

    @property
    def progress(self) -> ProgressSource:
        """How far executions are, for everybody who watches."""
        ...

    def recover(self, tenant_id: str) -> int:
        """Set going again what a crash or an outage has left behind; how many tickets there are to go on with."""
        ...

    def pick_up(self, tenant_id: str) -> int:
        """Now and then: start what was accepted and never started, hand abandoned tickets over; how many."""
        ...

    def settle(self, ticket: Ticket) -> Ticket:
        """Wait until the ticket has ended or waits for a person; the ticket as it is then."""
        ...

    def drain(self) -> None:
        """Do whatever can be done now, where this process is the one that does it."""
        ...

    def working(self, threads: int) -> AbstractContextManager[None]:
        """Work in the background as long as the context lasts, where this process is the one that works."""
        ...


def given_to(ticket: Ticket) -> dict[str, Json]:
    """The input of a ticket's execution."""
    return {"tenant_id": ticket.tenant_id, "ticket_id": ticket.ticket_id}


@contextmanager
def made_up_for_later(doing: str, ticket: Ticket) -> Iterator[None]:
    """Go on where the runner cannot be reached: what is stored already is made up for by `recover`."""
    try:
        yield
    except Unavailable as error:
        _log.warning("%s ticket %s is put off: %s", doing, ticket.ticket_id, error)
