"""Reads the published index: downloads a version when it is new, and never breaks a question under way."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rimedio.domain.clock import Clock
from rimedio.domain.errors import RimedioError, StorageFailed
from rimedio.domain.knowledge import Chunk, Document
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.port import ChunkTerms, Coverage, Filters, Found, Hit, Probe
from rimedio.knowledge.index.published import Shelf, Version, read_manifest, unpack
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.terms import QueryTerm
from rimedio.storage.database import Database

LOG = logging.getLogger(__name__)
CHECK_SECONDS = 30.0
READ_ONLY = (
    "The published index can only be read. Load documents through the ingestion function, which publishes a new "
    "version."
)


@dataclass
class _Opened:
    """A version that is open, and how many questions use it now."""

    version: Version | None  # None: nothing is published yet
    database: Database
    index: SqliteIndex
    users: int = 0
    retired: bool = False

    def close(self) -> None:
        """Close it and free its disk space."""
        self.database.close()
        if self.database.path is not None:
            self.database.path.unlink(missing_ok=True)


class PublishedIndex:
    """A `KnowledgeIndex` for reading. Looks for a newer version at most every `check_seconds`.

    Where looking or downloading fails, the version at hand goes on answering, `problem` says why, and the log too;
    only without any version the error is raised. Before anything is published it is empty.
    """

    def __init__(
        self, shelf: Shelf, folder: Path, clock: Clock, check_seconds: float = CHECK_SECONDS
    ) -> None:
        self.problem: str | None = None
        self._shelf = shelf
        self._folder = folder
        self._clock = clock
        self._check_seconds = check_seconds
        self._checked = float("-inf")
        self._opened: _Opened | None = None
        self._lock = threading.Lock()
        self._checking = threading.Lock()

    @property
    def version(self) -> int:
        """Number of the version that answers now; 0 before the first."""
        with self._lock:
            opened = self._opened
        return opened.version.number if opened and opened.version else 0

    def refresh(self) -> bool:
        """Look for a newer version now; whether there was one. Raises what the shelf raises."""
        with self._checking:
            return self._refresh()

    def close(self) -> None:
        """Close the file, as soon as no question uses it."""
        with self._lock:
            opened, self._opened = self._opened, None
        self._checked = float("-inf")
        if opened:
            self._retire(opened)

    # -- writing: refused

    def replace_document(self, document: Document, chunks: Sequence[Chunk]) -> NoReturn:
        """Raises StorageFailed."""
        raise StorageFailed(READ_ONLY)

    def remove_document(self, tenant_id: str, document_id: str) -> NoReturn:
        """Raises StorageFailed."""
        raise StorageFailed(READ_ONLY)

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> NoReturn:
        """Raises StorageFailed."""
        raise StorageFailed(READ_ONLY)

    # -- reading: the version at hand

    def document(self, tenant_id: str, document_id: str) -> Document | None:
        """The document, or None."""
        with self._using() as index:
            return index.document(tenant_id, document_id)

    def documents(self, tenant_id: str) -> Sequence[Document]:
        """All documents, by source URI."""
        with self._using() as index:
            return index.documents(tenant_id)

    def chunks(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Chunk]:
        """The chunks that exist among those asked for."""
        with self._using() as index:
            return index.chunks(tenant_id, chunk_ids)

    def terms(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, ChunkTerms]:
        """The search terms of the chunks that exist among those asked for."""
        with self._using() as index:
            return index.terms(tenant_id, chunk_ids)

    def section(
        self, tenant_id: str, document_id: str, *, first: int = 0, last: int | None = None
    ) -> Sequence[Chunk]:
        """Chunks of one document in reading order."""
        with self._using() as index:
            return index.section(tenant_id, document_id, first=first, last=last)

    def search_words(
        self, tenant_id: str, terms: Sequence[QueryTerm], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """BM25 over stemmed words, any of `terms`."""
        with self._using() as index:
            return index.search_words(tenant_id, terms, filters, limit)

    def search_pages(self, tenant_id: str, terms: Sequence[QueryTerm], limit: int) -> Mapping[str, float]:
        """BM25 of the best documents as wholes, by document id."""
        with self._using() as index:
            return index.search_pages(tenant_id, terms, limit)

    def term_frequencies(self, tenant_id: str, terms: Sequence[str]) -> Mapping[str, int]:
        """In how many of the tenant's chunks each term stands."""
        with self._using() as index:
            return index.term_frequencies(tenant_id, terms)

    def search_codes(
        self, tenant_id: str, codes: Sequence[str], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Chunks that define one of these codes or part numbers."""
        with self._using() as index:
            return index.search_codes(tenant_id, codes, filters, limit)

    def known_codes(self, tenant_id: str) -> frozenset[str]:
        """Every error code that some chunk defines."""
        with self._using() as index:
            return index.known_codes(tenant_id)

    def chunk_count(self, tenant_id: str) -> int:
        """How many chunks the tenant has."""
        with self._using() as index:
            return index.chunk_count(tenant_id)

    def search_vectors(
        self, tenant_id: str, model_id: str, vector: Vectors, filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Nearest chunks by cosine, exact."""
        with self._using() as index:
            return index.search_vectors(tenant_id, model_id, vector, filters, limit)

    def search_hybrid(self, tenant_id: str, probe: Probe) -> Found:
        """Words, pages and meaning, all of one version."""
        with self._using() as index:
            return index.search_hybrid(tenant_id, probe)

    def vectors(self, tenant_id: str, model_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The stored vectors of those chunks that have one."""
        with self._using() as index:
            return index.vectors(tenant_id, model_id, chunk_ids)

    def unembedded(self, model_id: str, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` (text hash, embedding text) pairs without a vector."""
        with self._using() as index:
            return index.unembedded(model_id, limit)

    def coverage(self, tenant_id: str, model_id: str) -> Coverage:
        """How much is loaded and how much of it is embedded."""
        with self._using() as index:
            return index.coverage(tenant_id, model_id)

    def embedded_shares(
        self, tenant_id: str, model_id: str, document_ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Share of each document's chunks whose vector is stored, 0..1."""
        with self._using() as index:
            return index.embedded_shares(tenant_id, model_id, document_ids)

    def verify(self) -> Sequence[str]:
        """What is inconsistent in the version at hand; empty when all agrees."""
        with self._using() as index:
            return index.verify()

    # -- versions

    @contextmanager
    def _using(self) -> Iterator[SqliteIndex]:
        """The index of one version, which stays open until the question is answered."""
        self._check()
        with self._lock:
            opened = self._opened
            if opened is not None:
                opened.users += 1
        if opened is None:
            raise StorageFailed("The published index was closed while it was asked. Open it again.")
        try:
            yield opened.index
        finally:
            self._release(opened)

    def _check(self) -> None:
        """Look for a newer version when it is time; one thread looks, the others go on with what there is."""
        if self._opened is not None and self._clock.monotonic() - self._checked < self._check_seconds:
            return
        if not self._checking.acquire(blocking=self._opened is None):
            return
        try:
            if self._opened is None or self._clock.monotonic() - self._checked >= self._check_seconds:
                self._refresh_or_stay()
        finally:
            self._checking.release()

    def _refresh_or_stay(self) -> None:
        try:
            self._refresh()
        except RimedioError as error:
            if self._opened is None:
                raise
            self._checked = self._clock.monotonic()  # not at every question: the shelf has trouble enough
            self.problem = f"Version {self.version} goes on answering: a newer one cannot be had. {error}"
            LOG.warning(self.problem)

    def _refresh(self) -> bool:
        found = read_manifest(self._shelf)
        at_hand = self._opened
        newest = found[0].version if found else None
        known = at_hand.version if at_hand else None
        fresh = at_hand is None or (newest is not None and (known is None or newest.sha256 != known.sha256))
        if fresh:
            self._swap(self._open(newest))
        self._checked = self._clock.monotonic()
        self.problem = None
        return fresh

    def _open(self, version: Version | None) -> _Opened:
        if version is None:
            database = Database(None)
        else:
            database = Database(unpack(self._shelf, version, self._folder), read_only=True)
        try:
            return _Opened(version, database, SqliteIndex(database))
        except BaseException:
            database.close()
            raise

    def _swap(self, fresh: _Opened) -> None:
        with self._lock:
            old, self._opened = self._opened, fresh
        if old:
            self._retire(old)

    def _retire(self, old: _Opened) -> None:
        with self._lock:
            old.retired = True
            idle = old.users == 0
        if idle:
            old.close()

    def _release(self, opened: _Opened) -> None:
        with self._lock:
            opened.users -= 1
            last = opened.retired and opened.users == 0
        if last:
            opened.close()
