"""Whether chunks, full text, codes and vectors agree."""

import sqlite3
from collections.abc import Iterator, Sequence

from rimedio.knowledge.index.words import Words

FLOAT_BYTES = 4
AGAIN = "Ingest the documents again."
_ORPHANS = {
    "chunks without a document": """
        SELECT count(*) FROM knowledge_chunks c WHERE NOT EXISTS (SELECT 1 FROM knowledge_documents d
        WHERE d.tenant_no = c.tenant_no AND d.document_id = c.document_id)""",
    "codes or tags of chunks that are gone": """
        SELECT count(*) FROM knowledge_facets WHERE chunk NOT IN (SELECT id FROM knowledge_chunks)""",
    "vectors of texts that are gone": """
        SELECT count(*) FROM knowledge_vectors v WHERE NOT EXISTS
        (SELECT 1 FROM knowledge_chunks c WHERE c.text_hash = v.text_hash)""",
}


def verify(connection: sqlite3.Connection) -> Sequence[str]:
    """One sentence for each inconsistency; empty when there is none. Raises sqlite3.Error."""
    return [*_tenants(connection), *_orphans(connection), *_vectors(connection)]


def _tenants(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute("SELECT tenant_no, tenant_id FROM knowledge_tenants").fetchall():
        words = Words(connection, row["tenant_no"])
        if damage := words.check():
            yield damage
            continue
        stored = connection.execute(
            "SELECT id FROM knowledge_chunks WHERE tenant_no = ?", (row["tenant_no"],)
        )
        chunks, indexed = {int(r[0]) for r in stored}, words.numbers()
        if chunks - indexed:
            yield f"{len(chunks - indexed)} chunks of {row['tenant_id']} are not in the full text. {AGAIN}"
        if indexed - chunks:
            gone = len(indexed - chunks)
            yield f"The full text of {row['tenant_id']} holds {gone} chunks that are gone. {AGAIN}"


def _orphans(connection: sqlite3.Connection) -> Iterator[str]:
    for what, query in _ORPHANS.items():
        count = connection.execute(query).fetchone()[0]
        if count:
            yield f"The index holds {count} {what}. {AGAIN}"


def _vectors(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT model_id, min(length(vector)) AS least, max(length(vector)) AS most "
        "FROM knowledge_vectors GROUP BY model_id"
    )
    for row in rows:
        if row["least"] != row["most"] or row["least"] % FLOAT_BYTES or not row["least"]:
            lengths = f"{row['least']} to {row['most']} bytes"
            yield f"Vectors of {row['model_id']} differ in length ({lengths}). {AGAIN}"
