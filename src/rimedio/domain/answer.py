"""A remedy on its way to the customer: draft, claims, verdicts, decision, solution."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rimedio.domain.knowledge import DocType


class Section(StrEnum):
    """The three parts of a remedy, in reading order."""

    CAUSE = "CAUSE"
    CHECKS = "CHECKS"
    REMEDY = "REMEDY"


class Severity(StrEnum):
    """How careful a step asks the reader to be."""

    INFO = "INFO"
    CAUTION = "CAUTION"
    WARNING = "WARNING"
    DANGER = "DANGER"


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence and its proof: which passage (index into the context, from 1) and its literal words."""

    text: str
    passage: int
    quote: str


@dataclass(frozen=True, slots=True)
class DraftStep:
    """One step of a draft."""

    section: Section
    title: str
    sentences: tuple[DraftSentence, ...]
    severity: Severity = Severity.INFO
    estimated_time_minutes: int | None = None
    requires_tools: tuple[str, ...] = ()
    requires_parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Routing:
    """Who wrote the draft."""

    provider: str  # "extractive", "openai-compatible", "bedrock"
    model: str
    prompt_version: str
    fallback_used: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator wrote, before anything is checked. No steps means: not in the documentation."""

    language: str
    steps: tuple[DraftStep, ...]
    routing: Routing
    alternative_actions: tuple[str, ...] = ()
    tokens_input: int = 0
    tokens_output: int = 0

    @property
    def sentences(self) -> tuple[DraftSentence, ...]:
        """All sentences in reading order."""
        return tuple(sentence for step in self.steps for sentence in step.sentences)


class Verdict(StrEnum):
    """What checking a claim against its quoted text found."""

    SUPPORTED = "SUPPORTED"
    WEAK = "WEAK"  # the quote is there, but says less than the claim
    REFUTED = "REFUTED"  # number, unit, code or negation disagrees
    UNQUOTED = "UNQUOTED"  # the quote is not literally in the chunk, or there is none
    OPERATOR = "OPERATOR"  # a person's own words that no passage supports; never shown as cited


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence after it was checked. `support` is a probability, 0..1."""

    step: int  # order of its step, from 1
    text: str
    citation_id: str | None
    quote: str
    verdict: Verdict
    support: float
    reasons: tuple[str, ...] = ()
    quote_start: int | None = None  # where the quote stands in the chunk's text, to highlight it
    quote_end: int | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """All claims of a draft. Groundedness is the mean support; coverage the share with a literal quote."""

    claims: tuple[Claim, ...]
    groundedness: float
    citation_coverage: float


class Outcome(StrEnum):
    """What happens with a remedy."""

    PUBLISH = "PUBLISH"
    REVIEW = "REVIEW"
    ASK = "ASK"
    ESCALATE = "ESCALATE"


@dataclass(frozen=True, slots=True)
class Decision:
    """Outcome, with the calibrated probability that the remedy is right and why."""

    outcome: Outcome
    confidence: float
    reasons: tuple[str, ...]
    question: str | None = None  # what to ask the customer, when outcome is ASK
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that a remedy stands on."""

    id: str  # "c1", "c2", … in order of first use
    chunk_id: str
    source_uri: str
    source_title: str
    source_type: DocType
    snippet: str
    relevance_score: float
    page: int | None = None
    section: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SafetyFlag:
    """Something dangerous found in a remedy or a request."""

    rule: str  # such as "live-mains-work"
    text: str  # the words that raised it
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a published remedy."""

    order: int
    section: Section
    title: str
    text: str
    citation_ids: tuple[str, ...]
    severity: Severity = Severity.INFO
    estimated_time_minutes: int | None = None
    requires_tools: tuple[str, ...] = ()
    requires_parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """How much a remedy can be believed; all 0..1."""

    groundedness_score: float
    citation_coverage: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Performance:
    """What a remedy took."""

    latency_ms: float
    tokens_input: int = 0
    tokens_output: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Solution:
    """A remedy as the operator and the customer see it."""

    solution_id: str
    ticket_id: str
    language: str
    steps: tuple[Step, ...]
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]
    safety_flags: tuple[SafetyFlag, ...]
    alternative_actions: tuple[str, ...]
    quality: Quality
    decision: Decision
    routing: Routing
    performance: Performance
