"""Take a ticket into work."""

from dataclasses import dataclass

from rimedio.domain.errors import IllegalMove
from rimedio.domain.ticket import Status, Ticket
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.task import Task


@dataclass(frozen=True, slots=True)
class ValidateInput:
    """Which ticket, and the execution that works on it."""

    tenant_id: str
    ticket_id: str
    execution_id: str


@dataclass(frozen=True, slots=True)
class TakenTicket:
    """A ticket that is being worked on. Its texts stay in the store: they are long, and personal."""

    ticket_id: str
    status: Status
    version: int
    attachments: tuple[str, ...] = ()  # their ids, in order


def taken(ticket: Ticket) -> TakenTicket:
    """What the workflow needs to know of a ticket."""
    ids = tuple(attachment.id for attachment in ticket.attachments)
    return TakenTicket(ticket.ticket_id, ticket.status, ticket.version, ids)


def validate(parts: TaskParts, given: ValidateInput) -> TakenTicket:
    """The ticket, now PROCESSING. Raises NotFound, or IllegalMove when a person or another run has it."""

    def take(ticket: Ticket) -> Ticket:
        if ticket.status is Status.PROCESSING:
            if ticket.execution_id == given.execution_id:
                return ticket  # this very step ran before a crash
            if ticket.execution_id is None:  # reopened
                return ticket.model_copy(update={"execution_id": given.execution_id})
        if ticket.status is not Status.NEW:
            msg = f"Ticket {ticket.ticket_id} is {ticket.status}: somebody else has it. Reopen it instead."
            raise IllegalMove(msg)
        moved = ticket.moved_to(Status.PROCESSING, parts.clock.now())
        return moved.model_copy(update={"execution_id": given.execution_id})

    return taken(parts.tickets.change(given.tenant_id, given.ticket_id, take))


TASK = Task("validate", ValidateInput, TakenTicket, validate)
