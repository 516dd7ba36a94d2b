"""Vectors follow words."""

from datetime import UTC, datetime
from threading import Event

from rimedio.domain.knowledge import DocType, Document
from rimedio.knowledge.backfill import Backfill, BackfillProgress
from rimedio.knowledge.chunking import chunk_document
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.extract import extract
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.storage.database import Database


def index_with(texts: int) -> SqliteIndex:
    index = SqliteIndex(Database(None))
    body = "\n\n".join(f"## Domanda {n}?\n\nRisposta numero {n}." for n in range(texts))
    found = extract(f"# Domande\n\n{body}\n".encode(), "faq.md")
    document = Document(
        "d", "acme", "faq.md", "Domande", DocType.FAQ, "0", "it", datetime(2026, 1, 1, tzinfo=UTC)
    )
    index.replace_document(document, chunk_document(found, document))
    return index


def embedded(index: SqliteIndex, embedder: FakeEmbedder) -> tuple[int, int]:
    coverage = index.coverage("acme", embedder.model_id)
    return coverage.embedded, coverage.chunks


def test_all_texts_get_their_vectors_page_by_page() -> None:
    index, embedder = index_with(10), FakeEmbedder()
    told: list[BackfillProgress] = []
    done = Backfill(index, embedder, page=4).run(progress=told.append)
    assert done.embedded == 10
    assert [p.embedded for p in told] == [4, 8, 10]
    assert embedded(index, embedder) == (10, 10)


def test_a_stopped_run_is_taken_up_where_it_ended() -> None:
    index, embedder, stop = index_with(10), FakeEmbedder(), Event()
    first = Backfill(index, embedder, page=4).run(stop=stop, progress=lambda _: stop.set())
    assert first.embedded == 4
    assert Backfill(index, embedder, page=4).run().embedded == 6
    assert embedded(index, embedder) == (10, 10)


def test_nothing_is_embedded_twice() -> None:
    index, embedder = index_with(5), FakeEmbedder()
    Backfill(index, embedder).run()
    assert Backfill(index, embedder).run().embedded == 0


def test_a_limit_is_kept() -> None:
    assert Backfill(index_with(10), FakeEmbedder(), page=4).run(limit=5).embedded == 5


def test_the_share_of_the_model_is_told() -> None:
    ticks = iter(range(100))
    done = Backfill(index_with(2), FakeEmbedder(), monotonic=lambda: float(next(ticks))).run()
    assert done.model_seconds == 1
    assert 0 < done.model_share < 1
