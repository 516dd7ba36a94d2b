"""A ticket and what hangs on it, for one reader."""

from dataclasses import dataclass

from rimedio.domain.answer import Solution
from rimedio.domain.errors import NotFound
from rimedio.domain.investigation import InvestigationNotes
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.tickets import TicketStore

PUBLISHED = frozenset({Status.READY, Status.RESOLVED})


@dataclass(frozen=True, slots=True)
class ShowTicket:
    """The use cases behind `GET /v1/tickets/{id}`, `…/solution` and `…/notes`. All raise NotFound."""

    tickets: TicketStore
    reviews: ReviewStore

    def __call__(self, tenant_id: str, ticket_id: str) -> Ticket:
        """The ticket."""
        return self.tickets.get(tenant_id, ticket_id)

    def solution(self, tenant_id: str, ticket_id: str, *, published_only: bool) -> Solution:
        """The solution that the ticket has now; `published_only` hides drafts, as from technicians."""
        ticket = self.tickets.get(tenant_id, ticket_id)
        if ticket.solution_id is None or (published_only and ticket.status not in PUBLISHED):
            raise NotFound(f"Ticket {ticket_id} has no solution to show; it is {ticket.status}.")
        return self.tickets.solution(tenant_id, ticket_id, ticket.solution_id)

    def notes(self, tenant_id: str, ticket_id: str) -> InvestigationNotes:
        """The notes of the ticket's escalation."""
        self.tickets.get(tenant_id, ticket_id)
        found = self.reviews.notes(tenant_id, ticket_id)
        if found is None:
            raise NotFound(f"Ticket {ticket_id} has no investigation notes; it was not escalated.")
        return found
