"""What the workflow's tasks work with, as ports: bootstrap plugs in the laptop's or AWS's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from rimedio.answering.answer import Answerer
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.codec import Json
from rimedio.domain.knowledge import Passage
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.conversations import ConversationStore
from rimedio.storage.objects import ObjectStore
from rimedio.storage.table import Action
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.redaction_vaults import RedactionVaults
from rimedio.tickets.task_tokens import TaskTokens


@dataclass(frozen=True, slots=True)
class InspectedText:
    """A request after the guardrails: personal data out, suspicions named."""

    text: str
    redacted: Mapping[str, int] = field(default_factory=dict)  # kind of personal data: how many
    vault: str = ""  # what undoes the redaction, for the operator's eyes
    injection: bool = False
    denied: tuple[str, ...] = ()  # denied topics found
    dangers: tuple[str, ...] = ()  # messages about unsafe wishes


class RequestGuard(Protocol):
    """Looks at what comes in before any model sees it."""

    def inspect_request(self, text: str, names: Sequence[str], keep: Sequence[str]) -> InspectedText:
        """Redact and judge a request. `names` are the ticket's own people, `keep` stays as it is."""
        ...

    def suspicious(self, passages: Sequence[Passage]) -> frozenset[str]:
        """Ids of chunks that try to give the writer orders."""
        ...


@dataclass(frozen=True, slots=True)
class Classified:
    """Category of a request, with calibrated probabilities."""

    category: str
    confidence: float
    top: tuple[tuple[str, float], ...] = ()


class TicketClassifier(Protocol):
    """Says which category a request belongs to; "UNKNOWN" where it cannot tell."""

    def classify(self, text: str) -> Classified:
        """Raises ModelUnavailable."""
        ...


class SecondOpinion(Protocol):
    """Another judgement of the category, where the first is unsure."""

    def classify(self, text: str, categories: Sequence[str]) -> Classified | None:
        """None when there is nobody to ask. Raises Throttled, ModelUnavailable."""
        ...


class CodeLookup(Protocol):
    """Finds the passages that define a code."""

    def __call__(
        self, tenant_id: str, codes: Sequence[str], product_models: Sequence[str]
    ) -> tuple[Passage, ...]:
        """Passages, best first."""
        ...


KeepAnswer: TypeAlias = Callable[[str, Json, Callable[[], Json]], Json]  # task, payload and the work itself


@dataclass(frozen=True)
class TaskParts:
    """Everything a task may use."""

    tickets: TicketStore
    conversations: ConversationStore
    objects: ObjectStore
    vaults: RedactionVaults
    tokens: TaskTokens
    answerer: Answerer
    guard: RequestGuard
    classifier: TicketClassifier
    second_opinion: SecondOpinion
    look_up_codes: CodeLookup
    read_attachment: Callable[[bytes, str], str]
    clock: Clock
    ids: Ids
    categories: tuple[str, ...]
    category_sure: float = 0.85
    category_unsure: float = 0.70
    classifier_of: Callable[[str], TicketClassifier] | None = None  # a tenant's own; else the one for all
    on_classified: Callable[[str, str, str, Classified], None] = field(
        default=lambda _tenant, _ticket, _text, _found: None
    )
    fetch: Callable[[str], tuple[str, bytes]] | None = None  # name and bytes of a file on the internet
    take_notes: Callable[[Ticket, Sequence[str]], tuple[Action, ...]] = field(default=lambda _t, _r: ())
    keep_answer: KeepAnswer = field(default=lambda _task, _payload, work: work())
    on_settled: Callable[[Ticket, Status], None] = field(default=lambda _ticket, _status: None)
