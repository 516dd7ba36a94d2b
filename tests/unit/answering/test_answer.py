"""The whole way from a question to a solution, and each step with values that survive JSON."""

from collections.abc import Mapping, Sequence

import pytest

from rimedio.answering.answer import Answerer, AnswerParts, Asked
from rimedio.answering.context import Context
from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.question import Retrieved
from rimedio.domain import codec
from rimedio.domain.answer import Claim, Decision, Draft, Outcome, Verdict, Verification
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import GenerationFailed, ModelUnavailable
from rimedio.domain.knowledge import Chunk, Passage, Signals
from rimedio.knowledge.index.port import Filters, Hit
from rimedio.knowledge.search import SearchQuery, SearchResult, SearchTimings


class Shelf:
    """Search and index of a few chunks in memory."""

    def __init__(self, *chunks: Chunk) -> None:
        self._chunks = {c.chunk_id: c for c in chunks}
        self.queries: list[SearchQuery] = []

    def search(self, query: SearchQuery) -> SearchResult:
        self.queries.append(query)
        known = tuple(c for c in query.codes if any(c in k.error_codes for k in self._chunks.values()))
        passages = tuple(
            Passage(c, rank, 1.0 / rank, Signals(code_match=bool(set(known) & set(c.error_codes))))
            for rank, c in enumerate(self._chunks.values(), 1)
        )
        unknown = tuple(c for c in query.codes if c not in known)
        return SearchResult(passages, query.language or "en", known, unknown, 1.0, SearchTimings(0, 0, 0, 0))

    def chunks(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Chunk]:
        return {i: self._chunks[i] for i in chunk_ids}

    def section(
        self, tenant_id: str, document_id: str, *, first: int = 0, last: int | None = None
    ) -> Sequence[Chunk]:
        return [c for c in self._chunks.values() if c.document_id == document_id]

    def search_codes(
        self, tenant_id: str, codes: Sequence[str], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        return [Hit(i, 1.0) for i, c in self._chunks.items() if set(codes) & set(c.error_codes)]


class LiteralVerifier:
    """Supported when the quote is in the passage."""

    def verify(self, draft: Draft, context: Context) -> Verification:
        claims = tuple(
            Claim(
                number,
                s.text,
                None,
                s.quote,
                Verdict.SUPPORTED
                if s.quote in context.passages[s.passage - 1].chunk.text
                else Verdict.UNQUOTED,
                1.0,
            )
            for number, step in enumerate(draft.steps, 1)
            for s in step.sentences
        )
        return Verification(claims, 1.0 if claims else 0.0, 1.0 if claims else 0.0)


class NoDanger:
    def check(self, draft, context):
        return ()


class PublishAnswers:
    def decide(self, case):
        outcome = Outcome.PUBLISH if case.draft.steps else Outcome.ESCALATE
        return Decision(outcome, 0.9, ())


class Broken:
    def write(self, question, context):
        raise ModelUnavailable("no model here")


@pytest.fixture
def answerer(chunk):
    def make(*chunks: Chunk, **changes: object) -> Answerer:
        shelf = Shelf(*chunks)
        values: dict[str, object] = {
            "search": shelf,
            "index": shelf,
            "primary": ExtractiveWriter(),
            "extractive": ExtractiveWriter(),
            "verifier": LiteralVerifier(),
            "safety": NoDanger(),
            "decider": PublishAnswers(),
            "count_tokens": lambda text: len(text.split()),
            "clock": FakeClock(),
            "ids": SeededIds(1),
        }
        return Answerer(AnswerParts(**(values | changes)))  # type: ignore[arg-type]

    return make


@pytest.fixture
def door(chunk):
    return chunk("E001\nCause: door open.\nAction: Close the door.", error_codes=("E001",))


ASKED = Asked("t", "What about E001?", ("E001",))


def test_a_question_becomes_a_solution_with_citations(answerer, door):
    solution = answerer(door).answer(ASKED, "tkt_1")

    assert [s.text for s in solution.steps] == ["door open.", "Close the door."]
    assert all(s.citation_ids == ("c1",) for s in solution.steps)
    assert solution.citations[0].chunk_id == door.chunk_id
    assert solution.decision.outcome is Outcome.PUBLISH
    assert solution.ticket_id == "tkt_1"
    assert solution.routing.provider == "extractive"


def test_an_unknown_code_has_no_steps_and_is_handed_over(answerer, door):
    solution = answerer(door).answer(Asked("t", "E777: the door is open", ("E777",)))

    assert solution.steps == ()
    assert solution.citations == ()
    assert solution.decision.outcome is Outcome.ESCALATE


def test_without_a_model_the_extractive_writer_answers_and_says_why(answerer, door):
    solution = answerer(door, primary=Broken(), fallback=Broken()).answer(ASKED)

    assert solution.steps
    assert solution.routing.fallback_used
    assert solution.routing.reason == "no model here | no model here"


def test_each_step_can_be_taken_alone_with_values_that_went_through_json(answerer, door):
    work = answerer(door)

    retrieved = codec.loads(Retrieved, codec.dumps(work.retrieve(ASKED)))
    context = codec.loads(Context, codec.dumps(work.assemble(retrieved)))
    draft = codec.loads(Draft, codec.dumps(work.write(retrieved.question, context)))
    verification = codec.loads(Verification, codec.dumps(work.verify(draft, context)))
    decision, safety = work.decide(retrieved, context, draft, verification)

    whole = work.answer(ASKED)
    assert (
        work.solution(
            ticket_id="",
            context=context,
            draft=draft,
            verification=verification,
            decision=decision,
            safety=safety,
            latency_ms=0.0,
        ).steps
        == whole.steps
    )


def test_a_writer_that_is_not_configured_is_named(answerer, door):
    work = answerer(door)
    retrieved = work.retrieve(ASKED)
    context = work.assemble(retrieved)

    with pytest.raises(GenerationFailed, match="fallback"):
        work.write(retrieved.question, context, "fallback")


def test_the_reason_of_an_earlier_failure_is_kept(answerer, door):
    work = answerer(door)
    retrieved = work.retrieve(ASKED)

    draft = work.write(retrieved.question, work.assemble(retrieved), "extractive", after="the model sleeps")

    assert (draft.routing.fallback_used, draft.routing.reason) == (True, "the model sleeps")


def test_the_search_is_limited_to_the_product(answerer, door):
    work = answerer(door)

    work.retrieve(Asked("t", "door", product_models=("XC-200",)))

    assert work._parts.search.queries[0].filters.product_models == ("XC-200",)


def test_the_latency_is_told(answerer, door):
    clock = FakeClock()

    class Slow(ExtractiveWriter):
        def write(self, question, context):
            clock.advance(0.25)
            return super().write(question, context)

    assert answerer(door, primary=Slow(), clock=clock).answer(ASKED).performance.latency_ms == 250.0
