"""Multi-turn questions with passages and answerability, searched as Rimedio searches.

Each row gives the passages that answer it, none where nothing does. The passages of all rows of a collection
are a corpus to search: are the right ones found, are the wrong ones seen through?
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rimedio.answering.relevance import standalone
from rimedio.domain.knowledge import Chunk, DocType, Document, Passage
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.embedding.port import Embedder
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.search import Search, SearchQuery
from rimedio.storage.database import Database

DATED = datetime(2026, 1, 1, tzinfo=UTC)
FOUND = 8
_DROPPED_ALSO = 30  # found beyond FOUND, so that enough is left when a row's own passages are taken away


@dataclass(frozen=True)
class Row:
    """One question with its conversation; `answerability` is the data set's word."""

    task_id: str
    conversation: str
    collection: str
    turns: tuple[str, ...]  # the customer's, the last one is asked now
    earlier: tuple[str, ...]  # all turns before the last, the agent's too
    given: tuple[Chunk, ...]
    answerability: str

    @property
    def question(self) -> str:
        """What is asked now, with what it follows up on."""
        return standalone(self.turns)


@dataclass(frozen=True)
class Searched:
    """What the search finds in the row's collection; `without`: had the row's own passages not been there."""

    found: tuple[Passage, ...]
    without: tuple[Passage, ...]


def read_rows(path: Path) -> list[Row]:
    """All rows of one file."""
    lines = path.read_text("utf-8").splitlines()
    return [_row(json.loads(line)) for line in lines if line.strip()]


def _row(raw: dict[str, object]) -> Row:
    given, turns, labels = raw["contexts"], raw["input"], raw["answerability"]
    assert isinstance(given, list)
    assert isinstance(turns, list)
    assert isinstance(labels, list)
    collection = str(raw.get("Collection", "all"))
    spoken = [(str(t["speaker"]), str(t["text"])) for t in turns]
    return Row(
        str(raw["task_id"]),
        str(raw["conversation_id"]),
        collection,
        tuple(text for speaker, text in spoken if speaker == "user"),
        tuple(text for _, text in spoken[:-1]),
        tuple(_chunk(c, collection) for c in given),
        str(labels[0]),
    )


def _chunk(raw: Mapping[str, object], collection: str) -> Chunk:
    name = str(raw["document_id"])
    title = str(raw.get("title") or "")
    text = str(raw["text"]).strip()
    return Chunk(name, name, collection, 0, text, name, title, DocType.WIKI, "en")


def search_rows(rows: Sequence[Row], embedder: Embedder | None) -> list[Searched]:
    """Search each row's collection, which holds the passages of all `rows` and nothing else."""
    index = SqliteIndex(Database(None))
    chunks = {(c.tenant_id, c.chunk_id): c for row in rows for c in row.given if c.text}
    for chunk in chunks.values():
        index.replace_document(_document(chunk), [chunk])
    if embedder is not None:
        texts = sorted(
            {c.embedding_text: c.text_hash for c in chunks.values()}.items(), key=lambda t: len(t[0])
        )
        vectors = embedder.embed_passages([text for text, _ in texts])
        stored = {text_hash: vector for (_, text_hash), vector in zip(texts, vectors, strict=True)}
        index.store_vectors(embedder.model_id, stored)
    search = Search(index, embedder, Taxonomy.default())
    return [_search(search, row) for row in rows]


def _search(search: Search, row: Row) -> Searched:
    query = SearchQuery(row.collection, row.question, limit=FOUND + _DROPPED_ALSO, language="en")
    passages = search.search(query).passages
    own = {c.chunk_id for c in row.given}
    without = tuple(p for p in passages if p.chunk.chunk_id not in own)
    return Searched(passages[:FOUND], without[:FOUND])


def _document(chunk: Chunk) -> Document:
    return Document(
        document_id=chunk.document_id,
        tenant_id=chunk.tenant_id,
        source_uri=chunk.source_uri,
        title=chunk.source_title,
        doc_type=chunk.doc_type,
        content_hash="",
        language="en",
        updated_at=DATED,
    )
