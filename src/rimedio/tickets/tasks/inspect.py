"""Personal data out, injections and denied topics found, before any model sees the text."""

from dataclasses import dataclass

from rimedio.domain.conversation import Author
from rimedio.domain.ticket import Ticket
from rimedio.llm.guardrails.hazards import find_hazards
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.extract_text import AttachmentText
from rimedio.tickets.tasks.room import QUESTION_BYTES_MAX, cut_text
from rimedio.tickets.tasks.task import Task

MESSAGES_MAX = 20


@dataclass(frozen=True, slots=True)
class InspectInput:
    """Which ticket, and what its attachments say."""

    tenant_id: str
    ticket_id: str
    attachments: tuple[AttachmentText, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketQuestion:
    """What the ticket asks, safe to show to models. `refused`: nothing is answered, a person reads it."""

    text: str
    language: str
    codes: tuple[str, ...]
    product_models: tuple[str, ...]
    refused: bool
    reasons: tuple[str, ...]  # codes of reasons, such as "injection"
    redacted: dict[str, int]
    dangers: tuple[str, ...] = ()


def inspect(parts: TaskParts, given: InspectInput) -> TicketQuestion:
    """The ticket's question; what undoes the redaction is stored for the operator."""
    ticket = parts.tickets.get(given.tenant_id, given.ticket_id)
    names = tuple(n for n in (ticket.customer.name, ticket.customer.contact_email) if n)
    keep = tuple(k for k in (ticket.asset.serial, ticket.asset.model, ticket.error_code) if k)
    told = _told(parts, ticket)
    read = (a.text for a in given.attachments if a.text)
    seen = parts.guard.inspect_request("\n\n".join((told, *read)), names, keep)
    text = cut_text(seen.text, QUESTION_BYTES_MAX)
    if seen.vault:
        parts.vaults.put(ticket.tenant_id, ticket.ticket_id, seen.vault)
    reasons = (("injection",) if seen.injection else ()) + tuple(f"denied:{topic}" for topic in seen.denied)
    return TicketQuestion(
        text=text,
        language=ticket.lang or "en",
        codes=(ticket.error_code,) if ticket.error_code else (),
        product_models=(ticket.asset.model,),
        refused=bool(reasons),
        reasons=reasons,
        redacted=dict(seen.redacted),
        dangers=seen.dangers + tuple(flag.rule for flag in find_hazards(told)),
    )


def _told(parts: TaskParts, ticket: Ticket) -> str:
    """What the customer wrote. Hazards are looked for here alone: an attached manual warns of shocks everywhere."""
    page = parts.conversations.messages(ticket.tenant_id, ticket.ticket_id, limit=MESSAGES_MAX)
    replies = [m.text for m in page.messages if m.author is Author.CUSTOMER]
    return "\n\n".join((ticket.symptom_text, *replies))


TASK = Task("inspect", InspectInput, TicketQuestion, inspect)
