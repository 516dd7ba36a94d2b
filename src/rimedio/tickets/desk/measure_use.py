"""What operators did with a remedy, measured from what they do and kept as feedback: once a solution."""

from dataclasses import dataclass

from rimedio.domain.answer import Solution
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.feedback import Feedback, Use
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.table import Put
from rimedio.storage.tickets import TicketStore


@dataclass(frozen=True, slots=True)
class MeasureUse:
    """Makes the feedback that goes along with a review or a resolution.

    Approved as it was: USED. Edited: EDITED, with the share of words changed. Rejected, or resolved without
    it: IGNORED. A published remedy whose ticket is resolved: USED.
    """

    tickets: TicketStore
    reviews: ReviewStore
    clock: Clock
    ids: Ids

    def judged(
        self,
        ticket: Ticket,
        solution: Solution,
        use: Use,
        by: str,
        *,
        changed: float | None = None,
        reason: str | None = None,
    ) -> Put:
        """The action that keeps what a review says of its solution."""
        return self.tickets.put_feedback(
            Feedback(
                feedback_id=self.ids.new("fbk"),
                tenant_id=ticket.tenant_id,
                ticket_id=ticket.ticket_id,
                solution_id=solution.solution_id,
                operator_id=by,
                created_at=self.clock.now(),
                was_helpful=use is not Use.IGNORED,
                applied_solution=False,
                required_escalation=use is Use.IGNORED,
                use=use,
                comments=reason[:5000] if reason else None,
                use_for_training=use is not Use.IGNORED,
                measured=True,
                changed=changed,
            )
        )

    def resolved(self, ticket: Ticket, by: str) -> tuple[Put, ...]:
        """What resolving `ticket`, as it stands before, says of its remedy; nothing where that is known."""
        if ticket.solution_id is None or self._known(ticket):
            return ()
        solution = self.tickets.solution(ticket.tenant_id, ticket.ticket_id, ticket.solution_id)
        if not solution.steps:
            return ()
        used = ticket.status is Status.READY
        minutes = int((self.clock.now() - ticket.created_at).total_seconds() // 60)
        feedback = Feedback(
            feedback_id=self.ids.new("fbk"),
            tenant_id=ticket.tenant_id,
            ticket_id=ticket.ticket_id,
            solution_id=ticket.solution_id,
            operator_id=by,
            created_at=self.clock.now(),
            was_helpful=used,
            applied_solution=used,
            resolved_issue=used,
            required_escalation=ticket.status is Status.ESCALATED,
            use=Use.USED if used else Use.IGNORED,
            time_to_resolution_minutes=max(0, minutes),
            use_for_training=used,
            measured=True,
        )
        return (self.tickets.put_feedback(feedback),)

    def _known(self, ticket: Ticket) -> bool:
        """Whether the use of the ticket's remedy was measured before: of itself, or as the edit of a draft."""
        given = self.tickets.feedback(ticket.tenant_id, ticket.ticket_id)
        judged = self.reviews.of_ticket(ticket.tenant_id, ticket.ticket_id)
        known = {f.solution_id for f in given if f.measured}
        return ticket.solution_id in known | {review.edited_solution_id for review in judged}
