"""What a person said of a draft: approved, edited sentence by sentence, or rejected with a reason."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

REJECTED = "review-rejected"  # code of a ticket's reason after a rejected review


class ReviewVerdict(StrEnum):
    """What the reviewer says."""

    APPROVED = "APPROVED"
    EDITED = "EDITED"
    REJECTED = "REJECTED"


class Change(StrEnum):
    """What an edit did to a sentence."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """One sentence before and after. `step` is the order of its step: the new one, or the old if removed."""

    op: Change
    before: str | None
    after: str | None
    step: int


@dataclass(frozen=True, slots=True)
class Review:
    """One judgement of one solution; a solution is judged once.

    `solution_id` is the draft that was judged, `edited_solution_id` what an edit made of it. `changed` is
    the share of words, 0..1, that the edit changed. `category_before` and `category` differ where the
    reviewer corrected the category: a row to train on.
    """

    review_id: str
    tenant_id: str
    ticket_id: str
    solution_id: str
    reviewer: str
    verdict: ReviewVerdict
    at: datetime
    reason: str | None = None
    edited_solution_id: str | None = None
    diff: tuple[SentenceChange, ...] = ()
    changed: float = 0.0
    category_before: str | None = None
    category: str | None = None
    request_hash: str = ""  # the same request again is the same review
