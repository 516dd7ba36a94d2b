"""The passages that the writer may use: found in every way, without those that give orders."""

from dataclasses import dataclass, replace

from rimedio.answering.context import Context
from rimedio.answering.question import Retrieved
from rimedio.domain.knowledge import Passage
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.enrich import TicketCard
from rimedio.tickets.tasks.inspect import TicketQuestion
from rimedio.tickets.tasks.room import fitting_context
from rimedio.tickets.tasks.task import Task


@dataclass(frozen=True, slots=True)
class Findings:
    """What the three searches found."""

    hybrid: Retrieved
    code: tuple[Passage, ...] = ()
    similar: tuple[TicketCard, ...] = ()


@dataclass(frozen=True, slots=True)
class AssembleInput:
    """Which ticket, what it asks, what was found."""

    tenant_id: str
    ticket_id: str
    question: TicketQuestion
    retrieved: Findings


def assemble(parts: TaskParts, given: AssembleInput) -> Context:
    """Passages that define the code first, then the others by rank; suspicious ones left out."""
    hybrid = given.retrieved.hybrid
    known = {p.chunk.chunk_id for p in hybrid.passages}
    merged = [p for p in given.retrieved.code if p.chunk.chunk_id not in known] + list(hybrid.passages)
    refused = parts.guard.suspicious(merged)
    kept = [p for p in merged if p.chunk.chunk_id not in refused]
    ranked = tuple(replace(p, rank=place) for place, p in enumerate(kept, 1))
    return fitting_context(parts.answerer.assemble(replace(hybrid, passages=ranked)))


TASK = Task("assemble_context", AssembleInput, Context, assemble)
