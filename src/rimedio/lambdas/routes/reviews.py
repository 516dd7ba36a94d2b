"""Reviews: a person approves, edits or rejects a draft."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.answer import Section, Severity
from rimedio.domain.review import Review, ReviewVerdict
from rimedio.lambdas.identifiers import SAID, TicketId
from rimedio.lambdas.replies import Items
from rimedio.lambdas.router import Api
from rimedio.lambdas.ticket_view import Ticket, shown

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.tickets.review_ticket import ReviewRequest

TAG = "tickets"
STEPS_MAX, PARTS_MAX = 60, 50
Part = Annotated[str, Field(min_length=1, max_length=200, pattern=SAID)]
Parts = Annotated[tuple[Part, ...], Field(max_length=PARTS_MAX)]
Category = Annotated[
    str,
    Field(max_length=100, json_schema_extra={"x-taxonomy": "categories"}, description="The right category."),
]


class StepBody(BaseModel):
    """A step as the reviewer wants it. What is absent stays as in the draft's step of this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: int = Field(0, ge=0, le=1000)
    section: Section
    title: Part
    text: Annotated[str, Field(min_length=1, max_length=5000, pattern=SAID)]
    citation_ids: tuple[Annotated[str, Field(max_length=20)], ...] = Field((), max_length=PARTS_MAX)
    severity: Severity = Severity.INFO
    requires_tools: Parts = ()
    requires_parts: Parts = ()
    estimated_time_minutes: int | None = Field(None, ge=1, le=100_000)


class _Judged(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    category: Category | None = None


class ApproveBody(_Judged):
    """The draft is right as it is."""

    verdict: Literal[ReviewVerdict.APPROVED]
    reason: str | None = Field(None, max_length=2000)


class EditBody(_Judged):
    """The draft is right once it is changed; `steps` are the whole remedy."""

    verdict: Literal[ReviewVerdict.EDITED]
    reason: str | None = Field(None, max_length=2000)
    steps: tuple[StepBody, ...] = Field(min_length=1, max_length=STEPS_MAX)


class RejectBody(_Judged):
    """The draft is wrong; the reason is what the next answer learns from."""

    verdict: Literal[ReviewVerdict.REJECTED]
    reason: str = Field(min_length=1, max_length=2000, pattern=SAID)


ReviewBody = Annotated[ApproveBody | EditBody | RejectBody, Field(discriminator="verdict")]


class ReviewedView(BaseModel):
    """The ticket as the review left it, and the review with its difference, sentence by sentence."""

    model_config = ConfigDict(frozen=True)

    ticket: Ticket
    review: Review


def register(api: Api, system: "Rimedio") -> None:
    """Routes of reviews."""

    @api.post("/v1/tickets/{ticket_id}/review", summary="Judge its draft", tag=TAG, errors=(404, 409),
              unfit=True)  # fmt: skip
    def review_ticket(ticket_id: TicketId, body: ReviewBody) -> ReviewedView:
        """The same request again, as a double click sends it, changes nothing."""
        caller = api.caller
        done = system.desk.review(caller.tenant_id, ticket_id, _request_of(body), reviewer=caller.subject)
        return ReviewedView(ticket=shown(done.ticket), review=done.review)

    @api.get("/v1/tickets/{ticket_id}/reviews", summary="What reviewers said", tag=TAG, errors=(404,))
    def list_reviews(ticket_id: TicketId) -> Items[Review]:
        return Items(items=system.desk.review.list(api.caller.tenant_id, ticket_id))


def _request_of(body: ApproveBody | EditBody | RejectBody) -> "ReviewRequest":
    """The use case's own request; what was not sent stays unsent."""
    from rimedio.tickets.review_ticket import ReviewRequest

    return ReviewRequest.model_validate(body.model_dump(exclude_unset=True))
