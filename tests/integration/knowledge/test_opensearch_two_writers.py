"""Two processes at one place in OpenSearch at one moment: the second comes in between two requests of the first."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from tests.opensearch import a_client, a_prefix, address_of
from tests.opensearch_documents import TENANT, load, texts_found, texts_of

from rimedio.domain.clock import FakeClock, SystemClock
from rimedio.domain.errors import Conflict, InvalidInput, Throttled, Unavailable
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.index import opensearch_client
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions, state_body
from rimedio.knowledge.index.opensearch_reindex import LEASE_SECONDS, Reindex
from rimedio.knowledge.index.opensearch_state import StateStore

EMBEDDER = FakeEmbedder()
OPTIONS = OpenSearchOptions(state_seconds=0.0)
OTHER = OpenSearchOptions(state_seconds=0.0, m=24)
SAYS, KEEPS, SWEEPS = "writing what is valid", "keeping vectors", "sweeping up replaced chunks"


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    return address_of(getattr(request, "param", "opensearch"))


@pytest.fixture(scope="module")
def client(engine: str) -> Iterator[OpenSearchClient]:
    with a_client(engine, clock=FakeClock()) as client:  # its pauses take no time
        yield client


@pytest.fixture
def prefix(client: OpenSearchClient) -> Iterator[str]:
    with a_prefix(client) as prefix:
        yield prefix


class Interrupted(OpenSearchClient):
    """Before its nth request, or its nth for one purpose, somebody else does something whole."""

    def __init__(self, url: str, work: Callable[[], object], nth: int = 1, doing: str | None = None) -> None:
        super().__init__(url, clock=FakeClock(), timeout_seconds=60.0)
        self.left, self.work, self.doing = nth, work, doing

    def _sent(self, doing: str, *arguments: object, **options: object) -> Json:  # type: ignore[override]
        if self.doing in (None, doing):
            self.left -= 1
            if self.left == 0:
                self.work()
        return super()._sent(doing, *arguments, **options)  # type: ignore[arg-type]


class Forgetful(OpenSearchClient):
    """Loses the answers to some of its requests for one purpose, counted from 1; they are carried out."""

    def __init__(self, url: str, doing: str, lost: tuple[int, ...]) -> None:
        super().__init__(url, clock=FakeClock(), timeout_seconds=60.0)
        self.doing, self.lost, self.count = doing, lost, 0

    def _sent(self, doing: str, *arguments: object, **options: object) -> Json:  # type: ignore[override]
        found = super()._sent(doing, *arguments, **options)  # type: ignore[arg-type]
        self.count += doing == self.doing
        if doing == self.doing and self.count in self.lost:
            raise opensearch_client._Passing(Unavailable("The answer was lost."))
        return found


def embed(index: OpenSearchIndex, model_id: str = EMBEDDER.model_id) -> None:
    waiting = index.unembedded(model_id, 1000)
    rows = EMBEDDER.embed_passages([text for _, text in waiting])
    index.store_vectors(model_id, {key: row for (key, _), row in zip(waiting, rows, strict=True)})


def filled(client: OpenSearchClient, prefix: str, clock: FakeClock | None = None) -> OpenSearchIndex:
    index = OpenSearchIndex(client, prefix, clock or SystemClock(), OPTIONS)
    with index.batch():
        for number in range(4):
            load(index, f"doc{number}", f"pump {number}", "fan")
    return index


def answering(client: OpenSearchClient, prefix: str) -> list[str]:
    """The indexes that readers follow."""
    return list(client.call("reading the alias", "GET", f"/_alias/{prefix}-chunks"))


@pytest.mark.parametrize("nth", [4, 9, 15, 20])
def test_a_reindex_that_another_one_overtakes_takes_nothing_away(
    engine: str, client: OpenSearchClient, prefix: str, nth: int
) -> None:
    index = filled(client, prefix)
    said: list[str] = []

    def other() -> None:
        with suppress(Throttled):  # another one is at work
            said.append(Reindex(client, prefix, SystemClock(), OTHER).run())
        load(index, "late", "pump late")

    with_other = Interrupted(engine, other, nth)
    with suppress(Throttled, Conflict):
        said.append(Reindex(with_other, prefix, SystemClock(), OTHER).run())
    with_other.close()
    assert said
    assert with_other.left <= 0, "the other one never came"
    assert answering(client, prefix) == [said[-1]]
    assert len(texts_found(index, "pump")) == 5
    assert index.verify() == []


def test_a_reindex_whose_process_is_gone_is_finished_by_another_after_a_while(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = filled(client, prefix, clock)

    class PowerCut(BaseException):
        pass

    def cut() -> None:
        dying.work = cut  # whatever it still tries: nothing is sent
        dying.left = 1
        raise PowerCut

    dying = Interrupted(engine, cut, 12)
    with pytest.raises(PowerCut):
        Reindex(dying, prefix, clock, OTHER).run()
    dying.close()
    with pytest.raises(Throttled, match="Another run"):
        Reindex(client, prefix, clock, OTHER).run()
    clock.advance(LEASE_SECONDS + 1)
    assert answering(client, prefix) == [f"{prefix}-chunks-000001"]
    assert Reindex(client, prefix, clock, OTHER).run() == f"{prefix}-chunks-000002"
    assert answering(client, prefix) == [f"{prefix}-chunks-000002"]
    assert len(texts_found(index, "pump")) == 4
    assert index.verify() == []


def test_a_reindex_that_was_taken_for_dead_stops_where_it_is(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = filled(client, prefix, clock)

    def other() -> None:
        clock.advance(LEASE_SECONDS + 1)
        Reindex(client, prefix, clock, OTHER).run()
        load(index, "late", "pump late")

    slow = Interrupted(engine, other, 12)
    with pytest.raises(Conflict, match="taken over"):
        Reindex(slow, prefix, clock, OTHER).run()
    slow.close()
    assert answering(client, prefix) == [f"{prefix}-chunks-000002"]
    assert len(texts_found(index, "pump")) == 5
    assert index.verify() == []


def test_what_a_dead_reindex_made_and_never_used_is_deleted_later(
    client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = filled(client, prefix, clock)
    index.places.make(index.places.ensure())
    reindex = Reindex(client, prefix, clock, OTHER)
    assert reindex.run() == f"{prefix}-chunks-000003"
    clock.advance(OTHER.grace_seconds + 1)
    assert reindex.clean() == 2
    assert list(client.call("listing", "GET", f"/{prefix}-chunks-*")) == [f"{prefix}-chunks-000003"]
    assert len(texts_found(index, "pump")) == 4


def test_a_model_that_comes_while_a_new_index_is_begun_has_its_field_there(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    index = filled(client, prefix)
    reindexing = Interrupted(engine, lambda: Reindex(client, prefix, SystemClock(), OTHER).run(), doing=SAYS)
    embed(OpenSearchIndex(reindexing, prefix, SystemClock(), OPTIONS))
    reindexing.close()
    load(index, "late", "pump 1")
    embed(index)
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 9
    assert answering(client, prefix) == [f"{prefix}-chunks-000002"]


def test_a_model_that_comes_first_is_known_to_an_index_that_was_just_made(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    index = filled(client, prefix)
    embedding = Interrupted(engine, lambda: embed(index), 2, SAYS)  # it has made the index, and says so
    Reindex(embedding, prefix, SystemClock(), OTHER).run()
    embedding.close()
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 8


def test_vectors_kept_while_the_alias_moves_reach_the_index_that_answers(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    index = filled(client, prefix)
    reindexing = Interrupted(engine, lambda: Reindex(client, prefix, SystemClock(), OTHER).run(), doing=KEEPS)
    embed(OpenSearchIndex(reindexing, prefix, SystemClock(), OPTIONS))
    reindexing.close()
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 8


def test_a_vector_whose_text_was_swept_up_meanwhile_does_not_stay(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = OpenSearchIndex(client, prefix, clock, OPTIONS)
    load(index, "manual", "an old pump", "a fan")
    texts = dict(index.unembedded(EMBEDDER.model_id, 10))
    load(index, "manual", "a fan")

    def sweep() -> None:
        clock.advance(OPTIONS.grace_seconds + 1)
        assert index.purge() == 1

    sweeping = Interrupted(engine, sweep, doing=KEEPS)
    writer = OpenSearchIndex(sweeping, prefix, clock, OPTIONS)
    writer.store_vectors(EMBEDDER.model_id, {key: EMBEDDER.embed_query(text) for key, text in texts.items()})
    sweeping.close()
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 1
    assert index.verify() == []


@pytest.mark.parametrize("lost", [(1,), (2,), (1, 3)])
def test_a_load_whose_record_was_written_without_an_answer_is_done_once(
    engine: str, client: OpenSearchClient, prefix: str, lost: tuple[int, ...]
) -> None:
    clock = FakeClock()
    index = OpenSearchIndex(client, prefix, clock, OPTIONS)
    load(index, "manual", "an old pump")
    forgetful = Forgetful(engine, SAYS, lost)
    load(OpenSearchIndex(forgetful, prefix, clock, OPTIONS), "manual", "a new pump")
    forgetful.close()
    assert texts_of(index) == ["a new pump"]
    load(index, "manual", "a newer pump")  # nothing of the load before is in its way
    assert texts_of(index) == ["a newer pump"]
    assert index.verify() == []


def test_a_load_that_another_follows_before_it_hears_of_its_beginning_keeps_its_own_number(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    index = filled(client, prefix)
    forgetful = Forgetful(engine, SAYS, (1,))
    sent, followed = forgetful._sent, []

    def then_another(doing: str, *arguments: object, **options: object) -> Json:
        try:
            return sent(doing, *arguments, **options)
        except opensearch_client._Passing:
            load(index, "other", "pump of another")
            followed.append(doing)
            raise

    forgetful._sent = then_another  # type: ignore[method-assign,assignment]
    load(OpenSearchIndex(forgetful, prefix, SystemClock(), OPTIONS), "late", "pump late", "pump later")
    forgetful.close()
    assert followed
    assert texts_of(index, "other") == ["pump of another"]
    assert texts_of(index, "late") == ["pump late", "pump later"]
    assert len(texts_found(index, "pump")) == 7
    assert index.verify() == []


def test_a_record_whose_shard_moves_is_read_again(engine: str, client: OpenSearchClient, prefix: str) -> None:
    name = f"{prefix}-state"
    where = "index.routing.allocation.include._name"
    body = state_body(OPTIONS)
    body["settings"]["index"]["number_of_replicas"] = 0
    body["settings"][where] = "nobody"
    client.call("setting up", "PUT", f"/{name}?wait_for_active_shards=0", body)

    class Elsewhere(FakeClock):
        """Whoever waits finds the shard where it was going."""

        def sleep(self, seconds: float) -> None:
            client.call("setting up", "PUT", f"/{name}/_settings", {where: None})
            client.call("waiting", "GET", f"/_cluster/health/{name}?wait_for_status=green&timeout=60s")

    with a_client(engine, clock=Elsewhere()) as patient:
        assert StateStore(patient, name, SystemClock(), 0.0).record("control") == ({}, None)


def test_a_sweep_that_others_keep_in_conflict_waits_between_its_tries(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = filled(client, prefix)

    class Crowded(OpenSearchClient):
        conflicts = 7

        def call(self, doing: str, *arguments: object, **options: object) -> Json:  # type: ignore[override]
            found = super().call(doing, *arguments, **options)  # type: ignore[arg-type]
            if doing == SWEEPS and self.conflicts:
                self.conflicts -= 1
                return {**found, "version_conflicts": 1}
            return found

    crowded, before = Crowded(engine, clock=clock, timeout_seconds=60.0), clock.monotonic()
    OpenSearchIndex(crowded, prefix, SystemClock(), OPTIONS).writer.delete(
        f"{prefix}-chunks", {"filter": [{"term": {"document_id": "doc1"}}]}
    )
    crowded.close()
    assert clock.monotonic() > before
    assert len(texts_found(index, "pump")) == 3


def test_everybody_may_make_the_indexes_at_once(engine: str, client: OpenSearchClient, prefix: str) -> None:
    def write(number: int) -> None:
        with a_client(engine) as own:
            index = OpenSearchIndex(own, prefix, SystemClock(), OPTIONS)
            load(index, f"doc{number}", f"pump {number}")
            embed(index)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    index = OpenSearchIndex(client, prefix, SystemClock(), OPTIONS)
    assert len(texts_found(index, "pump")) == 6
    assert answering(client, prefix) == [f"{prefix}-chunks-000001"]
    assert index.verify() == []


def test_of_two_models_of_one_name_at_once_the_second_hears_of_the_first(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    index = filled(client, prefix)
    [(key, text), *_] = index.unembedded("a-model", 1)
    vectors = {size: {key: FakeEmbedder(size).embed_query(text)} for size in (32, 64)}
    first = lambda: index.store_vectors("a-model", vectors[64])  # noqa: E731
    second = Interrupted(engine, first, doing="adding a field for vectors")
    with pytest.raises(InvalidInput, match="64 numbers, not 32"):
        OpenSearchIndex(second, prefix, SystemClock(), OPTIONS).store_vectors("a-model", vectors[32])
    second.close()


def test_of_two_who_remove_a_document_at_once_one_is_told_that_it_was_there(
    engine: str, client: OpenSearchClient, prefix: str
) -> None:
    index = filled(client, prefix)
    told = []
    meeting = Interrupted(engine, lambda: told.append(index.remove_document(TENANT, "doc1")), doing=SAYS)
    told.append(OpenSearchIndex(meeting, prefix, SystemClock(), OPTIONS).remove_document(TENANT, "doc1"))
    meeting.close()
    assert told == [True, False]
    assert len(texts_found(index, "pump")) == 3
