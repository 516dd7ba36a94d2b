"""Full text of one tenant: an FTS5 table of terms that Python has already stemmed.

Every tenant has a table of its own, so that neither hits nor the rarity of words cross tenants. The columns
are title, section path and body; BM25 (k1 = 1.2, b = 0.75, SQLite's constants) weighs a term by its column.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from rimedio.domain.knowledge import Chunk
from rimedio.knowledge.index.facets import Condition
from rimedio.knowledge.lexicon import stored_terms
from rimedio.knowledge.terms import QueryTerm

TITLE_WEIGHT = 1.0
SECTION_WEIGHT = 1.0
BODY_WEIGHT = 1.0
TERMS_MAX = 64  # of one question; what a ticket says beyond is repetition or a pasted log

ChunkText = tuple[int, str, str, str]


class Words:
    """The full text of the tenant numbered `tenant_no`."""

    def __init__(self, connection: sqlite3.Connection, tenant_no: int) -> None:
        self._connection = connection
        self._table = f"knowledge_words_{tenant_no:d}"
        self._vocabulary = f"knowledge_vocabulary_{tenant_no:d}"

    def create(self) -> None:
        """Make the tables of a new tenant."""
        self._connection.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._table} USING fts5("
            "title, section, body, tokenize = \"unicode61 remove_diacritics 0 tokenchars '-_./%:'\")"
        )
        self._connection.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._vocabulary} USING fts5vocab({self._table}, 'row')"
        )

    def add(self, rows: Iterable[tuple[int, Chunk]]) -> None:
        """Index chunks under their ids."""
        self._connection.executemany(
            f"INSERT INTO {self._table} (rowid, title, section, body) VALUES (?, ?, ?, ?)",  # noqa: S608
            ((number, *_columns(chunk)) for number, chunk in rows),
        )

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget chunks."""
        self._connection.executemany(
            f"DELETE FROM {self._table} WHERE rowid = ?",  # noqa: S608
            ((number,) for number in numbers),
        )

    def search(
        self, terms: Sequence[QueryTerm], restriction: Condition, limit: int
    ) -> Sequence[tuple[str, float]]:
        """(chunk id, BM25) of the best chunks that hold any term, best first."""
        match = _match(terms)
        if not match:
            return []
        score = f"bm25({self._table}, {TITLE_WEIGHT}, {SECTION_WEIGHT}, {BODY_WEIGHT})"
        if restriction.sql:
            ranked = (
                f"SELECT w.rowid AS id, {score} AS score FROM {self._table} w "  # noqa: S608
                f"JOIN knowledge_chunks c ON c.id = w.rowid WHERE {self._table} MATCH ?{restriction.sql}"
            )
        else:
            ranked = f"SELECT rowid AS id, {score} AS score FROM {self._table} WHERE {self._table} MATCH ?"  # noqa: S608
        rows = self._connection.execute(
            f"SELECT c.chunk_id, r.score FROM ({ranked} ORDER BY score, id LIMIT ?) r "  # noqa: S608
            "JOIN knowledge_chunks c ON c.id = r.id ORDER BY r.score, r.id",
            (match, *restriction.parameters, limit),
        )
        return [(row[0], -float(row[1])) for row in rows]

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
        """What FTS5's own integrity check finds wrong."""
        try:
            self._connection.execute(f"INSERT INTO {self._table} ({self._table}) VALUES ('integrity-check')")  # noqa: S608
        except sqlite3.DatabaseError as error:
            return f"The full text {self._table} is damaged ({error}). Ingest the documents again."
        return None


def _columns(chunk: Chunk) -> tuple[str, str, str]:
    texts = (chunk.source_title, " ".join(chunk.section), chunk.text)
    title, section, body = (" ".join(stored_terms(text, chunk.language)) for text in texts)
    return title, section, body


def _match(terms: Sequence[QueryTerm]) -> str:
    forms = dict.fromkeys(form for term in terms[:TERMS_MAX] for form in term.forms)
    return " OR ".join(f'"{form}"' for form in forms)
