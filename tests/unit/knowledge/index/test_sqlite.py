import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from rimedio.domain.errors import StorageFailed
from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.index.port import Filters
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.lexicon import asked_terms
from rimedio.storage.database import Database

EMBEDDER = FakeEmbedder()
MODEL = EMBEDDER.model_id


def load(index: SqliteIndex, name: str, *texts: str) -> None:
    document = Document(
        name, "acme", name, "Manual", DocType.MANUAL, "0", "en", datetime(2026, 1, 1, tzinfo=UTC)
    )
    index.replace_document(
        document,
        [
            Chunk(
                f"{name}-{i}",
                name,
                "acme",
                i,
                text,
                name,
                "Manual",
                DocType.MANUAL,
                "en",
                error_codes=(f"E{i:03}",),
            )
            for i, text in enumerate(texts)
        ],
    )


def embed(index: SqliteIndex) -> None:
    waiting = index.unembedded(MODEL, 100)
    vectors = EMBEDDER.embed_passages([text for _, text in waiting])
    index.store_vectors(MODEL, {key: vector for (key, _), vector in zip(waiting, vectors, strict=True)})


def nearest(index: SqliteIndex, text: str) -> list[str]:
    hits = index.search_vectors("acme", MODEL, EMBEDDER.embed_query(text), Filters(), 10)
    return [hit.chunk_id for hit in hits]


def test_what_another_connection_writes_is_seen_at_the_next_search(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    reader, writer = SqliteIndex(Database(path)), SqliteIndex(Database(path))
    load(writer, "a", "pump")
    assert nearest(reader, "pump") == []
    embed(writer)
    assert nearest(reader, "pump") == ["a-0"]
    load(writer, "b", "valve", "fan")
    embed(writer)
    assert set(nearest(reader, "valve")) == {"a-0", "b-0", "b-1"}
    writer.remove_document("acme", "a")
    assert set(nearest(reader, "pump")) == {"b-0", "b-1"}
    assert reader.known_codes("acme") == {"E000", "E001"}


def test_a_refreshed_matrix_equals_one_read_afresh(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    index = SqliteIndex(Database(path))
    for step in range(6):
        load(index, f"d{step % 4}", *(f"text {step} {i}" for i in range(step + 1)))
        if step % 2:
            embed(index)
        nearest(index, "text")
    embed(index)
    query = EMBEDDER.embed_query("text 3")
    fresh = SqliteIndex(Database(path))
    assert index.search_vectors("acme", MODEL, query, Filters(), 50) == fresh.search_vectors(
        "acme", MODEL, query, Filters(), 50
    )


def test_readers_and_a_writer_in_threads_never_see_half_a_document(tmp_path: Path) -> None:
    index = SqliteIndex(Database(tmp_path / "r.sqlite3"))
    load(index, "a", "pump old", "valve old")
    wrong: list[set[str]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            words = {chunk.text.split()[1] for chunk in index.section("acme", "a")}
            if len(words) != 1:
                wrong.append(words)
            nearest(index, "pump")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    for n in range(15):
        load(index, "a", f"pump n{n}", f"valve n{n}")
        embed(index)
    done.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert len(nearest(index, "pump")) == 2


def _fail_half_way(database: Database, index: SqliteIndex) -> None:
    with database.transaction():
        load(index, "a", "valve", "fan")
        embed(index)
        nearest(index, "valve")
        raise RuntimeError


def test_what_a_failed_transaction_wrote_is_forgotten() -> None:
    database = Database(None)
    index = SqliteIndex(database)
    load(index, "a", "pump")
    with pytest.raises(RuntimeError):
        _fail_half_way(database, index)
    embed(index)
    assert nearest(index, "pump") == ["a-0"]
    assert index.verify() == []


def test_verify_names_what_does_not_agree() -> None:
    database = Database(None)
    index = SqliteIndex(database)
    load(index, "a", "pump", "valve")
    embed(index)
    assert index.verify() == []
    run = database.connection.execute
    run("DELETE FROM knowledge_words_1 WHERE rowid = 1")
    run("UPDATE knowledge_vectors SET vector = x'00' WHERE id = 1")
    run("INSERT INTO knowledge_vectors (model_id, text_hash, vector) VALUES ('m', 'gone', x'00000000')")
    found = " ".join(index.verify())
    assert "not in the full text" in found
    assert "differ in length" in found
    assert "texts that are gone" in found


def test_a_very_long_question_and_many_ids_stay_within_sqlites_limits() -> None:
    index = SqliteIndex(Database(None))
    load(index, "a", "pump")
    text = " ".join(f"word{n}" for n in range(3_000)) + " pump"
    terms = asked_terms(text, "en")
    assert index.term_frequencies("acme", [f for t in terms for f in t.forms]) == {"en:pump": 1}
    assert set(index.chunks("acme", [f"a-{n}" for n in range(2_000)])) == {"a-0"}
    assert [h.chunk_id for h in index.search_words("acme", terms[-1:], Filters(), 5)] == ["a-0"]


def test_a_closed_database_fails_as_storage(tmp_path: Path) -> None:
    database = Database(tmp_path / "r.sqlite3")
    index = SqliteIndex(database)
    load(index, "a", "pump")
    database.connection.execute("DROP TABLE knowledge_words_1")
    with pytest.raises(StorageFailed):
        index.search_words("acme", asked_terms("pump", "en"), Filters(), 5)


def test_vectors_keep_every_bit() -> None:
    index = SqliteIndex(Database(None))
    load(index, "a", "pump")
    [(key, _)] = index.unembedded(MODEL, 1)
    vector = np.linspace(-1, 1, EMBEDDER.dimensions, dtype=np.float32)
    index.store_vectors(MODEL, {key: vector})
    assert np.array_equal(index.vectors("acme", MODEL, ["a-0"])["a-0"], vector)
