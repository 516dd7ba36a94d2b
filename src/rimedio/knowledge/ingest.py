"""Ingestion: files become documents and chunks in the index, searchable by words and codes at once.

An unchanged file costs a look at its hash; a changed one is replaced atomically; a file that cannot be
read is recorded with its reason. Documents are written in batches, one transaction each: an interruption
loses at most the batch at hand and leaves nothing half-written. Vectors follow in `backfill`.
"""

import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed, InvalidDocument, NotFound
from rimedio.domain.knowledge import Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking import CountTokens, Strategy, StructureAware, estimate_tokens
from rimedio.knowledge.extract import Limits
from rimedio.knowledge.index.port import KnowledgeIndex
from rimedio.knowledge.preparation import Given, Prepared, RawFile, Recipe, Refused, document_id, prepare
from rimedio.knowledge.sources import Source, content_hash, root_of, sources
from rimedio.storage.documents import DocumentPage, DocumentRecord, DocumentStatus

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

BATCH_FILES = 32
BATCH_BYTES = 1_000_000
POOL_BYTES_MIN = 1_500_000  # starting processes costs a second: below this one process is faster
LEDGER_PAGE = 500
RECIPE = "recipe"
STAMP = "stamp"


class DocumentLedger(Protocol):
    """The register of sources, as storage keeps it."""

    def save(self, record: DocumentRecord) -> None:
        """Write a record; the same id replaces."""
        ...

    def find(self, tenant_id: str, document_id: str) -> DocumentRecord | None:
        """The record, or None."""
        ...

    def remove(self, tenant_id: str, document_id: str) -> DocumentRecord:
        """Take a record away and return it. Raises NotFound."""
        ...

    def list_all(
        self, tenant_id: str, *, below: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> DocumentPage:
        """Records by source; `below` keeps those whose source begins with it."""
        ...


class Outcome(StrEnum):
    """What ingestion did with a file."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class Progress:
    """One file done. `files` and `bytes` count all files done so far, `total` the files there are."""

    source_uri: str
    outcome: Outcome
    files: int
    bytes: int
    total: int
    reason: str | None = None


@dataclass(slots=True)
class IngestReport:
    """What a run did. `refused` holds (source URI, reason) pairs."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    chunks: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def files(self) -> int:
        """Files looked at."""
        return self.added + self.changed + self.unchanged + len(self.refused)


ProgressCallback = Callable[[Progress], None]
Transaction = Callable[[], AbstractContextManager[object]]


class Ingestor:
    """Loads files into the index and keeps the register of sources.

    `transaction` makes the index's and the ledger's writes of a batch one; with a database that both share,
    pass its `transaction`. `workers` above 1 reads files in that many processes when there is enough to read.
    """

    def __init__(
        self,
        index: KnowledgeIndex,
        ledger: DocumentLedger,
        *,
        taxonomy: Taxonomy,
        clock: Clock,
        strategy: Strategy | None = None,
        count_tokens: CountTokens = estimate_tokens,
        limits: Limits | None = None,
        transaction: Transaction = nullcontext,
        workers: int = 1,
    ) -> None:
        self._index = index
        self._ledger = ledger
        self._clock = clock
        self._recipe = Recipe(taxonomy, strategy or StructureAware(), count_tokens, limits or Limits())
        self._transaction = transaction
        self._workers = max(1, workers)

    def ingest(
        self,
        paths: Sequence[Path],
        tenant_id: str,
        *,
        remove_vanished: bool = False,
        progress: ProgressCallback | None = None,
    ) -> IngestReport:
        """Load everything at and below `paths`; with `remove_vanished`, forget what is no longer there.

        Raises NotFound for a missing path and StorageFailed errors; a file at fault is recorded, not raised.
        """
        total = sum(1 for _ in sources(paths, self._recipe.limits)) if progress else 0
        run = _Run(self, tenant_id, progress, total)
        with _Pool(self._recipe, self._workers) as pool:
            for prepared in pool.prepared(run.changed(sources(paths, self._recipe.limits))):
                run.store(prepared)
        if remove_vanished:
            run.remove_vanished(paths)
        return run.report

    def ingest_bytes(
        self,
        data: bytes,
        name: str,
        tenant_id: str,
        *,
        source_uri: str,
        modified: datetime | None = None,
        given: Given | None = None,
        attributes: Mapping[str, str] | None = None,
        queued: DocumentRecord | None = None,
    ) -> Document:
        """Load one file that is in memory, such as an upload; `attributes` are kept with it.

        `queued` is the record that asked for it. Raises ConditionFailed, and writes nothing, when the register
        holds another one by then (a newer version was sent, or the document was removed, while this one was
        read); InvalidDocument, after recording why.
        """
        found = self._ledger.find(tenant_id, document_id(tenant_id, source_uri))
        kept = {**(attributes or {}), RECIPE: self._recipe.fingerprint}
        when = modified or self._clock.now()
        file = RawFile(tenant_id, source_uri, name, data, when, kept, found is not None, given or Given())
        prepared = prepare(file, self._recipe)
        with self._transaction():
            if queued is not None and self._ledger.find(tenant_id, queued.document_id) != queued:
                msg = f"{source_uri} was replaced or removed while it was read. Read what is queued now."
                raise ConditionFailed(msg)
            self.write(prepared, tenant_id)
        if isinstance(prepared, Refused):
            raise InvalidDocument(prepared.reason)
        return prepared.document

    def remove(self, tenant_id: str, identifier: str) -> None:
        """Forget a document, its chunks and its record. Raises NotFound."""
        with self._transaction():
            in_index = self._index.remove_document(tenant_id, identifier)
            try:
                self._ledger.remove(tenant_id, identifier)
            except NotFound:
                if not in_index:
                    raise

    def is_unchanged(
        self, record: DocumentRecord | None, *, digest: str = "", stamp: str | None = None
    ) -> bool:
        """Whether a source was loaded from these very bytes in this very way."""
        if record is None or record.status is not DocumentStatus.INDEXED:
            return False
        if record.attributes.get(RECIPE) != self._recipe.fingerprint:
            return False
        return (stamp is not None and record.attributes.get(STAMP) == stamp) or record.content_hash == digest

    def find(self, tenant_id: str, uri: str) -> DocumentRecord | None:
        """The record of a source."""
        return self._ledger.find(tenant_id, document_id(tenant_id, uri))

    def attributes(self, source: Source) -> dict[str, str]:
        """What is kept with a document to know it again."""
        return {RECIPE: self._recipe.fingerprint, **({STAMP: source.stamp} if source.stamp else {})}

    def write(self, prepared: Prepared | Refused, tenant_id: str) -> None:
        """Store a document and its record, or the record of a refusal; the caller holds the transaction."""
        if isinstance(prepared, Refused):
            self._index.remove_document(tenant_id, prepared.document_id)
        else:
            self._index.replace_document(prepared.document, prepared.chunks)
        self._ledger.save(_record(prepared, tenant_id, self._clock.now()))

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction over index and ledger."""
        return self._transaction()

    def records_below(self, tenant_id: str, root: str) -> Iterator[DocumentRecord]:
        """Records of the sources at or below `root`."""
        cursor: str | None = None
        while True:
            page = self._ledger.list_all(tenant_id, below=root, limit=LEDGER_PAGE, cursor=cursor)
            yield from page.records
            cursor = page.cursor
            if cursor is None:
                return


class _Run:
    """One call of `ingest`."""

    def __init__(
        self, ingestor: Ingestor, tenant_id: str, progress: ProgressCallback | None, total: int
    ) -> None:
        self.report = IngestReport()
        self._ingestor = ingestor
        self._tenant = tenant_id
        self._progress = progress
        self._total = total
        self._seen: set[str] = set()
        self._bytes = 0
        self._sizes: dict[str, int] = {}

    def changed(self, found: Iterator[Source]) -> Iterator[RawFile | Refused]:
        """Files that are new or changed; the others are counted and passed over."""
        for source in found:
            if source.uri in self._seen:
                continue
            self._seen.add(source.uri)
            self._sizes[source.uri] = source.size
            record = self._ingestor.find(self._tenant, source.uri)
            if source.stamp and self._ingestor.is_unchanged(record, stamp=source.stamp):
                self._count(source.uri, Outcome.UNCHANGED)
                continue
            try:
                data = source.read()
            except InvalidDocument as error:
                identifier = document_id(self._tenant, source.uri)
                yield Refused(identifier, source.uri, source.name, "", str(error))
                continue
            if self._ingestor.is_unchanged(record, digest=content_hash(data)):
                self._count(source.uri, Outcome.UNCHANGED)
                continue
            replaces = record is not None and record.status is DocumentStatus.INDEXED
            attributes = self._ingestor.attributes(source)
            yield RawFile(self._tenant, source.uri, source.name, data, source.modified, attributes, replaces)

    def store(self, batch: Sequence[Prepared | Refused]) -> None:
        """Write a batch, all or nothing, then report it."""
        with self._ingestor.transaction():
            for prepared in batch:
                self._ingestor.write(prepared, self._tenant)
        for prepared in batch:
            if isinstance(prepared, Refused):
                self._count(prepared.source_uri, Outcome.REFUSED, prepared.reason)
            else:
                self.report.chunks += len(prepared.chunks)
                outcome = Outcome.CHANGED if prepared.replaces else Outcome.ADDED
                self._count(prepared.document.source_uri, outcome)

    def remove_vanished(self, paths: Sequence[Path]) -> None:
        """Forget the sources below `paths` that were not met."""
        for path in paths:
            gone = [
                record
                for record in self._ingestor.records_below(self._tenant, root_of(path))
                if record.source_uri not in self._seen
            ]
            for record in gone:
                self._ingestor.remove(self._tenant, record.document_id)
                self._count(record.source_uri, Outcome.REMOVED)

    def _count(self, uri: str, outcome: Outcome, reason: str | None = None) -> None:
        report = self.report
        if outcome is Outcome.REFUSED:
            report.refused.append((uri, reason or ""))
        elif outcome is Outcome.ADDED:
            report.added += 1
        elif outcome is Outcome.CHANGED:
            report.changed += 1
        elif outcome is Outcome.REMOVED:
            report.removed += 1
        else:
            report.unchanged += 1
        self._bytes += self._sizes.pop(uri, 0)
        if self._progress:
            total = max(self._total, report.files)
            self._progress(Progress(uri, outcome, report.files, self._bytes, total, reason))


class _Pool:
    """Prepares files in batches: here while there is little to do, in other processes when there is much."""

    def __init__(self, recipe: Recipe, workers: int) -> None:
        self._recipe = recipe
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def prepared(self, files: Iterator[RawFile | Refused]) -> Iterator[Sequence[Prepared | Refused]]:
        """Batches in the order of the files; at most two batches a worker wait in memory."""
        waiting: deque[Future[list[Prepared | Refused]]] = deque()
        spent = 0
        for batch in _batches(files):
            size = sum(len(file.data) for file in batch if isinstance(file, RawFile))
            spent += size
            if self._workers == 1 or spent < POOL_BYTES_MIN:
                yield _prepare_all(batch, self._recipe)
                continue
            waiting.append(self._processes().submit(_prepare_all, batch, self._recipe))
            if len(waiting) >= 2 * self._workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _processes(self) -> "ProcessPoolExecutor":
        if self._executor is None:
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context

            # Started afresh, not forked: this process may hold threads and database connections.
            self._executor = ProcessPoolExecutor(
                self._workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent
            )
        return self._executor


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _prepare_all(batch: Sequence[RawFile | Refused], recipe: Recipe) -> list[Prepared | Refused]:
    return [file if isinstance(file, Refused) else prepare(file, recipe) for file in batch]


def _batches(files: Iterator[RawFile | Refused]) -> Iterator[list[RawFile | Refused]]:
    batch: list[RawFile | Refused] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.data) if isinstance(file, RawFile) else 0
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _record(prepared: Prepared | Refused, tenant_id: str, now: datetime) -> DocumentRecord:
    if isinstance(prepared, Refused):
        return DocumentRecord(
            document_id=prepared.document_id,
            tenant_id=tenant_id,
            source_uri=prepared.source_uri,
            title=prepared.title,
            status=DocumentStatus.REFUSED,
            content_hash=prepared.content_hash,
            updated_at=now,
            reason=prepared.reason,
        )
    document = prepared.document
    return DocumentRecord(
        document_id=document.document_id,
        tenant_id=tenant_id,
        source_uri=document.source_uri,
        title=document.title,
        status=DocumentStatus.INDEXED,
        content_hash=document.content_hash,
        updated_at=now,
        doc_type=document.doc_type,
        language=document.language,
        version=document.version,
        pages=document.pages,
        chunks=len(prepared.chunks),
        attributes=dict(document.attributes),
    )
