"""What the real engine makes of mappings, analyzers and recall."""

from collections.abc import Iterator

import numpy as np
import pytest
from tests.opensearch import a_client, a_prefix, address_of
from tests.opensearch_documents import TENANT, a_document, chunks_of, load

from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import StorageFailed
from rimedio.domain.knowledge import hash_text
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_client import OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import (
    Engine,
    Mode,
    OpenSearchOptions,
    index_body,
    vector_field,
)
from rimedio.knowledge.index.port import Filters

MODEL = "synthetic"


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    return address_of(getattr(request, "param", "opensearch"))


@pytest.fixture(scope="module")
def client(engine: str) -> Iterator[OpenSearchClient]:
    with a_client(engine) as client:
        yield client


@pytest.fixture
def prefix(client: OpenSearchClient) -> Iterator[str]:
    with a_prefix(client) as prefix:
        yield prefix


@pytest.mark.parametrize("engine", ["opensearch", "opensearch3"], indirect=True)
@pytest.mark.parametrize(
    "options",
    [
        OpenSearchOptions(m=32, ef_construction=256),
        OpenSearchOptions(engine=Engine.FAISS),
        OpenSearchOptions(engine=Engine.FAISS, mode=Mode.ON_DISK, compression="32x"),
        OpenSearchOptions(engine=Engine.FAISS, mode=Mode.ON_DISK, compression="8x"),
    ],
    ids=["lucene", "faiss", "faiss on disk 32x", "faiss on disk 8x"],
)
def test_the_engine_accepts_the_mapping_configuration_only_for_faiss(
    client: OpenSearchClient, prefix: str, options: OpenSearchOptions
) -> None:
    """No document is stored: the engine at hand lacks faiss's native library."""
    client.call("creating", "PUT", f"/{prefix}-mapping", index_body(options, {MODEL: 384}))
    stored = client.call("reading", "GET", f"/{prefix}-mapping/_mapping")
    field = stored[f"{prefix}-mapping"]["mappings"]["properties"][vector_field(MODEL)]
    assert field["dimension"] == 384
    assert field["method"]["engine"] == str(options.engine)


def test_a_field_nobody_declared_is_refused(client: OpenSearchClient, prefix: str) -> None:
    client.call("creating", "PUT", f"/{prefix}-strict", index_body(OpenSearchOptions(), {}))
    with pytest.raises(StorageFailed, match="strict_dynamic_mapping"):
        client.call("storing", "PUT", f"/{prefix}-strict/_doc/1", {"surprise": 1})


def test_people_find_inflected_words_of_their_language_highlighted(
    client: OpenSearchClient, prefix: str
) -> None:
    index = OpenSearchIndex(client, prefix, SystemClock())
    load(index, "manuale", "Controllare i contattori e le valvole.", "La pompa fa rumore.")
    [found] = index.on_server.highlighted(TENANT, "contattore", language="it")
    assert found.chunk_id == "manuale-0"
    assert found.fragments == ("Controllare i <em>contattori</em> e le valvole.",)
    assert index.on_server.highlighted("nobody", "contattore", language="it") == []


def test_an_engine_without_the_plugin_says_what_hybrid_search_on_the_server_needs(
    client: OpenSearchClient, prefix: str
) -> None:
    """Configuration only: the engine at hand has no neural-search, so its own fusion is never seen here."""
    index = OpenSearchIndex(client, prefix, SystemClock())
    with pytest.raises(StorageFailed, match="needs the neural-search plugin"):
        index.on_server.install()


def test_nearest_chunks_are_found_as_exactly_as_promised(client: OpenSearchClient, prefix: str) -> None:
    """Recall at ten against all cosines, free and filtered, over vectors that lie in clusters as texts do."""
    chance = np.random.default_rng(7)
    centres = chance.normal(size=(40, 32))
    rows = centres[chance.integers(40, size=2_000)] + 0.6 * chance.normal(size=(2_000, 32))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    index = OpenSearchIndex(client, prefix, SystemClock())
    names: list[str] = []
    with index.batch():
        for number in range(20):
            of = a_document(f"doc{number:02d}")
            chunks = chunks_of(of, [f"text {number} {part}" for part in range(100)])
            names += [chunk.chunk_id for chunk in chunks]
            index.replace_document(of, chunks)
    hashes = [hash_text(f"Manual\ntext {number} {part}") for number in range(20) for part in range(100)]
    index.store_vectors(MODEL, dict(zip(hashes, rows, strict=True)))
    some = Filters(document_ids=("doc03", "doc11"))
    allowed = np.array([name.startswith(("doc03", "doc11")) for name in names])
    found = {"free": 0, "filtered": 0}
    for _ in range(20):
        question = rows[chance.integers(len(rows))] + 0.2 * chance.normal(size=32).astype(np.float32)
        question /= np.linalg.norm(question)
        for way, filters, mask in (
            ("free", Filters(), np.ones(len(names), bool)),
            ("filtered", some, allowed),
        ):
            exact = np.argsort(-np.where(mask, rows @ question, -np.inf))[:10]
            hits = index.search_vectors(TENANT, MODEL, question, filters, 10)
            found[way] += len({names[i] for i in exact} & {hit.chunk_id for hit in hits})
    assert found["free"] / 200 >= 0.98
    assert found["filtered"] / 200 >= 0.98
