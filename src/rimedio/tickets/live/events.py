"""The events of a live stream, typed. Their names and JSON are the API's."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from rimedio.domain.answer import Citation, Outcome, Section, Solution
from rimedio.domain.codec import Json, to_json
from rimedio.domain.ticket import Status


class ProgressStatus(StrEnum):
    """What happened in a state."""

    ENTERED = "ENTERED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    RETRIED = "RETRIED"
    WAITING = "WAITING"


@dataclass(frozen=True, slots=True)
class Start:
    """The stream begins; a question without a ticket has neither id nor status."""

    ticket_id: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A state of the workflow was entered, left, tried again, or waits for somebody."""

    state: str
    status: ProgressStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class Chunk:
    """One verified sentence, in reading order from 1; `step` is the order of its step.

    `own_words`: a reviewer's own, that no passage supports; such a sentence has no citation.
    """

    index: int
    step: int
    section: Section
    title: str
    text: str
    citation_ids: tuple[str, ...]
    own_words: bool = False


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage that sentences before it cite."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Complete:
    """The end: where the ticket stands. `solution` is there for a question without a ticket."""

    status: Status | None = None
    solution_id: str | None = None
    outcome: Outcome | None = None
    confidence: float | None = None
    solution: Solution | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The stream cannot go on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class QueueChange:
    """A ticket stands somewhere else than before."""

    ticket_id: str
    status: Status
    updated_at: datetime


Body: TypeAlias = Start | Progress | Chunk | Cited | Complete | Failed | QueueChange

_NAMES: dict[type, str] = {
    Start: "start",
    Progress: "progress",
    Chunk: "chunk",
    Cited: "citation",
    Complete: "complete",
    Failed: "error",
    QueueChange: "ticket",
}


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event and the position just behind it: the `id:` that a client sends back as Last-Event-ID."""

    position: str
    body: Body

    @property
    def name(self) -> str:
        """The `event:` of the stream."""
        return _NAMES[type(self.body)]

    @property
    def data(self) -> Json:
        """The `data:` of the stream, as JSON values."""
        if isinstance(self.body, Cited):
            return to_json(self.body.citation)
        plain = to_json(self.body)
        if isinstance(self.body, Complete) and isinstance(plain, dict) and self.body.solution is None:
            plain.pop("solution")
        return plain


@dataclass(frozen=True, slots=True)
class LiveChanges:
    """What is new since a position; `done`: nothing more will come."""

    events: tuple[LiveEvent, ...]
    position: str
    done: bool = False
