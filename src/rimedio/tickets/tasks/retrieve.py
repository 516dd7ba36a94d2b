"""Three ways of finding, side by side: words and meaning, exact codes, similar solved tickets."""

from dataclasses import dataclass, replace

from rimedio.answering.answer import Asked
from rimedio.answering.question import Retrieved
from rimedio.domain.knowledge import Passage
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.classify import TicketCategory
from rimedio.tickets.tasks.enrich import TicketCard, cards
from rimedio.tickets.tasks.inspect import TicketQuestion
from rimedio.tickets.tasks.room import fitting_passages
from rimedio.tickets.tasks.task import Task

SIMILAR_MAX = 5


@dataclass(frozen=True, slots=True)
class RetrieveInput:
    """Which ticket, what it asks, in which category."""

    tenant_id: str
    ticket_id: str
    question: TicketQuestion
    classification: TicketCategory


def retrieve_hybrid(parts: TaskParts, given: RetrieveInput) -> Retrieved:
    """Passages by codes, words and meaning, and those that they refer to."""
    asked = given.question
    found = parts.answerer.retrieve(
        Asked(given.tenant_id, asked.text, asked.codes, asked.product_models, asked.language)
    )
    return replace(found, passages=fitting_passages(found.passages))


def retrieve_code(parts: TaskParts, given: RetrieveInput) -> tuple[Passage, ...]:
    """Passages that define the code in the ticket's own field; none when the field is empty."""
    if not given.question.codes:
        return ()
    asked = given.question
    return fitting_passages(parts.look_up_codes(given.tenant_id, asked.codes, asked.product_models))


def retrieve_similar(parts: TaskParts, given: RetrieveInput) -> tuple[TicketCard, ...]:
    """Solved tickets of the same model and, where the ticket names one, the same code."""
    ticket = parts.tickets.get(given.tenant_id, given.ticket_id)
    code = given.question.codes[0] if given.question.codes else None
    found = parts.tickets.similar_solved(given.tenant_id, ticket.asset.model, code, limit=SIMILAR_MAX + 1)
    return cards(found, but=ticket.ticket_id)[:SIMILAR_MAX]


HYBRID_TASK = Task("retrieve_hybrid", RetrieveInput, Retrieved, retrieve_hybrid)
CODE_TASK = Task("retrieve_code", RetrieveInput, tuple[Passage, ...], retrieve_code)
SIMILAR_TASK = Task("retrieve_similar", RetrieveInput, tuple[TicketCard, ...], retrieve_similar)
