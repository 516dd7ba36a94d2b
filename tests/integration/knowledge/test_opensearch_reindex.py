"""A new index while the old one answers: nothing missing, nothing double, whatever happens on the way."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from tests.opensearch import a_client, a_prefix, address_of
from tests.opensearch_documents import TENANT, load, texts_found, texts_of

from rimedio.domain.clock import FakeClock, SystemClock
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions
from rimedio.knowledge.index.opensearch_reindex import LEASE_SECONDS, Reindex
from rimedio.knowledge.index.port import Filters

EMBEDDER = FakeEmbedder()
OPTIONS = OpenSearchOptions(state_seconds=0.0)
OTHER = OpenSearchOptions(state_seconds=0.0, m=24, ef_construction=200, shards=2)


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


def embed(index: OpenSearchIndex) -> None:
    waiting = index.unembedded(EMBEDDER.model_id, 1000)
    rows = EMBEDDER.embed_passages([text for _, text in waiting])
    index.store_vectors(EMBEDDER.model_id, {key: row for (key, _), row in zip(waiting, rows, strict=True)})


def filled(client: OpenSearchClient, prefix: str) -> OpenSearchIndex:
    index = OpenSearchIndex(client, prefix, SystemClock(), OPTIONS)
    with index.batch():
        for number in range(12):
            load(index, f"doc{number}", *[f"pump {number} {part}" for part in range(4)])
    embed(index)
    load(index, "doc3", "fan instead")
    embed(index)
    return index


def nearest(index: OpenSearchIndex) -> list[str]:
    vector = EMBEDDER.embed_query("Manual pump 7 2")
    return [h.chunk_id for h in index.search_vectors(TENANT, EMBEDDER.model_id, vector, Filters(), 3)]


@pytest.mark.parametrize("engine", ["opensearch", "opensearch3"], indirect=True)
def test_a_new_index_answers_as_the_old_one_did(client: OpenSearchClient, prefix: str) -> None:
    index = filled(client, prefix)
    words, meaning = texts_found(index, "pump"), nearest(index)
    vectors = index.vectors(TENANT, EMBEDDER.model_id, ["doc7-2"])
    new = Reindex(client, prefix, SystemClock(), OTHER).run()
    settings = client.call("reading settings", "GET", f"/{prefix}-chunks/_settings")
    assert list(settings) == [new]
    assert settings[new]["settings"]["index"]["number_of_shards"] == "2"
    assert texts_found(index, "pump") == words
    assert nearest(index) == meaning
    assert np.array_equal(index.vectors(TENANT, EMBEDDER.model_id, ["doc7-2"])["doc7-2"], vectors["doc7-2"])
    assert texts_of(index, "doc3") == ["fan instead"]
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 45
    assert index.verify() == []
    load(index, "doc12", "pump after")
    assert len(texts_found(index, "pump")) == len(words) + 1


def test_the_old_index_is_deleted_when_no_writer_can_have_it_in_mind(
    client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = OpenSearchIndex(client, prefix, clock, OPTIONS)
    load(index, "manual", "pump")
    reindex = Reindex(client, prefix, clock, OTHER)
    reindex.run()
    assert reindex.clean() == 0
    clock.advance(OTHER.grace_seconds + 1)
    assert reindex.clean() == 1
    assert texts_of(index) == ["pump"]


class Dying(OpenSearchClient):
    """Dies before its nth request."""

    def __init__(self, url: str, requests: int) -> None:
        super().__init__(url, clock=SystemClock(), timeout_seconds=60.0)
        self.left = requests

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def call(self, *arguments: object, **options: object) -> Json:
        self._count()
        return super().call(*arguments, **options)  # type: ignore[arg-type]

    def lines(self, *arguments: object, **options: object) -> Json:
        self._count()
        return super().lines(*arguments, **options)  # type: ignore[arg-type]

    def searches(self, *arguments: object) -> list[Json]:
        self._count()
        return super().searches(*arguments)  # type: ignore[arg-type]

    def documents(self, *arguments: object) -> list[Json]:
        self._count()
        return super().documents(*arguments)  # type: ignore[arg-type]


def test_a_run_that_dies_before_any_of_its_requests_is_finished_by_the_next(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    index = OpenSearchIndex(client, prefix, SystemClock(), OPTIONS)
    for number in range(3):
        load(index, f"doc{number}", f"pump {number}", "fan")
    embed(index)
    before = texts_found(index, "pump")
    crashes, clock = 0, FakeClock()
    for requests in range(0, 60, 3):
        dying = Dying(engine, requests)
        clock.advance(LEASE_SECONDS + 1)  # of the run before
        try:
            Reindex(dying, prefix, clock, OPTIONS).run()
        except KeyboardInterrupt:
            crashes += 1
            assert texts_found(index, "pump") == before
            assert texts_of(index, "doc1") == ["pump 1", "fan"]
        else:
            break
        finally:
            dying.close()
    assert crashes > 4
    assert texts_found(index, "pump") == before
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 6
    assert index.verify() == []
    aliased = client.call("reading the alias", "GET", f"/_alias/{prefix}-chunks")
    assert len(aliased) == 1


def test_loads_during_a_reindex_are_neither_lost_nor_doubled(client: OpenSearchClient, prefix: str) -> None:
    index = filled(client, prefix)
    failures: list[BaseException] = []

    def write() -> None:
        try:
            writer = OpenSearchIndex(client, prefix, SystemClock(), OPTIONS)
            for turn in range(4):
                load(writer, f"doc{turn}", f"valve {turn}", f"valve {turn} more")
                load(writer, f"late{turn}", f"valve late {turn}")
                writer.remove_document(TENANT, f"doc{turn + 6}")
                embed(writer)
        except BaseException as error:  # seen below: a thread's own failure would go unnoticed
            failures.append(error)

    def read() -> None:
        reader = OpenSearchIndex(client, prefix, SystemClock(), OPTIONS)
        while not done.is_set():
            try:
                texts = texts_of(reader, "doc3")
                assert texts in (["fan instead"], ["valve 3", "valve 3 more"]), texts
            except BaseException as error:
                failures.append(error)
                return

    done = threading.Event()
    threads = [threading.Thread(target=write), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    Reindex(client, prefix, SystemClock(), OTHER).run()
    threads[0].join()
    done.set()
    threads[1].join()
    assert not failures
    assert len(texts_found(index, "valve")) == 4 * 3
    assert len(texts_found(index, "pump")) == 4 * 4
    embed(index)
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 4 * 3 + 4 * 4
    assert index.verify() == []
