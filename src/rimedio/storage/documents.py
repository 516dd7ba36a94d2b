"""The register of sources: every document that was loaded, is being loaded, or was refused and why."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rimedio.domain.errors import ConditionFailed, NotFound
from rimedio.domain.knowledge import DocType
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import Exists
from rimedio.storage.fanout import query_shards
from rimedio.storage.keys import escaped, shard_of, stamp
from rimedio.storage.table import SortBetween, Table


class DocumentStatus(StrEnum):
    """How far a source has come."""

    PROCESSING = "PROCESSING"
    INDEXED = "INDEXED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What is known about one source.

    `reason` says why it was refused; `content_hash` is SHA-256 of its bytes.
    """

    document_id: str
    tenant_id: str
    source_uri: str
    title: str
    status: DocumentStatus
    content_hash: str
    updated_at: datetime
    reason: str | None = None
    doc_type: DocType | None = None
    language: str | None = None
    version: str | None = None
    pages: int | None = None
    chunks: int = 0
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """Some records of a list, and the cursor of the next page; None at the end."""

    records: tuple[DocumentRecord, ...]
    cursor: str | None = None


class DocumentStore:
    """Keeps the register. Every method may raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards

    def save(self, record: DocumentRecord) -> None:
        """Write a record; the same id replaces."""
        item = to_attributes(record) | keys.DOCUMENT.attributes(
            tenant=record.tenant_id,
            document=record.document_id,
            status=record.status.value,
            updated=stamp(record.updated_at),
            source=record.source_uri,
            shard=shard_of(record.document_id, self._shards),
        )
        self._table.put(item)

    def find(self, tenant_id: str, document_id: str) -> DocumentRecord | None:
        """The record, or None."""
        item = self._table.get(keys.DOCUMENT.key(tenant=tenant_id, document=document_id))
        return None if item is None else from_item(DocumentRecord, item)

    def get(self, tenant_id: str, document_id: str) -> DocumentRecord:
        """The record. Raises NotFound."""
        found = self.find(tenant_id, document_id)
        if found is None:
            raise _absent(document_id)
        return found

    def remove(self, tenant_id: str, document_id: str) -> DocumentRecord:
        """Take a record away and return it. Raises NotFound."""
        found = self.get(tenant_id, document_id)
        try:
            self._table.delete(keys.DOCUMENT.key(tenant=tenant_id, document=document_id), Exists("pk"))
        except ConditionFailed:  # somebody else removes it too, and was quicker
            raise _absent(document_id) from None
        return found

    def by_source(self, tenant_id: str, source_uri: str) -> tuple[DocumentRecord, ...]:
        """Records of exactly this source."""
        queries = [
            keys.DOCUMENTS_BY_SOURCE.query(tenant=tenant_id, shard=shard, source=source_uri)
            for shard in range(self._shards)
        ]
        pages = [self._table.query(query) for query in queries]
        found = (from_item(DocumentRecord, item) for page in pages for item in page.items)
        return tuple(record for record in found if record.source_uri == source_uri)

    def list_all(
        self, tenant_id: str, *, below: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> DocumentPage:
        """Records by source; `below` keeps those whose source begins with it, such as a folder."""
        sort = None if not below else SortBetween(escaped(below), escaped(below) + "\U0010ffff")
        queries = [
            keys.DOCUMENTS_BY_SOURCE.query(
                sort=sort, limit=limit, cursor=cursor, tenant=tenant_id, shard=shard
            )
            for shard in range(self._shards)
        ]
        page = query_shards(self._table, queries)
        return DocumentPage(tuple(from_item(DocumentRecord, item) for item in page.items), page.cursor)

    def list_by_status(
        self, tenant_id: str, status: DocumentStatus, *, limit: int = 50, cursor: str | None = None
    ) -> DocumentPage:
        """Records in one status, the latest change first."""
        queries = [
            keys.DOCUMENTS_BY_STATUS.query(
                reverse=True, limit=limit, cursor=cursor, tenant=tenant_id, status=status.value, shard=shard
            )
            for shard in range(self._shards)
        ]
        page = query_shards(self._table, queries)
        return DocumentPage(tuple(from_item(DocumentRecord, item) for item in page.items), page.cursor)


def _absent(document_id: str) -> NotFound:
    return NotFound(f"There is no document {document_id}. List the documents to see their ids.")
