"""Full text of one tenant: FTS5 tables of terms that Python has already stemmed.

Every tenant has tables of its own, so that neither hits nor the rarity of words cross tenants: one of chunks
(title, section path, body) and one of whole documents (title, body). BM25 has SQLite's constants, k1 = 1.2
and b = 0.75; in documents, a word of the title counts three times.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from rimedio.domain.knowledge import Chunk
from rimedio.knowledge.index.facets import Condition
from rimedio.knowledge.index.port import ChunkTerms
from rimedio.knowledge.lexicon import stored_terms
from rimedio.knowledge.terms import QueryTerm

CHUNK_WEIGHTS = "1.0, 1.0, 1.0"  # other weights were no better on any question set
PAGE_WEIGHTS = "3.0, 1.0"
TOKENIZER = "tokenize = \"unicode61 remove_diacritics 0 tokenchars '-_./%:'\""
TERMS_MAX = 64  # of one question; what a ticket says beyond is repetition or a pasted log


class Words:
    """The full text of the tenant numbered `tenant_no`."""

    def __init__(self, connection: sqlite3.Connection, tenant_no: int) -> None:
        self._connection = connection
        self._table = f"knowledge_words_{tenant_no:d}"
        self._pages = f"knowledge_pages_{tenant_no:d}"
        self._vocabulary = f"knowledge_vocabulary_{tenant_no:d}"

    def create(self) -> None:
        """Make the tables of a new tenant."""
        for sql in (
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._table} USING fts5(title, section, body, {TOKENIZER})",
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._pages} USING fts5(title, body, {TOKENIZER})",
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._vocabulary} USING fts5vocab({self._table}, 'row')",
        ):
            self._connection.execute(sql)

    def add(self, document_no: int, rows: Sequence[tuple[int, Chunk]]) -> None:
        """Index a document's chunks under their ids, and all of them together as its page."""
        indexed = [(number, *columns(chunk)) for number, chunk in rows]
        self._connection.executemany(
            f"INSERT INTO {self._table} (rowid, title, section, body) VALUES (?, ?, ?, ?)",  # noqa: S608
            indexed,
        )
        title = indexed[0][1] if indexed else ""
        self._connection.execute(
            f"INSERT INTO {self._pages} (rowid, title, body) VALUES (?, ?, ?)",  # noqa: S608
            (document_no, title, " ".join(body for *_, body in indexed)),
        )

    def remove(self, document_no: int, numbers: Iterable[int]) -> None:
        """Forget a document's page and its chunks."""
        self._connection.execute(f"DELETE FROM {self._pages} WHERE rowid = ?", (document_no,))  # noqa: S608
        self._connection.executemany(
            f"DELETE FROM {self._table} WHERE rowid = ?",  # noqa: S608
            ((number,) for number in numbers),
        )

    def search(
        self, terms: Sequence[QueryTerm], restriction: Condition, limit: int
    ) -> Sequence[tuple[str, float, str]]:
        """(chunk id, BM25, document id) of the best chunks that hold any term, best first."""
        match = _match(terms)
        if not match:
            return []
        score = f"bm25({self._table}, {CHUNK_WEIGHTS})"
        if restriction.sql:
            ranked = (
                f"SELECT w.rowid AS id, {score} AS score FROM {self._table} w "  # noqa: S608
                f"JOIN knowledge_chunks c ON c.id = w.rowid WHERE {self._table} MATCH ?{restriction.sql}"
            )
        else:
            ranked = f"SELECT rowid AS id, {score} AS score FROM {self._table} WHERE {self._table} MATCH ?"  # noqa: S608
        rows = self._connection.execute(
            f"SELECT c.chunk_id, r.score, c.document_id FROM ({ranked} ORDER BY score, id LIMIT ?) r "  # noqa: S608
            "JOIN knowledge_chunks c ON c.id = r.id ORDER BY r.score, r.id",
            (match, *restriction.parameters, limit),
        )
        return [(row[0], -float(row[1]), row[2]) for row in rows]

    def search_pages(self, terms: Sequence[QueryTerm], limit: int) -> Sequence[tuple[str, float]]:
        """(document id, BM25) of the best documents as wholes, best first."""
        match = _match(terms)
        if not match:
            return []
        rows = self._connection.execute(
            f"SELECT d.document_id, p.score FROM (SELECT rowid AS id, bm25({self._pages}, {PAGE_WEIGHTS}) "  # noqa: S608
            f"AS score FROM {self._pages} WHERE {self._pages} MATCH ? ORDER BY score, id LIMIT ?) p "
            "JOIN knowledge_documents d ON d.id = p.id ORDER BY p.score, p.id",
            (match, limit),
        )
        return [(row[0], -float(row[1])) for row in rows]

    def terms(self, numbers: Sequence[int]) -> Mapping[int, ChunkTerms]:
        """The stored terms of chunks, by their ids."""
        marks = ",".join("?" * len(numbers))
        rows = self._connection.execute(
            f"SELECT rowid, title, section, body FROM {self._table} WHERE rowid IN ({marks})",  # noqa: S608
            tuple(numbers),
        )
        return {int(row[0]): ChunkTerms(f"{row[1]} {row[2]}".split(), row[3].split()) for row in rows}

    def frequencies(self, terms: Sequence[str]) -> Mapping[str, int]:
        """In how many chunks each term stands; terms that stand in none are left out."""
        marks = ",".join("?" * len(terms))
        rows = self._connection.execute(
            f"SELECT term, doc FROM {self._vocabulary} WHERE term IN ({marks})",  # noqa: S608
            tuple(terms),
        )
        return {str(row[0]): int(row[1]) for row in rows}

    def numbers(self) -> set[int]:
        """Ids of all indexed chunks."""
        return {int(row[0]) for row in self._connection.execute(f"SELECT rowid FROM {self._table}")}  # noqa: S608

    def check(self) -> str | None:
        """What FTS5's own integrity check finds wrong; on a database that is only read, what reading finds."""
        for table in (self._table, self._pages):
            try:
                self._connection.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")  # noqa: S608
            except sqlite3.DatabaseError as error:
                damage = self._unread(table) if _is_read_only(error) else str(error)
                if damage:
                    return f"The full text {table} is damaged ({damage}). Ingest the documents again."
        return None

    def _unread(self, table: str) -> str | None:
        """What is wrong between a table's rows and its postings. FTS5's own check is a write, this is none."""
        walk = "temp.knowledge_check"  # temporary tables can be made beside a database that is only read
        try:
            self._connection.execute(f"CREATE VIRTUAL TABLE {walk} USING fts5vocab(main, {table}, instance)")
            try:
                posted = {int(row[0]) for row in self._connection.execute(f"SELECT DISTINCT doc FROM {walk}")}  # noqa: S608
            finally:
                self._connection.execute(f"DROP TABLE {walk}")
            filled = f"SELECT rowid FROM {table} WHERE trim(title || body) != ''"  # noqa: S608
            rows = {int(row[0]) for row in self._connection.execute(filled)}
        except sqlite3.DatabaseError as error:
            return str(error)
        strangers = len(rows ^ posted)
        return f"{strangers} rows and their words do not belong together" if strangers else None


def _is_read_only(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY


def columns(chunk: Chunk) -> tuple[str, str, str]:
    """Terms of title, section path and body, each joined by blanks."""
    texts = (chunk.source_title, " ".join(chunk.section), chunk.text)
    title, section, body = (" ".join(stored_terms(text, chunk.language)) for text in texts)
    return title, section, body


def _match(terms: Sequence[QueryTerm]) -> str:
    forms = dict.fromkeys(form for term in terms[:TERMS_MAX] for form in term.forms)
    return " OR ".join(f'"{form}"' for form in forms)
