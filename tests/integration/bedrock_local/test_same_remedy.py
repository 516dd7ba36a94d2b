"""The demo's tickets get the same draft from Bedrock's wire as from the laptop's own writer."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from rimedio.answering.answer import Asked
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.generate import Generator
from rimedio.bootstrap import TAXONOMY_FILE, Rimedio, laptop
from rimedio.domain.clock import SystemClock
from rimedio.evaluation.labelled import load_labelled
from rimedio.llm.bedrock import BedrockClient
from rimedio.llm.bedrock_chat import BedrockChat
from rimedio.llm.bedrock_options import BedrockOptions
from rimedio.llm.pricing import PriceTable
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.routing import ModelRouter
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.settings import load_settings

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
MODEL = "eu.amazon.nova-lite-v1:0"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rimedio]:
    """The demo's manuals, found by words and codes alone: this is about writing, not about finding."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / TAXONOMY_FILE).write_bytes((EXAMPLES / TAXONOMY_FILE).read_bytes())
    system = laptop(load_settings({"data_dir": folder, "embedder": "none"}, environment={}))
    system.ingestor.ingest([EXAMPLES / "knowledge"], system.tenant)
    yield system
    system.close()


@pytest.fixture(scope="module")
def generator(bedrock_endpoint: str) -> Iterator[Generator]:
    session = boto3.session.Session("test", "test", region_name="eu-south-1")
    runtime = session.client("bedrock-runtime", endpoint_url=bedrock_endpoint)
    prices, counter = PriceTable.shipped(), CharacterTokenCounter()
    client = BedrockClient(
        runtime, BedrockOptions(models=(MODEL,)), prices=prices, counter=counter, clock=SystemClock()
    )
    yield Generator(ModelRouter((BedrockChat(client, MODEL),), prices, counter), PromptRegistry.shipped())
    runtime.close()


def test_every_demo_ticket_is_written_alike(demo: Rimedio, generator: Generator) -> None:
    differing: list[str] = []
    written = 0
    tickets = load_labelled(EXAMPLES / "tickets" / "tickets.jsonl")
    for labelled in tickets:
        request: Any = labelled.request
        code = (request.error_code,) if request.error_code else ()
        asked = Asked(demo.tenant, request.symptom_text, code, (request.asset.model,))
        retrieved = demo.answerer.retrieve(asked)
        context = demo.answerer.assemble(retrieved)
        at_home = ExtractiveWriter().write(retrieved.question, context)
        draft = generator.write(retrieved.question, context)
        written += bool(draft.steps)
        if replace(draft, routing=at_home.routing, tokens_input=0, tokens_output=0) != at_home:
            differing.append(request.symptom_text[:60])
        assert draft.routing.reason in {None, "no passages"}
    assert differing == []
    assert len(tickets) > 100
    assert written > 80
