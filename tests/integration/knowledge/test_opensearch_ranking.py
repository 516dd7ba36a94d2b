"""Both homes rank alike: the same documents in SQLite and in OpenSearch, the same questions to both."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.opensearch import a_client, a_prefix, address_of

from rimedio.domain.clock import SystemClock
from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions, SpaceType
from rimedio.knowledge.index.port import Filters, Hit, KnowledgeIndex
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.language import detect_language
from rimedio.knowledge.lexicon import asked_terms
from rimedio.knowledge.search import Search, SearchQuery
from rimedio.storage.database import Database

WORDS = [
    "pump",
    "valve",
    "fan",
    "compressor",
    "coil",
    "relay",
    "fuse",
    "sensor",
    "inverter",
    "charger",
    "cable",
    "filter",
    "pressure",
    "temperature",
    "leak",
    "noise",
    "reset",
    "restart",
    "replace",
    "check",
    "clean",
    "tighten",
    "measure",
    "voltage",
    "current",
    "insulation",
    "contactor",
    "board",
    "display",
]
QUESTIONS = (
    "the pump is noisy and the fan does not restart",
    "replace the fuse of the charger board",
    "perdita di pressione, come pulire il filtro della pompa",
    "E042 on the display",
)
EMBEDDER = FakeEmbedder()


def documents(tenant: str, seed: int, count: int = 24) -> Iterator[tuple[Document, Sequence[Chunk]]]:
    chance = random.Random(seed)
    for number in range(count):
        name = f"doc{number:02d}"
        language = chance.choice(("en", "en", "it"))
        of = Document(
            name, tenant, f"file:///{name}.md", f"Manual {chance.choice(WORDS)}", DocType.MANUAL, "0",
            language, datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        chunks = [
            Chunk(
                f"{name}-{i}", name, tenant, i,
                " ".join(chance.choices(WORDS, k=chance.randrange(5, 160))),
                of.source_uri, of.title, of.doc_type, language,
                section=(chance.choice(WORDS),),
                error_codes=(f"E0{chance.randrange(30, 60)}",) if chance.random() < 0.3 else (),
            )
            for i in range(chance.randrange(1, 9))
        ]  # fmt: skip
        yield of, chunks


def fill(index: KnowledgeIndex, tenant: str, seed: int) -> None:
    for of, chunks in documents(tenant, seed):
        index.replace_document(of, chunks)


def embed(index: KnowledgeIndex) -> None:
    while waiting := index.unembedded(EMBEDDER.model_id, 500):
        rows = EMBEDDER.embed_passages([text for _, text in waiting])
        index.store_vectors(EMBEDDER.model_id, dict(zip((key for key, _ in waiting), rows, strict=True)))


@pytest.fixture(scope="module")
def at_home() -> Iterator[SqliteIndex]:
    database = Database(None)
    index = SqliteIndex(database)
    fill(index, "acme", 1)
    embed(index)
    yield index
    database.close()


@pytest.fixture(scope="module")
def client() -> Iterator[OpenSearchClient]:
    with a_client(address_of("opensearch")) as client:
        yield client


@pytest.fixture(scope="module", params=["one shard", "three shards, cosine"])
def on_aws(request: pytest.FixtureRequest, client: OpenSearchClient) -> Iterator[OpenSearchIndex]:
    options = OpenSearchOptions()
    if request.param != "one shard":
        options = OpenSearchOptions(shards=3, space=SpaceType.COSINE)
    with a_prefix(client) as prefix:
        index = OpenSearchIndex(client, prefix, SystemClock(), options)
        with index.batch():
            fill(index, "globex", 2)  # a stranger, whose words must not change a score
            fill(index, "acme", 7)  # replaced below: deleted and hidden chunks must not either
        with index.batch():
            fill(index, "acme", 1)
        embed(index)
        yield index


def rounded(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    return [(hit.chunk_id, round(hit.score, 3)) for hit in hits]


@pytest.mark.parametrize("question", QUESTIONS)
def test_words_have_the_same_scores_in_the_same_order(
    at_home: SqliteIndex, on_aws: OpenSearchIndex, question: str
) -> None:
    terms = asked_terms(question, detect_language(question))
    ours, theirs = (index.search_words("acme", terms, Filters(), 40) for index in (at_home, on_aws))
    assert ours
    assert rounded(theirs) == rounded(ours)


@pytest.mark.parametrize("question", QUESTIONS[:3])
def test_pages_have_the_same_scores(at_home: SqliteIndex, on_aws: OpenSearchIndex, question: str) -> None:
    terms = asked_terms(question, detect_language(question))
    ours, theirs = (index.search_pages("acme", terms, 100) for index in (at_home, on_aws))
    assert ours
    assert theirs == pytest.approx(ours, rel=1e-5)


def test_meaning_finds_the_same_chunks_with_the_same_cosines(
    at_home: SqliteIndex, on_aws: OpenSearchIndex
) -> None:
    vector = EMBEDDER.embed_query(QUESTIONS[0])
    ours, theirs = (
        i.search_vectors("acme", EMBEDDER.model_id, vector, Filters(), 20) for i in (at_home, on_aws)
    )
    assert [hit.chunk_id for hit in theirs] == [hit.chunk_id for hit in ours]
    assert np.allclose([h.score for h in theirs], [h.score for h in ours], atol=1e-5)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_whole_search_gives_the_same_passages(
    at_home: SqliteIndex, on_aws: OpenSearchIndex, question: str
) -> None:
    ours, theirs = (
        Search(index, EMBEDDER, Taxonomy.default()).search(SearchQuery("acme", question, limit=10))
        for index in (at_home, on_aws)
    )
    assert [p.chunk.chunk_id for p in theirs.passages] == [p.chunk.chunk_id for p in ours.passages]
    assert theirs.known_codes == ours.known_codes
    assert theirs.unknown_codes == ours.unknown_codes
    assert theirs.known_terms == ours.known_terms
    assert [p.signals.bm25 for p in theirs.passages] == pytest.approx(
        [p.signals.bm25 for p in ours.passages], rel=1e-5
    )


class Listening(OpenSearchClient):
    """Remembers what was searched for."""

    def __init__(self, url: str) -> None:
        super().__init__(url, clock=SystemClock(), timeout_seconds=60.0)
        self.asked: list[Json] = []

    def searches(self, doing: str, index: str, bodies: Sequence[Json]) -> list[Json]:
        self.asked += bodies
        return super().searches(doing, index, bodies)


def tenants_in(query: object) -> set[str]:
    if isinstance(query, dict):
        own = {query["tenant"]} if isinstance(query.get("tenant"), str) else set()
        return own.union(*(tenants_in(value) for value in query.values()))
    if isinstance(query, list):
        return set().union(*(tenants_in(value) for value in query))
    return set()


def test_every_question_of_a_tenant_is_restricted_to_it_at_the_server() -> None:
    client = Listening(address_of("opensearch"))
    with a_prefix(client) as prefix:
        index = OpenSearchIndex(client, prefix, SystemClock())
        with index.batch():
            fill(index, "acme", 1)
        embed(index)
        client.asked.clear()
        Search(index, EMBEDDER, Taxonomy.default()).search(SearchQuery("acme", " ".join(QUESTIONS), limit=5))
        for call in (
            lambda: index.documents("acme"),
            lambda: index.document("acme", "doc01"),
            lambda: index.section("acme", "doc01"),
            lambda: index.coverage("acme", EMBEDDER.model_id),
            lambda: index.embedded_shares("acme", EMBEDDER.model_id, ["doc01"]),
        ):
            call()
        assert len(client.asked) > 10
        for body in client.asked:
            knn = body["query"].get("knn")
            [bounded] = (
                [field["filter"]["bool"] for field in knn.values()] if knn else [body["query"]["bool"]]
            )
            assert {"term": {"tenant": "acme"}} in bounded["filter"]
            assert tenants_in(body) == {"acme"}
    client.close()


def test_one_search_sends_words_pages_and_meaning_in_one_request() -> None:
    client = Listening(address_of("opensearch"))
    sent: list[int] = []
    with a_prefix(client) as prefix:
        index = OpenSearchIndex(client, prefix, SystemClock())
        with index.batch():
            fill(index, "acme", 1)
        embed(index)
        ask = client.searches
        client.searches = lambda doing, where, bodies: (  # type: ignore[method-assign]
            sent.append(len(bodies)) if doing == "searching" else None,
            ask(doing, where, bodies),
        )[1]
        Search(index, EMBEDDER, Taxonomy.default()).search(SearchQuery("acme", QUESTIONS[0]))
    client.close()
    assert len(sent) == 1
    assert sent[0] >= 3
