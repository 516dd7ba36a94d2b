"""Moves that people make with a ticket: resolve, reopen, escalate; the notes of an escalation."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.investigation import InvestigationNotes
from rimedio.lambdas.identifiers import TicketId
from rimedio.lambdas.router import Api
from rimedio.lambdas.routes.conversation import author_of
from rimedio.lambdas.ticket_view import Ticket, shown

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "tickets"
ERRORS = (404, 409)


class MoveBody(BaseModel):
    """Why the ticket is moved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str | None = Field(None, max_length=2000)


NO_REASON = MoveBody(reason=None)


def register(api: Api, system: "Rimedio") -> None:
    """Routes of moves."""

    @api.post("/v1/tickets/{ticket_id}/resolve", summary="The trouble is over", tag=TAG, errors=ERRORS)
    def resolve_ticket(ticket_id: TicketId, body: MoveBody = NO_REASON) -> Ticket:
        caller = api.caller
        return shown(system.desk.resolve(caller.tenant_id, ticket_id, by=caller.subject, reason=body.reason))

    @api.post("/v1/tickets/{ticket_id}/reopen", summary="The trouble is back", tag=TAG, errors=ERRORS)
    def reopen_ticket(ticket_id: TicketId, body: MoveBody = NO_REASON) -> Ticket:
        """A new execution that knows what was tried."""
        caller = api.caller
        reopened = system.desk.reopen(
            caller.tenant_id,
            ticket_id,
            by=caller.subject,
            reason=body.reason,
            author=author_of(caller, None),
        )
        return shown(reopened)

    @api.post("/v1/tickets/{ticket_id}/escalate", summary="A person takes over", tag=TAG, errors=ERRORS)
    def escalate_ticket(ticket_id: TicketId, body: MoveBody = NO_REASON) -> Ticket:
        caller = api.caller
        return shown(system.desk.escalate(caller.tenant_id, ticket_id, by=caller.subject, reason=body.reason))

    @api.get("/v1/tickets/{ticket_id}/notes", summary="Notes of its escalation", tag=TAG, errors=(404,))
    def get_notes(ticket_id: TicketId) -> InvestigationNotes:
        return system.desk.show.notes(api.caller.tenant_id, ticket_id)
