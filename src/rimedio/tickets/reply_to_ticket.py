"""The customer answers a question; the very same execution goes on with what it now knows."""

from dataclasses import dataclass

from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import Conflict
from rimedio.domain.ticket import Status
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.converse import Converse


@dataclass(frozen=True, slots=True)
class ReplyToTicket:
    """The use case behind `rimedio ticket reply`: a message that is an answer, or nothing."""

    tickets: TicketStore
    converse: Converse

    def __call__(self, tenant_id: str, ticket_id: str, text: str) -> Message:
        """Keep the reply and wake the execution. Raises NotFound, Conflict when nothing was asked."""
        ticket = self.tickets.get(tenant_id, ticket_id)
        if ticket.status is not Status.NEEDS_INFO:
            msg = f"Ticket {ticket_id} does not wait for a reply; it is {ticket.status}."
            raise Conflict(msg)
        return self.converse(tenant_id, ticket_id, text, Author.CUSTOMER)
