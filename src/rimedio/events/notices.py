"""What people are told, beside what programs are: short texts for a mailing list or a telephone, in two languages.

Only ids, words of the system's own and figures: a notice leaves by mail, so nothing of a customer stands in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from rimedio.domain.codec import Json
from rimedio.domain.ticket import Status
from rimedio.events.detail_types import DetailType
from rimedio.events.event import Event

Detail = Mapping[str, Json]
WANTS_A_PERSON: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Status.ESCALATED.value: ("is handed over to a person", "passa a una persona"),
        Status.FAILED.value: ("could not be worked on", "non è stato elaborato"),
        Status.IN_REVIEW.value: ("waits for a review", "attende una revisione"),
    }
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A text for people. `subject` is plain ASCII of at most 100 characters, as mail through SNS asks."""

    tenant_id: str
    kind: str
    subject: str
    text: str


class NoticeBoard(Protocol):
    """Where notices go."""

    def post(self, notice: Notice) -> str:
        """Tell it; the message's id. Raises Throttled, Unavailable."""
        ...


class MemoryNoticeBoard:
    """Keeps notices, for tests."""

    def __init__(self) -> None:
        self.posted: list[Notice] = []

    def post(self, notice: Notice) -> str:
        self.posted.append(notice)
        return f"message-{len(self.posted)}"


def notice_of(event: Event) -> Notice | None:
    """What people are told of an event; None for most events, and for those of a replay."""
    write = None if event.replay_name else _WRITERS.get(event.detail_type)
    written = write(event.detail) if write else None
    if written is None:
        return None
    english, italian = written
    subject = f"Rimedio: {english}".encode("ascii", "replace").decode()[:100]
    return Notice(
        event.account, event.detail_type, subject, f"{english}.\n\n{italian}.\n\nevent {event.id}\n"
    )


def _ticket(detail: Detail) -> tuple[str, str] | None:
    said = WANTS_A_PERSON.get(str(detail.get("status")))
    if said is None:
        return None
    ticket, priority = detail.get("ticket_id"), detail.get("priority")
    about = f" ({priority})" if priority else ""
    return f"Ticket {ticket}{about} {said[0]}", f"Il ticket {ticket}{about} {said[1]}"


def _drift(detail: Detail) -> tuple[str, str]:
    watched, version = detail.get("watched"), detail.get("model_version")
    return (
        f"Drift of {watched} at classifier {version}",
        f"Deriva di {watched} con il classificatore {version}",
    )


def _budget(detail: Detail) -> tuple[str, str]:
    level, spent = detail.get("level"), detail.get("spent_usd")
    return (
        f"The budget is at level {level}, {spent} USD spent",
        f"Il budget è al livello {level}, spesi {spent} USD",
    )


def _refused(detail: Detail) -> tuple[str, str]:
    document = detail.get("document_id")
    return f"Document {document} was refused", f"Il documento {document} è stato rifiutato"


def _gap(detail: Detail) -> tuple[str, str]:
    gap = detail.get("gap_id")
    return (
        f"The manuals do not answer a question: gap {gap}",
        f"I manuali non rispondono a una domanda: lacuna {gap}",
    )


_WRITERS: Mapping[str, Callable[[Detail], tuple[str, str] | None]] = MappingProxyType(
    {
        DetailType.TICKET_STATUS_CHANGED.value: _ticket,
        DetailType.DRIFT_DETECTED.value: _drift,
        DetailType.BUDGET_LEVEL_CHANGED.value: _budget,
        DetailType.DOCUMENT_REFUSED.value: _refused,
        DetailType.KNOWLEDGE_GAP_FOUND.value: _gap,
    }
)
NOTICED = tuple(_WRITERS)  # detail types that a rule has to bring
