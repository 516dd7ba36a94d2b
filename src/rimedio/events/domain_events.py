"""What each kind of event tells, as types: the `detail` of an envelope, without its metadata.

Events carry ids and facts, never a customer's words, name or address: whoever needs them reads the ticket with
rights of his own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rimedio.domain.codec import Json, from_json, to_json
from rimedio.domain.errors import InvalidInput
from rimedio.events.detail_types import DetailType
from rimedio.events.event import Event


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What every event about a ticket says of it."""

    ticket_id: str
    priority: str | None = None
    lang: str | None = None
    category: str | None = None
    error_code: str | None = None
    product_type: str | None = None
    model: str | None = None
    serial: str | None = None
    customer_id: str | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class TicketOpened(TicketFacts):
    """A ticket was accepted."""


@dataclass(frozen=True, slots=True)
class TicketStatusChanged(TicketFacts):
    """A ticket has come to another status; `version` counts the ticket's writes."""

    status: str = ""
    previous_status: str = ""
    version: int = 0
    solution_id: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SolutionPublished(TicketFacts):
    """A remedy may be seen by the customer."""

    solution_id: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ReviewDecided:
    """A person has judged a draft."""

    review_id: str
    ticket_id: str
    solution_id: str
    reviewer: str
    verdict: str
    changed: float = 0.0
    edited_solution_id: str | None = None


@dataclass(frozen=True, slots=True)
class FeedbackGiven:
    """Somebody has judged a remedy, or its use was measured."""

    feedback_id: str
    ticket_id: str
    solution_id: str | None = None
    operator_id: str | None = None
    rating: int | None = None
    was_helpful: bool | None = None
    use: str | None = None
    measured: bool = False
    resolved_issue: bool = False
    required_escalation: bool = False


@dataclass(frozen=True, slots=True)
class MessageAdded:
    """Something was said about a ticket."""

    ticket_id: str
    message_id: str
    author: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentIndexed:
    """A document can be searched."""

    document_id: str
    source_uri: str | None = None
    title: str | None = None
    doc_type: str | None = None
    language: str | None = None
    pages: int | None = None
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class DocumentRefused:
    """A document cannot become knowledge, and why."""

    document_id: str
    source_uri: str | None = None
    title: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class KnowledgeGapFound:
    """Questions that the documentation does not answer; `terms` are what they have in common."""

    gap_id: str
    count: int = 1
    terms: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleApproved:
    """A person has let an article become knowledge."""

    article_id: str
    title: str | None = None
    ticket_ids: tuple[str, ...] = ()
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class ModelPromoted:
    """Another version of the classifier answers from now on."""

    version: str
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class DriftDetected:
    """What the classifier sees, or how sure it is, is no longer what it was."""

    watched: str
    model_version: str
    rows: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class BudgetLevelChanged:
    """What is spent has reached, or left, a level at which answers get cheaper."""

    level: str
    previous_level: str
    month: str
    spent_usd: float
    monthly_usd: float | None = None


@dataclass(frozen=True, slots=True)
class ScheduleDue:
    """A schedule's time has come; `input` is what the schedule was given."""

    schedule: str
    scheduled_at: datetime
    input: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class WebhookTest:
    """Somebody tries out a webhook."""

    webhook_id: str


DomainEvent = (
    TicketOpened
    | TicketStatusChanged
    | SolutionPublished
    | ReviewDecided
    | FeedbackGiven
    | MessageAdded
    | DocumentIndexed
    | DocumentRefused
    | KnowledgeGapFound
    | ArticleApproved
    | ModelPromoted
    | DriftDetected
    | BudgetLevelChanged
    | ScheduleDue
    | WebhookTest
)

KINDS: Mapping[DetailType, type[DomainEvent]] = MappingProxyType(
    {
        DetailType.TICKET_OPENED: TicketOpened,
        DetailType.TICKET_STATUS_CHANGED: TicketStatusChanged,
        DetailType.SOLUTION_PUBLISHED: SolutionPublished,
        DetailType.REVIEW_DECIDED: ReviewDecided,
        DetailType.FEEDBACK_GIVEN: FeedbackGiven,
        DetailType.MESSAGE_ADDED: MessageAdded,
        DetailType.DOCUMENT_INDEXED: DocumentIndexed,
        DetailType.DOCUMENT_REFUSED: DocumentRefused,
        DetailType.KNOWLEDGE_GAP_FOUND: KnowledgeGapFound,
        DetailType.ARTICLE_APPROVED: ArticleApproved,
        DetailType.MODEL_PROMOTED: ModelPromoted,
        DetailType.DRIFT_DETECTED: DriftDetected,
        DetailType.BUDGET_LEVEL_CHANGED: BudgetLevelChanged,
        DetailType.SCHEDULE_DUE: ScheduleDue,
        DetailType.WEBHOOK_TEST: WebhookTest,
    }
)
_TYPES = {kind: detail_type for detail_type, kind in KINDS.items()}


def detail_type_of(told: DomainEvent) -> DetailType:
    """The detail-type of a typed event."""
    return _TYPES[type(told)]


def domain_event(event: Event) -> DomainEvent:
    """What an event of Rimedio's own tells, typed: for handlers. Raises InvalidInput for another kind."""
    try:
        kind = KINDS[DetailType(event.detail_type)]
    except ValueError:
        raise InvalidInput(f"{event.detail_type!r} is no event of Rimedio's own.") from None
    told: DomainEvent = from_json(kind, event.detail)
    return told


def detail_of(told: DomainEvent) -> dict[str, Json]:
    """The `detail` of a typed event, as JSON."""
    plain = to_json(told)
    return dict(plain) if isinstance(plain, dict) else {}
