"""A register of documents whose records are written at the end: first the index is published, then it is said so.

A crash in between leaves the records as they were, so the documents are read again: nothing is called indexed that
no search can find.
"""

from rimedio.storage.documents import DocumentPage, DocumentRecord, DocumentStatus, DocumentStore
from rimedio.storage.table import Table


class DeferredDocuments(DocumentStore):
    """Reads through to the table, sees its own records first, and writes them when `flush` is called."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        super().__init__(table, shards=shards)
        self._waiting: dict[tuple[str, str], DocumentRecord] = {}

    def save(self, record: DocumentRecord) -> None:
        self._waiting[record.tenant_id, record.document_id] = record

    def find(self, tenant_id: str, document_id: str) -> DocumentRecord | None:
        return self._waiting.get((tenant_id, document_id)) or super().find(tenant_id, document_id)

    def list_by_status(
        self, tenant_id: str, status: DocumentStatus, *, limit: int = 50, cursor: str | None = None
    ) -> DocumentPage:
        """Records in one status; those that wait with another one are left out."""
        found: list[DocumentRecord] = []
        while True:
            page = super().list_by_status(tenant_id, status, limit=limit, cursor=cursor)
            found += [r for r in page.records if self._status(r) is status]
            cursor = page.cursor
            if cursor is None or len(found) >= limit:
                return DocumentPage(tuple(found), cursor)

    def _status(self, record: DocumentRecord) -> DocumentStatus:
        return self._waiting.get((record.tenant_id, record.document_id), record).status

    def flush(self) -> int:
        """Write what waits; how many records. Raises StorageFailed; what is not written yet still waits."""
        done = 0
        for place, record in list(self._waiting.items()):
            super().save(record)
            del self._waiting[place]
            done += 1
        return done
