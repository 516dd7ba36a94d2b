"""What people think of a remedy."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import Conflict, NotFound
from rimedio.domain.feedback import Feedback, Rating, Use
from rimedio.storage.tickets import TicketStore


class FeedbackRequest(BaseModel):
    """What a caller may say of a remedy; who says it, of what and when is not theirs to send."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rating: Rating
    was_helpful: bool
    solution_id: str | None = Field(default=None, max_length=100)  # the ticket's own when not given
    accuracy: Rating | None = None
    completeness: Rating | None = None
    applied_solution: bool = False
    resolved_issue: bool = False
    required_escalation: bool = False
    use: Use | None = None
    comments: str | None = Field(default=None, max_length=5000)
    corrections: str | None = Field(default=None, max_length=20000)
    time_to_resolution_minutes: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    use_for_training: bool = False


@dataclass(frozen=True, slots=True)
class GiveFeedback:
    """The use case behind `/v1/tickets/{id}/feedback`."""

    tickets: TicketStore
    clock: Clock
    ids: Ids

    def __call__(
        self, tenant_id: str, ticket_id: str, request: FeedbackRequest, operator_id: str
    ) -> Feedback:
        """Keep a judgement; the same again, as a double click sends it, is kept once.

        Raises NotFound; Conflict for a solution that is not the ticket's.
        """
        ticket = self.tickets.get(tenant_id, ticket_id)
        solution_id = request.solution_id or ticket.solution_id
        if request.solution_id is not None:
            try:
                self.tickets.solution(tenant_id, ticket_id, request.solution_id)
            except NotFound:
                msg = f"Ticket {ticket_id} has no solution {request.solution_id}. Leave `solution_id` out."
                raise Conflict(msg) from None
        feedback = Feedback(
            **request.model_dump(exclude={"solution_id"}),
            solution_id=solution_id,
            feedback_id=self.ids.new("fbk"),
            tenant_id=tenant_id,
            ticket_id=ticket_id,
            operator_id=operator_id,
            created_at=self.clock.now(),
        )
        self.tickets.add_feedback(feedback)
        return feedback

    def list(self, tenant_id: str, ticket_id: str) -> tuple[Feedback, ...]:
        """All feedback on a ticket, measured and given, oldest first. Raises NotFound."""
        self.tickets.get(tenant_id, ticket_id)
        return self.tickets.feedback(tenant_id, ticket_id)
