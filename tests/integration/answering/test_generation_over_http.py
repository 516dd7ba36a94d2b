"""A model behind HTTP writes the draft, is corrected once, and gives way to the extractive writer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rimedio.answering.context import Context, assemble_context
from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.generate import Generator
from rimedio.answering.question import Question
from rimedio.answering.verify import GroundednessVerifier
from rimedio.answering.writers import WriterChain
from rimedio.domain.answer import Verdict
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.llm.fake_server import FakeChatServer, Turn
from rimedio.llm.openai_compatible import Endpoint, OpenAICompatibleChat
from rimedio.llm.pricing import PriceTable
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.routing import ModelRouter
from rimedio.llm.tokens import CharacterTokenCounter

QUESTION = Question("E001: what now?", "en", ("E001",))


@pytest.fixture
def context() -> Context:
    chunk = Chunk(
        chunk_id="k1",
        document_id="d1",
        tenant_id="t",
        ordinal=0,
        text="E001\nCause: the door is open.\nAction: Close the door within 30 seconds.",
        source_uri="file:///m.md",
        source_title="Manual",
        doc_type=DocType.MANUAL,
        language="en",
        error_codes=("E001",),
    )
    return assemble_context([Passage(chunk, 1, 1.0, Signals(code_match=True))], 500, len)


def reply(text: str, quote: str, passage: int = 1) -> str:
    sentence = {"text": text, "passage": passage, "quote": quote}
    return json.dumps({"steps": [{"section": "REMEDY", "title": "Remedy", "sentences": [sentence]}]})


@contextmanager
def writing(*turns: Turn) -> Iterator[tuple[WriterChain, FakeChatServer]]:
    counter = CharacterTokenCounter()
    with FakeChatServer(turns) as server:
        chat = OpenAICompatibleChat(Endpoint(server.url, "m-1", timeout_seconds=60), counter)
        router = ModelRouter([chat], PriceTable.shipped(), counter)
        yield WriterChain([Generator(router, PromptRegistry.shipped()), ExtractiveWriter()]), server
        chat.close()


def test_a_good_reply_is_the_draft_and_its_claim_is_supported(context):
    said = "Close the door within 30 seconds."
    with writing(Turn(reply(said, said))) as (writer, _server):
        draft = writer.write(QUESTION, context)

    assert (draft.routing.provider, draft.routing.model) == ("openai-compatible", "m-1")
    assert [c.verdict for c in GroundednessVerifier().verify(draft, context).claims] == [Verdict.SUPPORTED]


def test_a_wrong_number_is_refuted_though_the_quote_is_literal(context):
    turn = Turn(reply("Close the door within 90 seconds.", "Close the door within 30 seconds."))
    with writing(turn) as (writer, _server):
        draft = writer.write(QUESTION, context)

    assert [c.verdict for c in GroundednessVerifier().verify(draft, context).claims] == [Verdict.REFUTED]


def test_a_reply_that_breaks_the_schema_is_sent_back_once(context):
    said = "Close the door within 30 seconds."
    with writing(Turn('{"answer": "close it"}'), Turn(reply(said, said))) as (writer, server):
        draft = writer.write(QUESTION, context)

    assert len(server.requests) == 2
    assert "breaks the schema" in server.requests[1]["messages"][-1]["content"]
    assert draft.routing.provider == "openai-compatible"


@pytest.mark.parametrize("turn", [Turn("never JSON"), Turn(status=503, raw=b"{}"), Turn(drop=True)])
def test_the_extractive_writer_takes_over_and_the_reason_is_kept(context, turn):
    with writing(turn) as (writer, _server):
        draft = writer.write(QUESTION, context)

    assert draft.routing.provider == "extractive"
    assert draft.routing.fallback_used
    assert "m-1" in draft.routing.reason
    assert [s.text for s in draft.sentences] == ["the door is open.", "Close the door within 30 seconds."]
