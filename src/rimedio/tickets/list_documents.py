"""List the register of sources: by status, by words of the title or source, page by page."""

from dataclasses import dataclass

from rimedio.domain.source_names import shown_source
from rimedio.storage.documents import DocumentPage, DocumentRecord, DocumentStatus, DocumentStore

SCAN_PAGES_MAX = 20  # pages read to fill one filtered page; then the cursor goes out with what was found


@dataclass(frozen=True, slots=True)
class ListDocuments:
    """The use case behind `GET /v1/kb/documents`."""

    documents: DocumentStore

    def __call__(
        self,
        tenant_id: str,
        *,
        status: DocumentStatus | None = None,
        words: str = "",
        limit: int = 25,
        cursor: str | None = None,
    ) -> DocumentPage:
        """A page of records; with `words`, those whose title or source (as people see it) has them all.

        May hold fewer than `limit` and still have a cursor.
        """
        wanted = words.casefold().split()
        if not wanted:
            return self._page(tenant_id, status, limit, cursor)
        kept: list[DocumentRecord] = []
        for _ in range(SCAN_PAGES_MAX):
            # Never more than fits: the page's cursor then stands right behind the last record looked at.
            page = self._page(tenant_id, status, limit - len(kept), cursor)
            kept += [record for record in page.records if _has(record, wanted)]
            cursor = page.cursor
            if cursor is None or len(kept) >= limit:
                break
        return DocumentPage(tuple(kept), cursor)

    def _page(
        self, tenant_id: str, status: DocumentStatus | None, limit: int, cursor: str | None
    ) -> DocumentPage:
        if status is None:
            return self.documents.list_all(tenant_id, limit=limit, cursor=cursor)
        return self.documents.list_by_status(tenant_id, status, limit=limit, cursor=cursor)


def _has(record: DocumentRecord, wanted: list[str]) -> bool:
    text = f"{record.title} {shown_source(record.source_uri)}".casefold()
    return all(word in text for word in wanted)
