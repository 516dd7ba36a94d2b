"""A question answered while one watches: verified sentences only, also out of a model that still writes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.integration.tickets.workshop import TENANT, Workshop

from rimedio.answering.answer import Answerer, AnswerParts
from rimedio.answering.decide import Gate
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.generate import Generator
from rimedio.answering.verify import GroundednessVerifier
from rimedio.domain.answer import Outcome, Solution
from rimedio.domain.errors import InvalidInput
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.search import Search
from rimedio.llm.fake_server import FakeChatServer, Turn
from rimedio.llm.guardrails import Guardrails
from rimedio.llm.openai_compatible import Endpoint, OpenAICompatibleChat
from rimedio.llm.pricing import PriceTable
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.routing import ModelRouter
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.tickets.ask_question import AskQuestion
from rimedio.tickets.draft_safety import DraftSafety
from rimedio.tickets.live import Chunk, Cited, Complete, LiveEvent, Progress
from rimedio.tickets.live.watch_answer import WatchAnswer

GOOD = {
    "text": "Replace the air filter XC2-FLT-01.",
    "quote": "replace the air filter XC2-FLT-01 and restart the station.",
}
CAUSE = {"text": "The air filter is clogged.", "quote": "the air filter is clogged."}
FALSE = {"text": "Replace the air filter XC2-FLT-09.", "quote": GOOD["quote"]}
INVENTED = {"text": "Hit it with a hammer.", "quote": "a hammer solves everything here"}


def reply(*steps: tuple[str, list[dict[str, str]]]) -> str:
    made = [
        {"section": section, "title": "T", "sentences": [{**s, "passage": 1} for s in sentences]}
        for section, sentences in steps
    ]
    return json.dumps({"steps": made})


def watching(shop: Workshop, model: OpenAICompatibleChat | None) -> WatchAnswer:
    counter, extractive = CharacterTokenCounter(), ExtractiveWriter()
    router = ModelRouter((model,), PriceTable.shipped(), counter) if model else None
    answerer = Answerer(
        AnswerParts(
            search=Search(shop.index, None, Taxonomy.default()),
            index=shop.index,
            primary=Generator(router, PromptRegistry.shipped()) if router else extractive,
            extractive=extractive,
            verifier=GroundednessVerifier(),
            safety=DraftSafety(Guardrails().inspect_answer),
            decider=Gate(),
            count_tokens=counter.count,
            clock=shop.clock,
            ids=shop.ids,
        )
    )
    return WatchAnswer(AskQuestion(answerer, shop.guard, Taxonomy.default()), answerer, shop.clock)


@contextmanager
def asked(*turns: Turn) -> Iterator[tuple[list[LiveEvent], FakeChatServer]]:
    with FakeChatServer(turns) as server:
        model = OpenAICompatibleChat(Endpoint(server.url, "fake"))
        try:
            watch = watching(Workshop(), model)
            yield list(watch(TENANT, "XC-200 E029 what shall I do?")), server
        finally:
            model.close()


def solution_of(events: list[LiveEvent]) -> Solution:
    end = events[-1].body
    assert isinstance(end, Complete)
    assert end.solution is not None
    return end.solution


def chunks(events: list[LiveEvent]) -> list[Chunk]:
    return [e.body for e in events if isinstance(e.body, Chunk)]


def test_the_extractive_answer_is_told_sentence_by_sentence() -> None:
    events = list(watching(Workshop(), None)(TENANT, "XC-200 E029 what shall I do?"))
    assert next(e.name for e in events) == "start"
    solution = solution_of(events)
    assert "\n".join(c.text for c in chunks(events)) == "\n".join(s.text for s in solution.steps)
    assert {e.body.citation.id for e in events if isinstance(e.body, Cited)} == {
        c.id for c in solution.citations
    }


def test_a_models_sentences_leave_while_it_still_writes() -> None:
    with asked(Turn(reply(("CAUSE", [CAUSE]), ("REMEDY", [GOOD])))) as (events, server):
        names = [e.name for e in events]
        assert server.requests[0]["stream"] is True
        written = next(
            n for n, e in enumerate(events)
            if isinstance(e.body, Progress) and (e.body.state, e.body.status) == ("Generate", "SUCCEEDED")
        )  # fmt: skip
        assert names[:written].count("chunk") == 2
        assert [c.text for c in chunks(events)] == [CAUSE["text"], GOOD["text"]]  # told once
        assert solution_of(events).routing.model == "fake"


def test_a_sentence_that_is_refused_never_leaves() -> None:
    text = reply(("REMEDY", [FALSE, GOOD, INVENTED]))
    with asked(Turn(text)) as (events, _):
        assert [c.text for c in chunks(events)] == [GOOD["text"]]
        streamed = json.dumps([e.data for e in events[:-1]])
        assert FALSE["text"] not in streamed
        assert INVENTED["text"] not in streamed


def test_a_reply_that_is_repaired_begins_anew() -> None:
    broken = reply(("CAUSE", [CAUSE]))[:-4]  # broken off after its first sentence
    with asked(Turn(broken), Turn(reply(("REMEDY", [GOOD])))) as (events, _):
        told = {c.index: c.text for c in chunks(events)}
        assert told == {1: GOOD["text"]}  # the later chunk with the same index counts
        assert [s.text for s in solution_of(events).steps] == [GOOD["text"]]


def test_a_model_that_fails_gives_way_to_the_extractive_writer_and_says_so() -> None:
    with asked(Turn(status=500)) as (events, _):
        told = [(e.body.state, e.body.status) for e in events if isinstance(e.body, Progress)]
        assert ("Generate", "FAILED") in told
        assert ("GenerateExtractive", "SUCCEEDED") in told
        assert solution_of(events).routing.fallback_used


def test_a_server_that_does_not_stream_is_asked_as_before() -> None:
    with FakeChatServer([Turn(reply(("REMEDY", [GOOD])))], formats=frozenset()) as server:
        model = OpenAICompatibleChat(Endpoint(server.url, "fake"))
        events = list(watching(Workshop(), model)(TENANT, "XC-200 E029 what shall I do?"))
        model.close()
    assert [c.text for c in chunks(events)] == [GOOD["text"]]


def test_nothing_to_answer_from_tells_no_sentence() -> None:
    events = list(watching(Workshop(), None)(TENANT, "XC-200 E777 what shall I do?"))
    assert chunks(events) == []
    end = events[-1].body
    assert isinstance(end, Complete)
    assert end.outcome is Outcome.ESCALATE


def test_an_empty_question_is_refused_before_the_stream_begins() -> None:
    with pytest.raises(InvalidInput):
        watching(Workshop(), None)(TENANT, "   ")
