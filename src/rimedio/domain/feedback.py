"""What people think of a remedy and what they did with it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Use(StrEnum):
    """What the operator did with the remedy."""

    USED = "USED"
    EDITED = "EDITED"
    IGNORED = "IGNORED"


Rating = Annotated[int, Field(ge=1, le=5)]


class Feedback(BaseModel):
    """An operator's judgement of one solution, or what was measured from what operators did with it.

    `measured` feedback is written by the system, once a solution: it has a `use`, and no rating. `changed`
    is the share of words, 0..1, that an edit changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feedback_id: str
    tenant_id: str
    ticket_id: str
    solution_id: str | None = None
    operator_id: str
    created_at: datetime
    rating: Rating | None = None
    was_helpful: bool
    accuracy: Rating | None = None
    completeness: Rating | None = None
    applied_solution: bool = False
    resolved_issue: bool = False
    required_escalation: bool = False
    use: Use | None = None
    comments: str | None = Field(default=None, max_length=5000)
    corrections: str | None = Field(default=None, max_length=20000)
    time_to_resolution_minutes: Annotated[int, Field(ge=0)] | None = None
    use_for_training: bool = False
    measured: bool = False
    changed: Annotated[float, Field(ge=0, le=1)] | None = None
