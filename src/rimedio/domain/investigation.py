"""What is known of a ticket that a person has to take over."""

from dataclasses import dataclass
from datetime import datetime

from rimedio.domain.answer import Citation


@dataclass(frozen=True, slots=True)
class Finding:
    """A passage that was found, with where it stands; no citation where it could not be traced."""

    text: str
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class InvestigationNotes:
    """Notes of an escalation, made from the run's own data; texts are in the ticket's language.

    `similar` are ids of solved tickets. Every list may be empty; nothing in it is invented.
    """

    ticket_id: str
    created_at: datetime
    summary: str
    tried: tuple[str, ...] = ()
    found: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    similar: tuple[str, ...] = ()
    suggested_next: tuple[str, ...] = ()
