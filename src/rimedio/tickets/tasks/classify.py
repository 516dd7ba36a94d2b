"""Which category a ticket belongs to, and a second opinion where that is unsure."""

from dataclasses import dataclass, replace

from rimedio.classification.features import ticket_text
from rimedio.domain.errors import ModelUnavailable
from rimedio.tickets.parts import Classified, TaskParts
from rimedio.tickets.tasks.inspect import TicketQuestion
from rimedio.tickets.tasks.task import Task

UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ClassifyInput:
    """Which ticket, and what it asks."""

    tenant_id: str
    ticket_id: str
    question: TicketQuestion


@dataclass(frozen=True, slots=True)
class CategoryThresholds:
    """From `sure` on the category is taken as it is; below `unsure` somebody else is asked."""

    sure: float
    unsure: float


@dataclass(frozen=True, slots=True)
class TicketCategory:
    """The category, who said so, and whether a second opinion agreed."""

    category: str
    confidence: float
    top: tuple[tuple[str, float], ...]
    thresholds: CategoryThresholds
    by: str = "classifier"
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class SecondOpinionInput:
    """A question and its unsure category."""

    tenant_id: str
    ticket_id: str
    question: TicketQuestion
    classification: TicketCategory


def classify(parts: TaskParts, given: ClassifyInput) -> TicketCategory:
    """The classifier's category; UNKNOWN, not an error, where no classifier was trained yet."""
    thresholds = CategoryThresholds(parts.category_sure, parts.category_unsure)
    text = _as_trained(given.question)
    classifier = parts.classifier if parts.classifier_of is None else parts.classifier_of(given.tenant_id)
    try:
        found = classifier.classify(text)
    except ModelUnavailable:
        found = Classified(UNKNOWN, 0.0)
    else:
        parts.on_classified(given.tenant_id, given.ticket_id, text, found)
    return TicketCategory(found.category, found.confidence, found.top, thresholds)


def _as_trained(question: TicketQuestion) -> str:
    """The text with model and code, in the shape that training rows have."""
    model = question.product_models[0] if question.product_models else ""
    return ticket_text(question.text, model, question.codes[0] if question.codes else None)


def second_opinion(parts: TaskParts, given: SecondOpinionInput) -> TicketCategory:
    """The other judgement where it names a category; `agreed` when both name the same.

    Who does not know takes nothing back: the first guess stays, as unsure as it was.
    """
    first = given.classification
    other = parts.second_opinion.classify(given.question.text, parts.categories)
    if other is None:
        return replace(first, by="classifier, no second opinion")
    if other.category == UNKNOWN:
        return replace(first, by="classifier, the second opinion does not know")
    best = first.top[0][0] if first.top else first.category
    return TicketCategory(
        other.category,
        other.confidence,
        other.top,
        first.thresholds,
        "second opinion",
        other.category == best,
    )


TASK = Task("classify", ClassifyInput, TicketCategory, classify)
SECOND_OPINION_TASK = Task("second_opinion", SecondOpinionInput, TicketCategory, second_opinion)
