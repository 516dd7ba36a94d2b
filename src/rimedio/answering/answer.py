"""From a question to a solution: search, hops, context, draft, verification, safety, decision.

`Answerer.answer` goes the whole way for the command line; the ticket workflow calls one step a task. All
values between the steps are plain dataclasses that `rimedio.domain.codec` turns into JSON and back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rimedio.answering.case import AnswerCase
from rimedio.answering.cite import citations_of, steps_of, trusted
from rimedio.answering.context import NEARBY_ORDINALS, Context, TokenCount, assemble_context
from rimedio.answering.hops import ReferencedChunks, follow_references
from rimedio.answering.question import Question, Retrieved
from rimedio.answering.writers import Writer, WriterChain, after_failures
from rimedio.domain.answer import (
    Decision,
    Draft,
    DraftSentence,
    DraftStep,
    Performance,
    Quality,
    Routing,
    SafetyFlag,
    Section,
    Solution,
    Verification,
)
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import GenerationFailed
from rimedio.domain.knowledge import Chunk, Passage
from rimedio.knowledge.index.port import Filters
from rimedio.knowledge.search import SearchQuery, SearchResult


class Searching(Protocol):
    """Finds passages."""

    def search(self, query: SearchQuery) -> SearchResult:
        """Passages for a question."""
        ...


class Verifier(Protocol):
    """Checks each sentence of a draft against the passage that it cites."""

    def verify(self, draft: Draft, context: Context) -> Verification:
        """One claim for each sentence, in order."""
        ...


class SafetyCheck(Protocol):
    """Finds dangerous instructions."""

    def check(self, draft: Draft, context: Context) -> tuple[SafetyFlag, ...]:
        """What is dangerous in a draft."""
        ...


class Decider(Protocol):
    """Says what happens with a remedy."""

    def decide(self, case: AnswerCase) -> Decision:
        """Publish, review, ask or escalate, with a calibrated confidence."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a ticket or the command line asks; personal data is out of `text` already."""

    tenant_id: str
    text: str
    codes: tuple[str, ...] = ()  # given beside the text, as in a ticket's field
    product_models: tuple[str, ...] = ()
    language: str | None = None  # detected when unset
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How much may be looked at."""

    passages: int = 8
    context_tokens: int = 3000


@dataclass(frozen=True)
class AnswerParts:
    """What an Answerer is made of."""

    search: Searching
    index: ReferencedChunks
    primary: Writer
    extractive: Writer
    verifier: Verifier
    safety: SafetyCheck
    decider: Decider
    count_tokens: TokenCount
    clock: Clock
    ids: Ids
    fallback: Writer | None = None
    cost_of: Callable[[Draft], float] = field(default=lambda _: 0.0)
    limits: AnswerLimits = AnswerLimits()
    on_answered: Callable[[float], None] = field(default=lambda _seconds: None)


PRIMARY, FALLBACK, EXTRACTIVE = "primary", "fallback", "extractive"


class Answerer:
    """Answers questions; each method is one step and can be called on its own."""

    def __init__(self, parts: AnswerParts) -> None:
        self._parts = parts
        named = {PRIMARY: parts.primary, FALLBACK: parts.fallback, EXTRACTIVE: parts.extractive}
        self._writers: Mapping[str, Writer | None] = named

    def retrieve(self, asked: Asked) -> Retrieved:
        """Passages for what is asked, and those that they refer to. Raises InvalidInput, ModelUnavailable."""
        filters = Filters(product_models=asked.product_models)
        result = self._parts.search.search(
            SearchQuery(
                tenant_id=asked.tenant_id,
                text=asked.text,
                codes=asked.codes,
                filters=filters,
                limit=self._parts.limits.passages,
                language=asked.language,
            )
        )
        question = Question(
            text=asked.text,
            language=result.language,
            codes=(*result.known_codes, *result.unknown_codes),
            product_models=asked.product_models,
            unknown_codes=result.unknown_codes,
        )
        followed = follow_references(result.passages, self._parts.index, asked.tenant_id, filters)
        return Retrieved(question, followed, result.known_terms)

    def assemble(self, retrieved: Retrieved) -> Context:
        """The passages that fit the budget, numbered; chunks cut apart joined again."""

        def nearby(passage: Passage) -> Sequence[Chunk]:
            chunk = passage.chunk
            first, last = max(0, chunk.ordinal - NEARBY_ORDINALS), chunk.ordinal + NEARBY_ORDINALS
            return self._parts.index.section(chunk.tenant_id, chunk.document_id, first=first, last=last)

        budget = self._parts.limits.context_tokens
        return assemble_context(retrieved.passages, budget, self._parts.count_tokens, nearby)

    def write(self, question: Question, context: Context, writer: str = PRIMARY, after: str = "") -> Draft:
        """A draft by the writer named. `after`: why an earlier one failed, for the routing.

        Raises Throttled, ModelUnavailable or GenerationFailed; the extractive writer raises none of them.
        """
        chosen = self._writers.get(writer)
        if chosen is None:
            raise GenerationFailed(
                f"There is no writer {writer!r}. Set `llm_fallback_model`, or use extractive."
            )
        draft = trusted(chosen.write(question, context), context).draft
        return after_failures(draft, [after] if after else [])

    def dangers(self, sentences: Sequence[str]) -> tuple[SafetyFlag, ...]:
        """What is dangerous in sentences, read in their order; for a draft that is not finished."""
        said = tuple(DraftSentence(text, 0, "") for text in sentences)
        step = DraftStep(Section.REMEDY, "", said)
        draft = Draft("", (step,), Routing("", "", ""))
        return self._parts.safety.check(draft, Context((), 0, 0))

    def cost_of(self, draft: Draft) -> float:
        """USD that a draft took."""
        return self._parts.cost_of(draft)

    def has(self, writer: str) -> bool:
        """Whether there is a writer of that name."""
        return self._writers.get(writer) is not None

    def verify(self, draft: Draft, context: Context) -> Verification:
        """Each sentence checked against the passage it cites."""
        return self._parts.verifier.verify(draft, context)

    def decide(
        self,
        retrieved: Retrieved,
        context: Context,
        draft: Draft,
        verification: Verification,
        *,
        flags: tuple[str, ...] = (),
        asked: int = 0,
    ) -> tuple[Decision, tuple[SafetyFlag, ...]]:
        """What happens with the draft, and what is dangerous in it."""
        safety = self._parts.safety.check(draft, context)
        case = AnswerCase(retrieved.question, retrieved, context, draft, verification, safety, flags, asked)
        return self._parts.decider.decide(case), safety

    def solution(
        self,
        *,
        ticket_id: str,
        context: Context,
        draft: Draft,
        verification: Verification,
        decision: Decision,
        safety: tuple[SafetyFlag, ...],
        latency_ms: float,
    ) -> Solution:
        """The remedy as the operator and the customer see it; refused sentences are not in its steps."""
        quality = Quality(verification.groundedness, verification.citation_coverage, decision.confidence)
        return Solution(
            solution_id=self._parts.ids.new("sol"),
            ticket_id=ticket_id,
            language=draft.language,
            steps=steps_of(draft, verification),
            citations=citations_of(draft, context),
            claims=verification.claims,
            safety_flags=safety,
            alternative_actions=draft.alternative_actions,
            quality=quality,
            decision=decision,
            routing=draft.routing,
            performance=Performance(
                round(latency_ms, 1), draft.tokens_input, draft.tokens_output, self._parts.cost_of(draft)
            ),
        )

    def answer(self, asked: Asked, ticket_id: str = "") -> Solution:
        """The whole way, with the writers tried in order. Raises InvalidInput, StorageFailed."""
        started = self._parts.clock.monotonic()
        retrieved = self.retrieve(asked)
        context = self.assemble(retrieved)
        order = (self._parts.primary, self._parts.fallback, self._parts.extractive)
        chain = WriterChain([w for w in dict.fromkeys(order) if w is not None])
        draft = trusted(chain.write(retrieved.question, context), context).draft
        verification = self.verify(draft, context)
        decision, safety = self.decide(retrieved, context, draft, verification)
        latency_ms = (self._parts.clock.monotonic() - started) * 1000
        self._parts.on_answered(latency_ms / 1000)
        return self.solution(
            ticket_id=ticket_id,
            context=context,
            draft=draft,
            verification=verification,
            decision=decision,
            safety=safety,
            latency_ms=latency_ms,
        )
