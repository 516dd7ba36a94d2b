"""The kinds of events that Rimedio publishes, and the part of the system each comes from."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class DetailType(StrEnum):
    """What has happened; the value stands in `detail-type`."""

    TICKET_OPENED = "TicketOpened"
    TICKET_STATUS_CHANGED = "TicketStatusChanged"
    SOLUTION_PUBLISHED = "SolutionPublished"
    REVIEW_DECIDED = "ReviewDecided"
    FEEDBACK_GIVEN = "FeedbackGiven"
    MESSAGE_ADDED = "MessageAdded"
    DOCUMENT_INDEXED = "DocumentIndexed"
    DOCUMENT_REFUSED = "DocumentRefused"
    KNOWLEDGE_GAP_FOUND = "KnowledgeGapFound"
    ARTICLE_APPROVED = "ArticleApproved"
    MODEL_PROMOTED = "ModelPromoted"
    DRIFT_DETECTED = "DriftDetected"
    BUDGET_LEVEL_CHANGED = "BudgetLevelChanged"
    SCHEDULE_DUE = "ScheduleDue"
    WEBHOOK_TEST = "WebhookTest"


TICKETS = "rimedio.tickets"
KNOWLEDGE = "rimedio.knowledge"
LEARNING = "rimedio.learning"
COST = "rimedio.cost"
EVENTS = "rimedio.events"

SOURCE_OF: Mapping[DetailType, str] = MappingProxyType(
    {
        DetailType.TICKET_OPENED: TICKETS,
        DetailType.TICKET_STATUS_CHANGED: TICKETS,
        DetailType.SOLUTION_PUBLISHED: TICKETS,
        DetailType.REVIEW_DECIDED: TICKETS,
        DetailType.FEEDBACK_GIVEN: TICKETS,
        DetailType.MESSAGE_ADDED: TICKETS,
        DetailType.DOCUMENT_INDEXED: KNOWLEDGE,
        DetailType.DOCUMENT_REFUSED: KNOWLEDGE,
        DetailType.KNOWLEDGE_GAP_FOUND: LEARNING,
        DetailType.ARTICLE_APPROVED: KNOWLEDGE,
        DetailType.MODEL_PROMOTED: LEARNING,
        DetailType.DRIFT_DETECTED: LEARNING,
        DetailType.BUDGET_LEVEL_CHANGED: COST,
        DetailType.SCHEDULE_DUE: EVENTS,
        DetailType.WEBHOOK_TEST: EVENTS,
    }
)
