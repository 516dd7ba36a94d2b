"""Solved tickets like this one: first those with the same model and code, then by what the symptoms say."""

from dataclasses import dataclass
from datetime import datetime

from rimedio.domain.answer import Section, Solution
from rimedio.domain.errors import NotFound
from rimedio.domain.feedback import Use
from rimedio.domain.ticket import Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.likeness import Symptoms, likeness

BY_CODE_MAX = 20
BY_MODEL_MAX = 50
SHOWN_MAX = 5
SCORE_MIN = 0.15
CODE_WEIGHT = 0.5
SUMMARY_CHARS = 240


@dataclass(frozen=True, slots=True)
class SimilarTicket:
    """A solved ticket in a few lines. `score` is 0..1; `use` is what was measured of its remedy."""

    ticket_id: str
    symptom_text: str
    model: str
    error_code: str | None
    solved_at: datetime
    score: float
    summary: str
    use: Use | None = None


@dataclass(frozen=True, slots=True)
class FindSimilar:
    """The use case behind `GET /v1/tickets/{id}/similar`."""

    tickets: TicketStore
    symptoms: Symptoms

    def __call__(
        self, tenant_id: str, ticket_id: str, *, limit: int = SHOWN_MAX
    ) -> tuple[SimilarTicket, ...]:
        """Solved tickets of the same model, the most alike first. Raises NotFound."""
        ticket = self.tickets.get(tenant_id, ticket_id)
        scored = [(self._score(ticket, other), other) for other in self._solved(ticket)]
        best = sorted((pair for pair in scored if pair[0] >= SCORE_MIN), key=lambda pair: -pair[0])
        return tuple(self._shown(other, score) for score, other in best[:limit])

    def _solved(self, ticket: Ticket) -> tuple[Ticket, ...]:
        model, code = ticket.asset.model, ticket.error_code
        found = list(self.tickets.similar_solved(ticket.tenant_id, model, None, limit=BY_MODEL_MAX))
        if code:
            found += self.tickets.similar_solved(ticket.tenant_id, model, code, limit=BY_CODE_MAX)
        unique = {other.ticket_id: other for other in found if other.ticket_id != ticket.ticket_id}
        return tuple(unique.values())

    def _score(self, ticket: Ticket, other: Ticket) -> float:
        mine, theirs = self.symptoms(ticket), self.symptoms(other)
        alike = likeness(mine, theirs)
        if not mine.codes:
            return alike
        return CODE_WEIGHT * bool(mine.codes & theirs.codes) + (1 - CODE_WEIGHT) * alike

    def _shown(self, ticket: Ticket, score: float) -> SimilarTicket:
        solution = self._solution(ticket)
        given = self.tickets.feedback(ticket.tenant_id, ticket.ticket_id)
        uses = [f.use for f in given if f.use is not None]
        return SimilarTicket(
            ticket_id=ticket.ticket_id,
            symptom_text=ticket.symptom_text,
            model=ticket.asset.model,
            error_code=ticket.error_code,
            solved_at=ticket.updated_at,
            score=round(score, 4),
            summary=summary_of(solution) if solution else (ticket.status_reason or ""),
            use=uses[-1] if uses else None,
        )

    def _solution(self, ticket: Ticket) -> Solution | None:
        if ticket.solution_id is None:
            return None
        try:
            return self.tickets.solution(ticket.tenant_id, ticket.ticket_id, ticket.solution_id)
        except NotFound:
            return None


def summary_of(solution: Solution) -> str:
    """What a remedy comes down to: the beginning of its remedy section, or of whatever it has."""
    remedy = [s.text for s in solution.steps if s.section is Section.REMEDY]
    text = " ".join(" ".join(remedy or [s.text for s in solution.steps]).split())
    if len(text) <= SUMMARY_CHARS:
        return text
    return text[: text.rfind(" ", 0, SUMMARY_CHARS)] + " …"
