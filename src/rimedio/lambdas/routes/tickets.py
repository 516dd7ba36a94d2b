"""Tickets: open, list, read."""

from rimedio.bootstrap import Rimedio
from rimedio.domain.ticket import Ticket
from rimedio.lambdas.identifiers import TicketId
from rimedio.lambdas.router import Api

TAG = "tickets"


def register(api: Api, system: Rimedio) -> None:
    """Routes of tickets."""

    @api.get("/v1/tickets/{ticket_id}", summary="One ticket", tag=TAG, errors=(404,))
    def get_ticket(ticket_id: TicketId) -> Ticket:
        return system.tickets.get(api.caller.tenant_id, ticket_id)
