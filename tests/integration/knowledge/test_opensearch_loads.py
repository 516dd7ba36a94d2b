"""A load is seen whole or not at all: by readers meanwhile, after a crash, and beside other writers."""

import threading
from collections.abc import Iterator

import pytest
from tests.opensearch import a_client, a_prefix, address_of
from tests.opensearch_documents import TENANT, a_document, chunks_of, load, texts_found, texts_of

from rimedio.domain.clock import FakeClock, SystemClock
from rimedio.domain.errors import Conflict, InvalidInput, Throttled
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_bulk import Action, BulkReport
from rimedio.knowledge.index.opensearch_client import OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions
from rimedio.knowledge.index.opensearch_state import WRITER_SECONDS

EMBEDDER = FakeEmbedder()
PROMPT = OpenSearchOptions(state_seconds=0.0)


@pytest.fixture(scope="module")
def client() -> Iterator[OpenSearchClient]:
    with a_client(address_of("opensearch"), clock=FakeClock()) as client:  # its pauses take no time
        yield client


@pytest.fixture
def prefix(client: OpenSearchClient) -> Iterator[str]:
    with a_prefix(client) as prefix:
        yield prefix


class PowerCut(BaseException):
    """The process is gone: nothing after it runs, not even what tidies up."""


def cut(index: OpenSearchIndex) -> None:
    """From now on a bulk write stops half-way, as after kill -9."""
    write = index.writer.bulk.write

    def half(doing: str, actions: list[Action], **options: object) -> BulkReport:
        write(doing, actions[: len(actions) // 2], refresh=True)
        index.writer._states.change = lambda *_: None  # type: ignore[method-assign,assignment,return-value]
        raise PowerCut

    index.writer.bulk.write = half  # type: ignore[method-assign,assignment]


def stored_chunks(client: OpenSearchClient, prefix: str) -> int:
    client.call("refreshing", "POST", f"/{prefix}-chunks/_refresh")
    query = {"query": {"term": {"kind": "chunk"}}}
    return int(client.call("counting", "POST", f"/{prefix}-chunks/_count", query)["count"])


def test_a_reader_sees_the_old_document_or_the_new_one_never_a_mix(
    client: OpenSearchClient, prefix: str
) -> None:
    writer = OpenSearchIndex(client, prefix, SystemClock(), PROMPT)
    load(writer, "manual", *["pump old 0"] * 5)
    seen: list[list[str]] = []
    done, looked = threading.Event(), threading.Event()

    def read() -> None:
        reader = OpenSearchIndex(client, prefix, SystemClock(), PROMPT)
        while not done.is_set():
            seen.append([text.split(" ", 1)[1] for text in texts_of(reader)])
            looked.set()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for turn in range(1, 8):
            looked.clear()
            assert looked.wait(60)  # however slow the reader is, it sees several states
            load(writer, "manual", *[f"pump new {turn}"] * (5 + turn))
    finally:
        done.set()
        thread.join()
    assert len({tuple(texts) for texts in seen}) > 1, "the reader was too slow to see a change"
    for texts in seen:
        assert len(set(texts)) == 1
        assert len(texts) == 5 + int(texts[0].split()[1])


def test_what_a_dead_writer_left_is_never_seen_and_the_document_can_be_loaded_again(
    client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = OpenSearchIndex(client, prefix, clock, PROMPT)
    load(index, "manual", "an old pump")
    dying = OpenSearchIndex(client, prefix, clock, PROMPT)
    cut(dying)
    with pytest.raises(PowerCut):
        load(dying, "manual", "a new pump", "a new fan", "a new valve")
    assert stored_chunks(client, prefix) > 1
    assert texts_of(index) == ["an old pump"]
    assert texts_found(index, "fan valve") == []
    assert index.verify() == []
    with pytest.raises(Throttled, match="another writer"):
        load(index, "manual", "a newer pump")
    clock.advance(WRITER_SECONDS + 1)
    load(index, "manual", "a newer pump")
    assert texts_of(index) == ["a newer pump"]
    clock.advance(PROMPT.grace_seconds + 1)
    index.purge()
    assert stored_chunks(client, prefix) == 1
    assert index.verify() == []


def test_a_writer_that_was_given_up_cannot_commit_any_more(client: OpenSearchClient, prefix: str) -> None:
    clock = FakeClock()
    slow = OpenSearchIndex(client, prefix, clock, PROMPT)
    quick = OpenSearchIndex(client, prefix, clock, PROMPT)
    write = slow.writer.bulk.write

    def late(doing: str, actions: list[Action], **options: object) -> BulkReport:
        clock.advance(WRITER_SECONDS + 1)
        load(quick, "manual", "of the quick one")
        return write(doing, actions, refresh=True)

    slow.writer.bulk.write = late  # type: ignore[method-assign,assignment]
    with pytest.raises(Conflict, match="given up"):
        load(slow, "manual", "of the slow one")
    assert texts_of(quick) == ["of the quick one"]
    assert quick.verify() == []


def test_two_writers_of_one_document_leave_one_of_the_two(client: OpenSearchClient, prefix: str) -> None:
    with a_client(address_of("opensearch")) as waiting:

        def write(number: int) -> None:
            load(
                OpenSearchIndex(waiting, prefix, SystemClock(), PROMPT), "manual", *[f"pump of {number}"] * 3
            )

        threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    index = OpenSearchIndex(client, prefix, SystemClock(), PROMPT)
    assert len(texts_of(index)) == 3
    assert len(set(texts_of(index))) == 1
    assert index.verify() == []


def test_a_batch_is_one_load_and_an_error_inside_drops_it(client: OpenSearchClient, prefix: str) -> None:
    index = OpenSearchIndex(client, prefix, SystemClock(), PROMPT)
    with index.batch():
        load(index, "a", "pump")
        load(index, "b", "pump")
        assert not index.remove_document(TENANT, "c")
        assert index.remove_document(TENANT, "b")
    with pytest.raises(InvalidInput), index.batch():  # noqa: PT012 - what the error drops is the point
        load(index, "c", "pump")
        index.replace_document(a_document("d"), chunks_of(a_document("e"), ["pump"]))
    assert [of.document_id for of in index.documents(TENANT)] == ["a"]


def test_another_process_sees_a_load_after_state_seconds(client: OpenSearchClient, prefix: str) -> None:
    clock = FakeClock()
    options = OpenSearchOptions(state_seconds=1.0)
    writer, reader = (OpenSearchIndex(client, prefix, clock, options) for _ in range(2))
    load(writer, "manual", "an old pump")
    clock.advance(1.1)
    assert texts_of(reader) == ["an old pump"]
    load(writer, "manual", "a new pump")
    assert texts_of(reader) == ["an old pump"], "what a reader holds stays whole until it looks again"
    clock.advance(1.1)
    assert texts_of(reader) == ["a new pump"]


def test_replaced_chunks_and_their_vectors_are_swept_up_after_the_grace(
    client: OpenSearchClient, prefix: str
) -> None:
    clock = FakeClock()
    index = OpenSearchIndex(client, prefix, clock, PROMPT)
    load(index, "manual", "an old pump", "an old fan")
    waiting = index.unembedded(EMBEDDER.model_id, 10)
    rows = EMBEDDER.embed_passages([text for _, text in waiting])
    index.store_vectors(EMBEDDER.model_id, {key: row for (key, _), row in zip(waiting, rows, strict=True)})
    load(index, "manual", "an old pump")
    assert index.purge() == 0
    assert stored_chunks(client, prefix) == 3
    clock.advance(PROMPT.grace_seconds + 1)
    assert index.purge() == 1
    assert stored_chunks(client, prefix) == 1
    client.call("refreshing", "POST", f"/{prefix}-vectors/_refresh")
    assert client.call("counting", "GET", f"/{prefix}-vectors/_count")["count"] == 1
    assert index.coverage(TENANT, EMBEDDER.model_id).embedded == 1


def test_vectors_of_another_length_are_refused(client: OpenSearchClient, prefix: str) -> None:
    index = OpenSearchIndex(client, prefix, SystemClock(), PROMPT)
    load(index, "manual", "pump", "fan")
    (one, _), (two, _) = index.unembedded("a-model", 10)
    index.store_vectors("a-model", {one: FakeEmbedder(64).embed_query("pump")})
    with pytest.raises(InvalidInput, match="64 numbers, not 32"):
        index.store_vectors("a-model", {two: FakeEmbedder(32).embed_query("fan")})
