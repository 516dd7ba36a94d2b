"""Knowledge bases under `kb/`, loaded by the product's own ingestion, with vectors out of the cache."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks._vectors import CachedEmbedder
from rimedio.domain.clock import SystemClock
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor
from rimedio.knowledge.search import Search
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStore
from rimedio.storage.sqlite_table import SqliteTable

TENANT = "bench"
WORKERS = 2
EMBEDDED_AT_ONCE = 2_048


@dataclass(frozen=True)
class KnowledgeBase:
    """A loaded set: its index, and search over it."""

    index: SqliteIndex
    search: Search
    embedder: CachedEmbedder


def load(path: Path, embedder: CachedEmbedder, folder: Path) -> KnowledgeBase:
    """Ingest a folder, file or archive into a database in `folder`; embed what is not cached."""
    taxonomy, clock = Taxonomy.default(), SystemClock()
    database = Database(folder / f"{path.name}.sqlite3")
    index = SqliteIndex(database)
    ledger = DocumentStore(SqliteTable(database, clock))
    ingestor = Ingestor(
        index, ledger, taxonomy=taxonomy, clock=clock, transaction=database.transaction, workers=WORKERS
    )
    ingestor.ingest([path], TENANT)
    while waiting := index.unembedded(embedder.model_id, EMBEDDED_AT_ONCE):
        vectors = embedder.embed_passages([text for _, text in waiting])
        keys = [key for key, _ in waiting]
        index.store_vectors(embedder.model_id, dict(zip(keys, vectors, strict=True)))
    return KnowledgeBase(index, Search(index, embedder, taxonomy), embedder)
