"""What is known about the customer and the equipment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rimedio.domain.ticket import AccountTier, Status, Ticket
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks.task import Task, TicketRef

HISTORY_MAX = 5
SUMMARY_CHARS = 200


@dataclass(frozen=True, slots=True)
class TicketCard:
    """Another ticket in a line."""

    ticket_id: str
    status: Status
    symptom: str
    error_code: str | None
    created_at: datetime
    solution_id: str | None


@dataclass(frozen=True, slots=True)
class Background:
    """Tier of the account, earlier tickets of the same equipment, remedies of this ticket's earlier runs."""

    account_tier: AccountTier
    history: tuple[TicketCard, ...]
    tried: tuple[str, ...] = ()  # ids of solutions; there are some when the ticket was reopened


def enrich(parts: TaskParts, given: TicketRef) -> Background:
    """Look up the customer's tier and the asset's earlier tickets."""
    ticket = parts.tickets.get(given.tenant_id, given.ticket_id)
    page = parts.tickets.asset_history(given.tenant_id, ticket.asset.serial, limit=HISTORY_MAX + 1)
    tried = tuple(s.solution_id for s in parts.tickets.solutions(given.tenant_id, given.ticket_id) if s.steps)
    others = cards(page.tickets, but=ticket.ticket_id)[:HISTORY_MAX]
    return Background(ticket.customer.account_tier, others, tried)


def cards(tickets: Iterable[Ticket], *, but: str) -> tuple[TicketCard, ...]:
    """Tickets as cards, without the ticket `but` itself."""
    return tuple(
        TicketCard(
            t.ticket_id, t.status, t.symptom_text[:SUMMARY_CHARS], t.error_code, t.created_at, t.solution_id
        )
        for t in tickets
        if t.ticket_id != but
    )


TASK = Task("enrich", TicketRef, Background, enrich)
