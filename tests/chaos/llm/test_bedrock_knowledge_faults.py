"""Faults at Bedrock's embeddings and reranking: no text is lost, and a search still finds by words and codes."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rimedio.aws import AwsConnections
from rimedio.aws.faults import (
    Denied,
    Fault,
    Faults,
    NoConnection,
    Refusal,
    Reset,
    ServerError,
    Throttle,
    Timeout,
)
from rimedio.bedrock_local.fault_plan import FaultPlan
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.server import serving_bedrock
from rimedio.bedrock_local.service import LocalBedrock
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Unavailable
from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.backfill import Backfill
from rimedio.knowledge.bedrock_rerank import BedrockCrossEncoder, model_arn
from rimedio.knowledge.embedding.bedrock import BedrockEmbedder
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.search import Search, SearchQuery
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.storage.database import Database

RUNTIME, AGENT = "bedrock-runtime", "bedrock-agent-runtime"
TEXTS = {
    "e029": "Error E029: clean the fan.",
    "e030": "Error E030: tighten the terminal.",
    "paint": "Paint the door.",
}
FAULTS = {
    "throttled": Throttle(),
    "500": ServerError(),
    "503": ServerError(503),
    "not ready": Refusal("ModelNotReadyException", 429),
    "silence": Timeout(),
    "answer lost": Timeout(carried_out=True),
    "line broken": Reset(carried_out=True),
    "no connection": NoConnection(),
}


@pytest.fixture(scope="module")
def connections(aws_environment: None) -> Iterator[AwsConnections]:
    bedrock = LocalBedrock(LaptopModels(CharacterTokenCounter(), FakeEmbedder(384)), FaultPlan())
    with serving_bedrock(bedrock) as url:
        made = AwsConnections("eu-west-1", {"*": url})
        yield made
        made.close()


@pytest.fixture
def index() -> SqliteIndex:
    index = SqliteIndex(Database(None))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    chunks = [
        Chunk(name, "m", "acme", n, text, "file:///m.md", "Manual", DocType.MANUAL, "en", error_codes=codes)
        for n, (name, text) in enumerate(TEXTS.items())
        for codes in [(name.upper(),) if name.startswith("e0") else ()]
    ]
    index.replace_document(
        Document("m", "acme", "file:///m.md", "Manual", DocType.MANUAL, "0", "en", at), chunks
    )
    return index


def embedder(connections: AwsConnections) -> BedrockEmbedder:
    runtime = connections.client(RUNTIME, attempts=1)
    return BedrockEmbedder(runtime, "amazon.titan-embed-text-v2:0", 512, clock=FakeClock())


def found(search: Search, question: str = "E029 fan") -> list[str]:
    return [p.chunk.chunk_id for p in search.search(SearchQuery("acme", question)).passages]


@pytest.mark.parametrize("name", FAULTS)
def test_every_text_gets_its_vector_once_the_fault_has_passed(
    connections: AwsConnections, index: SqliteIndex, name: str
) -> None:
    faults = Faults().on(RUNTIME, "InvokeModel", FAULTS[name], calls=(1, 3))
    with faults.on_client(connections.client(RUNTIME, attempts=1)):
        assert Backfill(index, embedder(connections)).run().embedded == len(TEXTS)

    assert faults.count(RUNTIME, "InvokeModel") == len(TEXTS) + 2
    assert index.unembedded(embedder(connections).model_id, 10) == []


@pytest.mark.parametrize("fault", [Throttle(), ServerError(), Denied()], ids=lambda f: type(f).__name__)
def test_embedding_that_stays_away_stops_the_run_and_the_next_goes_on(
    connections: AwsConnections, index: SqliteIndex, fault: Fault
) -> None:
    work = Backfill(index, embedder(connections), page=1)
    runtime = connections.client(RUNTIME, attempts=1)
    with (
        Faults().on(RUNTIME, "InvokeModel", fault, calls=range(2, 99)).on_client(runtime),
        pytest.raises(Unavailable),
    ):
        work.run()

    assert work.run().embedded == len(TEXTS) - 1


@pytest.mark.parametrize("name", FAULTS)
def test_a_question_without_a_vector_is_answered_by_words_and_codes(
    connections: AwsConnections, index: SqliteIndex, name: str
) -> None:
    Backfill(index, embedder(connections)).run()
    with Faults().on(RUNTIME, "InvokeModel", FAULTS[name]).on_client(connections.client(RUNTIME, attempts=1)):
        assert found(Search(index, embedder(connections), Taxonomy.default()))[0] == "e029"


@pytest.mark.parametrize("name", [*FAULTS, "denied"])
def test_a_rerank_that_fails_leaves_the_order_as_it_was(
    connections: AwsConnections, index: SqliteIndex, name: str
) -> None:
    agent = connections.client(AGENT, attempts=1)
    encoder = BedrockCrossEncoder(agent, model_arn("cohere.rerank-v3-5:0", "eu-west-1"), clock=FakeClock())
    question = "clean the fan, tighten the terminal or paint the door"
    plain = found(Search(index, None, Taxonomy.default()), question)
    faults = Faults().on(AGENT, "Rerank", FAULTS.get(name, Denied()))
    with faults.on_client(agent):
        assert found(Search(index, None, Taxonomy.default(), None, encoder), question) == plain
    assert faults.count(AGENT, "Rerank") == (1 if name == "denied" else 2)
