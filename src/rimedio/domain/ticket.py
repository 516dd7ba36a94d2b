"""A ticket, the people and the equipment behind it, and the moves it may make."""

import re
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rimedio.domain.errors import IllegalMove

SYMPTOM_CHARS_MIN = 10
SYMPTOM_CHARS_MAX = 5000
ATTACHED_CHARS_MAX = 5000  # ten such texts and all the rest stay below the 400 KB of one DynamoDB item
METADATA_MAX = 50
# White space and control characters, written out: what \s means differs between regular expression engines.
BLANKS = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u3000\ufeff"
SIGN = rf"[^{BLANKS}]"
NO_NUL = r"[^\u0000]"
SAID = rf"^{NO_NUL}*{SIGN}{NO_NUL}*$"  # a text that is more than blanks
SYMPTOM = rf"^{NO_NUL}*{SIGN}{NO_NUL}{{{SYMPTOM_CHARS_MIN - 2},}}{SIGN}{NO_NUL}*$"
TICKET_ID = re.compile(r"^tkt_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

# The patterns are for JSON Schema, which knows nothing of stripping: some sign must not be white space.
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(json_schema_extra={"pattern": SAID}),
]


MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=100)]
MetadataValue = Annotated[str, StringConstraints(max_length=500)]

# Shape only: whether an address exists is learnt by writing to it.
_MAIL_SIGN = rf"[^@{BLANKS}]"
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=rf"^{_MAIL_SIGN}+@{_MAIL_SIGN}+\.[^@.{BLANKS}]{{2,}}$")
]


class AccountTier(StrEnum):
    """What the customer pays for; it sets rate limits and priority."""

    FREE = "FREE"
    STANDARD = "STANDARD"
    ENTERPRISE = "ENTERPRISE"


class Priority(StrEnum):
    """P1 is a danger or a standstill, P4 a question."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class AttachmentType(StrEnum):
    """Kind of file that a customer may add."""

    PDF = "PDF"
    IMAGE = "IMAGE"
    LOG = "LOG"
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"  # text, Markdown, HTML, Word: what manuals come as


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "NEW"
    PROCESSING = "PROCESSING"
    READY = "READY"
    IN_REVIEW = "IN_REVIEW"
    NEEDS_INFO = "NEEDS_INFO"
    ESCALATED = "ESCALATED"
    FAILED = "FAILED"
    RESOLVED = "RESOLVED"


MOVES = MappingProxyType(
    {
        Status.NEW: frozenset({Status.PROCESSING, Status.FAILED}),
        Status.PROCESSING: frozenset(
            {Status.READY, Status.IN_REVIEW, Status.NEEDS_INFO, Status.ESCALATED, Status.FAILED}
        ),
        Status.IN_REVIEW: frozenset({Status.READY, Status.ESCALATED, Status.FAILED, Status.PROCESSING}),
        Status.NEEDS_INFO: frozenset({Status.PROCESSING, Status.ESCALATED, Status.RESOLVED, Status.FAILED}),
        Status.READY: frozenset({Status.RESOLVED, Status.ESCALATED, Status.PROCESSING}),
        Status.ESCALATED: frozenset({Status.RESOLVED, Status.PROCESSING}),
        Status.FAILED: frozenset({Status.PROCESSING, Status.ESCALATED}),
        Status.RESOLVED: frozenset({Status.PROCESSING}),  # reopened
    }
)


WAITING_FOR_PEOPLE = frozenset({Status.IN_REVIEW, Status.NEEDS_INFO, Status.ESCALATED})


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Customer(_Value):
    """Who has the problem."""

    id: ShortText
    name: ShortText
    contact_email: Email | None = None
    account_tier: AccountTier = AccountTier.STANDARD


class Asset(_Value):
    """The piece of equipment that has it."""

    product_type: ShortText
    model: ShortText
    serial: ShortText
    firmware_version: str | None = Field(default=None, max_length=100)
    installation_date: date | None = None


class Attachment(_Value):
    """A file that came with a ticket."""

    id: ShortText
    type: AttachmentType
    uri: str = Field(max_length=2048)
    name: str | None = Field(default=None, max_length=200)
    text: str | None = Field(default=None, max_length=ATTACHED_CHARS_MAX)  # what was read out of it


class Policies(_Value):
    """What the answer must respect."""

    safe_instructions: bool = True
    grounded_only: bool = True


class TicketRequest(_Value):
    """What a caller may send to open a ticket; the rest is Rimedio's to decide."""

    customer: Customer
    asset: Asset
    symptom_text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=SYMPTOM_CHARS_MIN, max_length=SYMPTOM_CHARS_MAX),
        Field(json_schema_extra={"pattern": SYMPTOM}),
    ]
    error_code: str | None = Field(default=None, max_length=20)
    attachments: tuple[Attachment, ...] = ()
    priority: Priority = Priority.P3
    lang: str | None = Field(default=None, pattern="^(it|en)$")  # found in the text when not given
    policies: Policies = Policies()
    metadata: dict[MetadataKey, MetadataValue] = Field(default_factory=dict, max_length=METADATA_MAX)


class Ticket(TicketRequest):
    """A ticket as it is stored. `version` counts writes, for optimistic locking.

    `confidence` is that of its current solution; `waiting_since` is set while somebody has to do something;
    `duplicate_of` names an open ticket about the same trouble.
    """

    ticket_id: str = Field(pattern=TICKET_ID.pattern)
    tenant_id: ShortText
    status: Status = Status.NEW
    status_reason: str | None = None
    created_at: datetime
    updated_at: datetime
    execution_id: str | None = None
    solution_id: str | None = None
    category: str | None = None
    confidence: float | None = None
    waiting_since: datetime | None = None
    duplicate_of: str | None = None
    version: int = 1

    def moved_to(self, status: Status, at: datetime, *, reason: str | None = None) -> "Ticket":
        """The same ticket in another status. Raises IllegalMove when the way is not allowed."""
        if status not in MOVES[self.status]:
            legal = ", ".join(sorted(MOVES[self.status])) or "none"
            msg = (
                f"Ticket {self.ticket_id} is {self.status} and cannot become {status}. "
                f"From {self.status} it can become: {legal}."
            )
            raise IllegalMove(msg)
        return self.model_copy(
            update={
                "status": status,
                "status_reason": reason,
                "updated_at": at,
                "waiting_since": at if status in WAITING_FOR_PEOPLE else None,
                "version": self.version + 1,
            }
        )
