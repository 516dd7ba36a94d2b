"""A person judges a draft: approve, edit, reject. Verdict, ticket and solution are one write.

The execution that waits is woken afterwards and finds the ticket moved: a crash in between loses nothing, for
an execution that wakes late never moves a ticket that people have moved (tasks/store.py).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rimedio.domain.answer import Section, Severity, Solution, Step
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Conflict, InvalidInput
from rimedio.domain.feedback import Use
from rimedio.domain.review import REJECTED, Review, ReviewVerdict
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.idempotency import hash_payload
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.table import Action
from rimedio.storage.tickets import CHANGE_ATTEMPTS_MAX, TicketStore
from rimedio.tickets.desk.edit_solution import EditSolution, placed
from rimedio.tickets.desk.investigate import Investigate
from rimedio.tickets.desk.measure_use import MeasureUse
from rimedio.tickets.desk.review_diff import PlacedSentence, sentence_diff, share_changed
from rimedio.tickets.runner import made_up_for_later
from rimedio.tickets.task_tokens import TaskTokens, Waiting
from rimedio.tickets.waker import Waker

STEPS_MAX = 60
TEXT_CHARS_MAX = 30_000  # of all steps
OPTIONAL = ("severity", "requires_tools", "requires_parts", "estimated_time_minutes")

Part = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class EditedStep(BaseModel):
    """A step as the reviewer wants it; sentences stand one a line or as running text.

    Severity, tools, parts and minutes that are not sent stay those of the draft's step of this order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Annotated[int, Field(ge=0, le=1000)] = 0
    section: Section
    title: Part
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
    citation_ids: tuple[Annotated[str, Field(max_length=20)], ...] = Field(default=(), max_length=50)
    severity: Severity = Severity.INFO
    requires_tools: tuple[Part, ...] = Field(default=(), max_length=50)
    requires_parts: tuple[Part, ...] = Field(default=(), max_length=50)
    estimated_time_minutes: Annotated[int, Field(ge=1, le=100_000)] | None = None


class ReviewRequest(BaseModel):
    """What the reviewer sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: ReviewVerdict
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    steps: tuple[EditedStep, ...] | None = Field(default=None, max_length=STEPS_MAX)
    category: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The ticket as the review left it, and the review."""

    ticket: Ticket
    review: Review


@dataclass(frozen=True, slots=True)
class ReviewParts:
    """What a review works with."""

    tickets: TicketStore
    reviews: ReviewStore
    tokens: TaskTokens
    waker: Waker
    edit: EditSolution
    measure: MeasureUse
    investigate: Investigate
    clock: Clock
    ids: Ids
    categories: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ReviewTicket:
    """The use case behind `POST /v1/tickets/{id}/review`."""

    parts: ReviewParts

    def __call__(self, tenant_id: str, ticket_id: str, request: ReviewRequest, *, reviewer: str) -> Reviewed:
        """Judge the draft that waits. The same request again, as a double click sends it, changes nothing.

        Raises NotFound, Conflict when the ticket waits for no review, InvalidInput for a verdict that lacks
        what it needs.
        """
        self._check(request)
        by = _By(reviewer, hash_payload([reviewer, request.model_dump(mode="json")]))
        for attempt in range(CHANGE_ATTEMPTS_MAX):
            ticket = self.parts.tickets.get(tenant_id, ticket_id)
            if ticket.status is not Status.IN_REVIEW or ticket.solution_id is None:
                return Reviewed(ticket, self._earlier(ticket, by.request_hash))
            draft = self.parts.tickets.solution(tenant_id, ticket_id, ticket.solution_id)
            # Read before the write: reopened afterwards, the ticket may soon wait with another run's draft.
            token = self.parts.tokens.current(tenant_id, ticket_id, Waiting.REVIEW)
            try:
                done = self._write(ticket, draft, request, by)
            except ConditionFailed:
                if attempt + 1 == CHANGE_ATTEMPTS_MAX:
                    raise
                continue
            self._wake(done, token)
            return done
        raise AssertionError("unreachable")

    def list(self, tenant_id: str, ticket_id: str) -> tuple[Review, ...]:
        """Every review of a ticket, oldest first. Raises NotFound."""
        self.parts.tickets.get(tenant_id, ticket_id)
        return self.parts.reviews.of_ticket(tenant_id, ticket_id)

    def _check(self, request: ReviewRequest) -> None:
        edits = request.verdict is ReviewVerdict.EDITED
        if edits and not request.steps:
            raise InvalidInput("The edited remedy is missing. Send all its `steps` with the verdict EDITED.")
        if not edits and request.steps is not None:
            raise InvalidInput(f"Steps go with EDITED only, not with {request.verdict}. Leave them out.")
        if request.verdict is ReviewVerdict.REJECTED and not request.reason:
            raise InvalidInput("A rejection needs a `reason`: it is what the next answer learns from.")
        if sum(len(step.text) for step in request.steps or ()) > TEXT_CHARS_MAX:
            raise InvalidInput(f"The remedy has more than {TEXT_CHARS_MAX} characters. Shorten it.")
        known = self.parts.categories
        if request.category is not None and known and request.category not in known:
            msg = f"There is no category {request.category!r}. Use one of: {', '.join(sorted(known))}."
            raise InvalidInput(msg)

    def _earlier(self, ticket: Ticket, asked: str) -> Review:
        """The review that this very request made before. Raises Conflict when there is none."""
        reviews = self.parts.reviews.of_ticket(ticket.tenant_id, ticket.ticket_id)
        if reviews and reviews[-1].request_hash == asked:
            return reviews[-1]
        said = f"{reviews[-1].reviewer} has {reviews[-1].verdict.lower()} it" if reviews else "see its status"
        msg = f"Ticket {ticket.ticket_id} does not wait for a review; it is {ticket.status} ({said})."
        raise Conflict(msg)

    def _write(self, ticket: Ticket, draft: Solution, request: ReviewRequest, by: "_By") -> Reviewed:
        edited = self._edited(ticket.tenant_id, draft, request)
        review = self._review(ticket, draft, edited, request, by)
        moved = self._moved(ticket, review, request)
        also: list[Action] = [self.parts.reviews.put(review), self._use(ticket, draft, review)]
        if review.verdict is ReviewVerdict.REJECTED:
            reasons = (*draft.decision.reasons, str(moved.status_reason))
            also.append(self.parts.investigate.action(moved, reasons))
        self.parts.tickets.save(moved, expected=ticket.version, solution=edited, also=also)
        return Reviewed(moved, review)

    def _moved(self, ticket: Ticket, review: Review, request: ReviewRequest) -> Ticket:
        rejected = review.verdict is ReviewVerdict.REJECTED
        moved = ticket.moved_to(
            Status.ESCALATED if rejected else Status.READY,
            review.at,
            reason=f"{REJECTED}: {request.reason}" if rejected else None,
        )
        return moved.model_copy(
            update={
                "category": review.category,
                "solution_id": review.edited_solution_id or ticket.solution_id,
            }
        )

    def _edited(self, tenant_id: str, draft: Solution, request: ReviewRequest) -> Solution | None:
        """What the edit makes of the draft; None where it leaves every step as it was."""
        if request.verdict is not ReviewVerdict.EDITED or not request.steps:
            return None
        known = {citation.id for citation in draft.citations}
        strange = {name for step in request.steps for name in step.citation_ids} - known
        if strange:
            named = ", ".join(sorted(known)) or "none"
            raise InvalidInput(f"The remedy has no citations {', '.join(sorted(strange))}. Known: {named}.")
        ordered = sorted(request.steps, key=lambda step: step.order)
        before = {step.order: step for step in draft.steps}
        edited = self.parts.edit(tenant_id, draft, [_step(s, before.get(s.order)) for s in ordered])
        return None if edited.steps == draft.steps else edited

    def _review(
        self, ticket: Ticket, draft: Solution, edited: Solution | None, request: ReviewRequest, by: "_By"
    ) -> Review:
        verdict = request.verdict
        if verdict is ReviewVerdict.EDITED and edited is None:
            verdict = ReviewVerdict.APPROVED
        before, after = placed(draft), placed(edited or draft)
        return Review(
            review_id=self.parts.ids.new("rev"),
            tenant_id=ticket.tenant_id,
            ticket_id=ticket.ticket_id,
            solution_id=draft.solution_id,
            reviewer=by.reviewer,
            verdict=verdict,
            at=self.parts.clock.now(),
            reason=request.reason or None,
            edited_solution_id=edited.solution_id if edited else None,
            diff=sentence_diff(before, after) if edited else (),
            changed=share_changed(_text(before), _text(after)) if edited else 0.0,
            category_before=ticket.category,
            category=request.category or ticket.category,
            request_hash=by.request_hash,
        )

    def _use(self, ticket: Ticket, draft: Solution, review: Review) -> Action:
        use = USES[review.verdict]
        changed = review.changed if use is Use.EDITED else None
        return self.parts.measure.judged(
            ticket, draft, use, review.reviewer, changed=changed, reason=review.reason
        )

    def _wake(self, done: Reviewed, token: str | None) -> None:
        """Let the waiting execution end; one that is over, or was woken before, stays as it is."""
        if token is None:
            return
        review = done.review
        with suppress(Conflict), made_up_for_later("Waking", done.ticket):
            output = {"verdict": review.verdict.value, "reviewer": review.reviewer, "reason": review.reason}
            self.parts.waker.send_task_success(token, {**output, "review_id": review.review_id})


USES = {
    ReviewVerdict.APPROVED: Use.USED,
    ReviewVerdict.EDITED: Use.EDITED,
    ReviewVerdict.REJECTED: Use.IGNORED,
}


@dataclass(frozen=True, slots=True)
class _By:
    """Who judges, and the request by which a double click is known."""

    reviewer: str
    request_hash: str


def _step(sent: EditedStep, before: Step | None) -> Step:
    """The step as it was sent; what was not sent stays as in the step that had this order."""
    step = Step(**sent.model_dump())
    if before is None:
        return step
    unsent = [name for name in OPTIONAL if name not in sent.model_fields_set]
    return replace(step, **{name: getattr(before, name) for name in unsent})


def _text(sentences: Sequence[PlacedSentence]) -> str:
    return "\n".join(sentence.text for sentence in sentences)
