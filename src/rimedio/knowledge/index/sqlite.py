"""The knowledge index in the data folder's SQLite file."""

import json
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rimedio.domain import codec
from rimedio.domain.errors import InvalidInput
from rimedio.domain.knowledge import Chunk, Document
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.facets import (
    BASE,
    CODE,
    PART,
    Condition,
    condition,
    facets,
    is_approved,
    spelled,
)
from rimedio.knowledge.index.one_by_one import one_by_one
from rimedio.knowledge.index.port import ChunkTerms, Coverage, Filters, Found, Hit, Probe
from rimedio.knowledge.index.schema import MIGRATIONS, ROOM
from rimedio.knowledge.index.vectors import Matrix, VectorCache
from rimedio.knowledge.index.verify import verify
from rimedio.knowledge.index.words import Words
from rimedio.knowledge.terms import QueryTerm
from rimedio.storage.database import Database, translate

SQL_PARAMETERS_MAX = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What every question asks of a tenant, with the state of the chunks it was read from."""

    version: tuple[int, int]
    codes: frozenset[str]
    chunks: int


class SqliteIndex:
    """Chunks, full text, codes and vectors of all tenants; each call reads one tenant only."""

    def __init__(self, database: Database) -> None:
        """Creates its tables at first use. Raises StorageFailed errors, as every method does."""
        self._database = database
        self._cache = VectorCache()
        self._facts: dict[int, _Facts] = {}
        self._tenants: dict[str, int] = {}  # numbers are given once and never taken back
        database.migrate(ROOM, MIGRATIONS)

    def replace_document(self, document: Document, chunks: Sequence[Chunk]) -> None:
        """Make `chunks` the whole of `document`, atomically. Raises InvalidInput for a stranger's chunk."""
        for chunk in chunks:
            if (chunk.tenant_id, chunk.document_id) != (document.tenant_id, document.document_id):
                msg = (
                    f"Chunk {chunk.chunk_id} belongs to {chunk.tenant_id}/{chunk.document_id}, not to the "
                    f"document {document.tenant_id}/{document.document_id} it was stored with."
                )
                raise InvalidInput(msg)
        with self._database.transaction() as connection:
            tenant_no = self._ensure_tenant(connection, document.tenant_id)
            self._drop(connection, tenant_no, document.document_id)
            cursor = connection.execute(
                "INSERT INTO knowledge_documents (tenant_no, document_id, source_uri, body) "
                "VALUES (?, ?, ?, ?)",
                (tenant_no, document.document_id, document.source_uri, codec.dumps(document)),
            )
            numbered = [(_insert(connection, tenant_no, chunk), chunk) for chunk in chunks]
            Words(connection, tenant_no).add(int(cursor.lastrowid or 0), numbered)
            _forget_unused_vectors(connection)

    def remove_document(self, tenant_id: str, document_id: str) -> bool:
        """Forget a document and its chunks; False when it was not there."""
        tenant_no = self._tenant_no(tenant_id)
        if tenant_no is None:
            return False
        with self._database.transaction() as connection:
            found = self._drop(connection, tenant_no, document_id)
            _forget_unused_vectors(connection)
        return found

    def document(self, tenant_id: str, document_id: str) -> Document | None:
        """The document, or None."""
        rows = self._rows(
            "SELECT body FROM knowledge_documents WHERE tenant_no = ? AND document_id = ?",
            (self._tenant_no(tenant_id), document_id),
        )
        return codec.loads(Document, rows[0][0]) if rows else None

    def documents(self, tenant_id: str) -> Sequence[Document]:
        """All documents, by source URI."""
        rows = self._rows(
            "SELECT body FROM knowledge_documents WHERE tenant_no = ? ORDER BY source_uri, document_id",
            (self._tenant_no(tenant_id),),
        )
        return [codec.loads(Document, row[0]) for row in rows]

    def chunks(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Chunk]:
        """The chunks that exist among those asked for."""
        rows = self._by_chunk_id("chunk_id, body", tenant_id, chunk_ids)
        return {row[0]: codec.loads(Chunk, row[1]) for row in rows}

    def terms(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, ChunkTerms]:
        """The search terms of the chunks that exist among those asked for."""
        tenant_no = self._tenant_no(tenant_id)
        if tenant_no is None:
            return {}
        names = {int(row[0]): str(row[1]) for row in self._by_chunk_id("id, chunk_id", tenant_id, chunk_ids)}
        words = Words(self._database.connection, tenant_no)
        found = {n: t for part in _parts(list(names)) for n, t in words.terms(part).items()}
        return {names[number]: terms for number, terms in found.items()}

    def section(
        self, tenant_id: str, document_id: str, *, first: int = 0, last: int | None = None
    ) -> Sequence[Chunk]:
        """Chunks of one document in reading order: all, or those with ordinals `first` to `last` (inclusive)."""
        rows = self._rows(
            "SELECT body FROM knowledge_chunks WHERE tenant_no = ? AND document_id = ? AND ordinal BETWEEN ? AND ?"
            " ORDER BY ordinal",
            (self._tenant_no(tenant_id), document_id, first, sys.maxsize if last is None else last),
        )
        return [codec.loads(Chunk, row[0]) for row in rows]

    def search_words(
        self, tenant_id: str, terms: Sequence[QueryTerm], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """BM25 over stemmed words, any of `terms`."""
        tenant_no = self._tenant_no(tenant_id)
        if tenant_no is None or not terms:
            return []
        restriction = self._restriction(tenant_no, filters)
        try:
            found = Words(self._database.connection, tenant_no).search(terms, restriction, limit)
        except sqlite3.Error as error:
            raise translate(error, self._database.path) from error
        return [Hit(*hit) for hit in found]

    def search_pages(self, tenant_id: str, terms: Sequence[QueryTerm], limit: int) -> Mapping[str, float]:
        """BM25 of the best documents as wholes, by document id."""
        tenant_no = self._tenant_no(tenant_id)
        if tenant_no is None or not terms:
            return {}
        try:
            return dict(Words(self._database.connection, tenant_no).search_pages(terms, limit))
        except sqlite3.Error as error:
            raise translate(error, self._database.path) from error

    def term_frequencies(self, tenant_id: str, terms: Sequence[str]) -> Mapping[str, int]:
        """In how many of the tenant's chunks each term stands; unknown ones are left out."""
        tenant_no = self._tenant_no(tenant_id)
        if tenant_no is None:
            return {}
        words = Words(self._database.connection, tenant_no)
        return {t: n for part in _parts(list(terms)) for t, n in words.frequencies(part).items()}

    def search_codes(
        self, tenant_id: str, codes: Sequence[str], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Chunks that define one of these codes or part numbers; score 1, or 0.5 for a sub-code of it."""
        wanted = list(dict.fromkeys(spelled(code) for code in codes))[:SQL_PARAMETERS_MAX]
        tenant_no = self._tenant_no(tenant_id)
        if tenant_no is None or not wanted:
            return []
        restriction = self._restriction(tenant_no, filters)
        rows = self._rows(
            "SELECT c.chunk_id, c.document_id, "  # noqa: S608
            f"max(CASE WHEN f.kind = '{BASE}' THEN 0.5 ELSE 1.0 END) AS score "
            "FROM knowledge_facets f JOIN knowledge_chunks c ON c.id = f.chunk "
            f"WHERE f.kind IN ('{CODE}', '{BASE}', '{PART}') AND f.value IN ({_marks(wanted)}) "
            f"AND c.tenant_no = ?{restriction.sql} GROUP BY c.id ORDER BY score DESC, c.id LIMIT ?",
            (*wanted, tenant_no, *restriction.parameters, limit),
        )
        return [Hit(row["chunk_id"], float(row["score"]), row["document_id"]) for row in rows]

    def known_codes(self, tenant_id: str) -> frozenset[str]:
        """Every error code that some chunk defines, in the spelling of `facets.spelled`; cached."""
        return self._facts_of(tenant_id).codes

    def chunk_count(self, tenant_id: str) -> int:
        """How many chunks the tenant has; cached."""
        return self._facts_of(tenant_id).chunks

    def search_vectors(
        self, tenant_id: str, model_id: str, vector: Vectors, filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Nearest chunks by cosine, exact."""
        matrix = self._matrix(tenant_id, model_id)
        tenant_no = self._tenant_no(tenant_id)
        if matrix is None or tenant_no is None:
            return []
        restriction = self._restriction(tenant_no, filters)
        allowed = None
        if restriction.sql:
            rows = self._rows(
                f"SELECT c.id FROM knowledge_chunks c WHERE c.tenant_no = ?{restriction.sql}",  # noqa: S608
                (tenant_no, *restriction.parameters),
            )
            allowed = np.array([row[0] for row in rows], np.int64)
        found = matrix.nearest(vector, allowed, limit)
        names = self._chunk_ids([number for number, _ in found])
        return [Hit(names[n][0], score, names[n][1]) for n, score in found if n in names]

    def search_hybrid(self, tenant_id: str, probe: Probe) -> Found:
        """Words, pages and meaning, one after the other: there is no network to save."""
        return one_by_one(self, tenant_id, probe)

    def vectors(self, tenant_id: str, model_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The stored vectors of those chunks that have one."""
        matrix = self._matrix(tenant_id, model_id)
        if matrix is None:
            return {}
        names = {int(row[0]): str(row[1]) for row in self._by_chunk_id("id, chunk_id", tenant_id, chunk_ids)}
        return {names[number]: row for number, row in matrix.rows(list(names)).items()}

    def unembedded(self, model_id: str, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` (text hash, embedding text) pairs without a vector, in the order they were stored."""
        rows = self._rows(
            "SELECT c.text_hash, c.body FROM knowledge_chunks c WHERE NOT EXISTS (SELECT 1 FROM "
            "knowledge_vectors v WHERE v.text_hash = c.text_hash AND v.model_id = ?) ORDER BY c.id LIMIT ?",
            (model_id, limit),
        )
        return list({row[0]: codec.loads(Chunk, row[1]).embedding_text for row in rows}.items())

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep vectors by text hash; the first one of a text stays, texts gone meanwhile are skipped."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO knowledge_vectors (model_id, text_hash, vector) SELECT ?, ?, ? "
                "WHERE EXISTS (SELECT 1 FROM knowledge_chunks WHERE text_hash = ?)",
                [
                    (model_id, key, np.ascontiguousarray(vector, np.float32).tobytes(), key)
                    for key, vector in vectors.items()
                ],
            )

    def coverage(self, tenant_id: str, model_id: str) -> Coverage:
        """How much is loaded and how much of it is embedded."""
        tenant_no = self._tenant_no(tenant_id)
        [row] = self._rows(
            "SELECT (SELECT count(*) FROM knowledge_documents WHERE tenant_no = :t), "
            "(SELECT count(*) FROM knowledge_chunks WHERE tenant_no = :t), "
            "(SELECT count(*) FROM knowledge_chunks c JOIN knowledge_vectors v "
            "ON v.text_hash = c.text_hash AND v.model_id = :m WHERE c.tenant_no = :t)",
            {"t": tenant_no, "m": model_id},
        )
        return Coverage(int(row[0]), int(row[1]), int(row[2]))

    def embedded_shares(
        self, tenant_id: str, model_id: str, document_ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Share of each document's chunks whose vector is stored, 0..1; documents without chunks are absent."""
        rows = self._rows(
            "SELECT c.document_id, count(*), count(v.id) FROM knowledge_chunks c LEFT JOIN knowledge_vectors v "
            "ON v.text_hash = c.text_hash AND v.model_id = ? WHERE c.tenant_no = ? "
            "AND c.document_id IN (SELECT value FROM json_each(?)) GROUP BY c.document_id",
            (model_id, self._tenant_no(tenant_id), json.dumps(list(document_ids))),
        )
        return {str(row[0]): row[2] / row[1] for row in rows}

    def verify(self) -> Sequence[str]:
        """What is inconsistent between chunks, full text and vectors; empty when all agrees."""
        try:
            return verify(self._database.connection)
        except sqlite3.Error as error:
            raise translate(error, self._database.path) from error

    def _facts_of(self, tenant_id: str) -> _Facts:
        """Codes and chunk count, read again when the tenant's chunks changed."""
        rows = self._rows(
            "SELECT t.tenant_no, t.removals, coalesce((SELECT max(c.id) FROM knowledge_chunks c "
            "WHERE c.tenant_no = t.tenant_no), 0) AS last FROM knowledge_tenants t WHERE t.tenant_id = ?",
            (tenant_id,),
        )
        if not rows:
            return _Facts((0, 0), frozenset(), 0)
        tenant_no, version = int(rows[0]["tenant_no"]), (int(rows[0]["removals"]), int(rows[0]["last"]))
        kept = self._facts.get(tenant_no)
        if kept is None or kept.version != version:
            codes = self._rows(
                "SELECT DISTINCT f.value FROM knowledge_facets f JOIN knowledge_chunks c ON c.id = f.chunk "
                "WHERE f.kind = ? AND c.tenant_no = ?",
                (CODE, tenant_no),
            )
            [count] = self._rows("SELECT count(*) FROM knowledge_chunks WHERE tenant_no = ?", (tenant_no,))
            kept = self._facts[tenant_no] = _Facts(version, frozenset(r[0] for r in codes), int(count[0]))
        return kept

    def _matrix(self, tenant_id: str, model_id: str) -> Matrix | None:
        tenant_no = self._tenant_no(tenant_id)
        if tenant_no is None:
            return None
        try:
            return self._cache.matrix(self._database.connection, tenant_no, model_id)
        except sqlite3.Error as error:
            raise translate(error, self._database.path) from error

    def _rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object]) -> Sequence[sqlite3.Row]:
        try:
            rows: list[sqlite3.Row] = self._database.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise translate(error, self._database.path) from error
        return rows

    def _by_chunk_id(self, columns: str, tenant_id: str, chunk_ids: Sequence[str]) -> list[sqlite3.Row]:
        found: list[sqlite3.Row] = []
        for part in _parts(chunk_ids):
            found += self._rows(
                f"SELECT {columns} FROM knowledge_chunks "  # noqa: S608
                f"WHERE tenant_no = ? AND chunk_id IN ({_marks(part)})",
                (self._tenant_no(tenant_id), *part),
            )
        return found

    def _chunk_ids(self, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
        """(chunk id, document id) by number."""
        rows = [
            row
            for part in _parts(numbers)
            for row in self._rows(
                f"SELECT id, chunk_id, document_id FROM knowledge_chunks WHERE id IN ({_marks(part)})",  # noqa: S608
                part,
            )
        ]
        return {int(row[0]): (str(row[1]), str(row[2])) for row in rows}

    def _tenant_no(self, tenant_id: str) -> int | None:
        if (kept := self._tenants.get(tenant_id)) is not None:
            return kept
        rows = self._rows("SELECT tenant_no FROM knowledge_tenants WHERE tenant_id = ?", (tenant_id,))
        if rows and not self._database.connection.in_transaction:  # a number yet to be committed may vanish
            self._tenants[tenant_id] = int(rows[0][0])
        return int(rows[0][0]) if rows else None

    def _ensure_tenant(self, connection: sqlite3.Connection, tenant_id: str) -> int:
        found = self._tenant_no(tenant_id)
        if found is not None:
            return found
        connection.execute("INSERT INTO knowledge_tenants (tenant_id) VALUES (?)", (tenant_id,))
        [(number,)] = connection.execute("SELECT last_insert_rowid()")
        Words(connection, number).create()
        return int(number)

    def _drop(self, connection: sqlite3.Connection, tenant_no: int, document_id: str) -> bool:
        """Remove a document; the texts it had are remembered until unused vectors are forgotten."""
        key = (tenant_no, document_id)
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS knowledge_dropped (text_hash TEXT)")
        found = connection.execute(
            "SELECT id FROM knowledge_documents WHERE tenant_no = ? AND document_id = ?", key
        ).fetchone()
        if found is None:
            return False
        rows = connection.execute(
            "SELECT id, text_hash FROM knowledge_chunks WHERE tenant_no = ? AND document_id = ?", key
        ).fetchall()
        Words(connection, tenant_no).remove(found["id"], [row["id"] for row in rows])
        if rows:
            connection.executemany(
                "INSERT INTO knowledge_dropped VALUES (?)", [(row["text_hash"],) for row in rows]
            )
            connection.execute("DELETE FROM knowledge_chunks WHERE tenant_no = ? AND document_id = ?", key)
            connection.execute(
                "UPDATE knowledge_tenants SET removals = removals + 1 WHERE tenant_no = ?", (tenant_no,)
            )
        connection.execute("DELETE FROM knowledge_documents WHERE id = ?", (found["id"],))
        return True

    def _restriction(self, tenant_no: int, filters: Filters) -> Condition:
        """The filters as SQL; approval is not asked for when no draft is stored, the usual case."""
        if filters == Filters() and not self._rows(
            "SELECT 1 FROM knowledge_chunks WHERE tenant_no = ? AND approved = 0 LIMIT 1", (tenant_no,)
        ):
            return Condition()
        return condition(filters)


def _insert(connection: sqlite3.Connection, tenant_no: int, chunk: Chunk) -> int:
    cursor = connection.execute(
        "INSERT INTO knowledge_chunks (tenant_no, chunk_id, document_id, ordinal, text_hash, doc_type, "
        "language, approved, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            tenant_no,
            chunk.chunk_id,
            chunk.document_id,
            chunk.ordinal,
            chunk.text_hash,
            str(chunk.doc_type),
            chunk.language,
            is_approved(chunk),
            codec.dumps(chunk),
        ),
    )
    number = int(cursor.lastrowid or 0)
    connection.executemany(
        "INSERT OR IGNORE INTO knowledge_facets (chunk, kind, value) VALUES (?, ?, ?)",
        [(number, kind, value) for kind, value in facets(chunk)],
    )
    return number


def _forget_unused_vectors(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM knowledge_vectors WHERE text_hash IN (SELECT text_hash FROM knowledge_dropped) "
        "AND NOT EXISTS (SELECT 1 FROM knowledge_chunks c WHERE c.text_hash = knowledge_vectors.text_hash)"
    )
    connection.execute("DELETE FROM knowledge_dropped")


def _parts(values: Sequence[T]) -> Sequence[Sequence[T]]:
    return [values[i : i + SQL_PARAMETERS_MAX] for i in range(0, len(values), SQL_PARAMETERS_MAX)]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
