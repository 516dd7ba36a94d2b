"""What Rimedio knows, for people: find passages, list documents, forget one."""

from collections.abc import Callable
from dataclasses import dataclass

from rimedio.domain.errors import NotFound
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.index.port import Filters
from rimedio.knowledge.ingest import Ingestor
from rimedio.knowledge.search import Search, SearchQuery, SearchResult
from rimedio.storage.documents import DocumentRecord, DocumentStatus, DocumentStore
from rimedio.storage.objects import ObjectStore
from rimedio.tickets.ask_question import models_named
from rimedio.tickets.load_document import forget_original


@dataclass(frozen=True, slots=True)
class Library:
    """The use cases behind `rimedio kb`; listing and forgetting need no search, nor its model."""

    search: Callable[[], Search]
    documents: DocumentStore
    objects: ObjectStore
    ingestor: Callable[[], Ingestor]
    taxonomy: Taxonomy

    def find(self, tenant_id: str, text: str, *, model: str | None = None, limit: int = 5) -> SearchResult:
        """Passages for a question. Raises InvalidInput when it is empty."""
        models = (model,) if model else models_named(text, self.taxonomy)
        return self.search().search(
            SearchQuery(tenant_id, text, filters=Filters(product_models=models), limit=limit)
        )

    def records(
        self, tenant_id: str, status: DocumentStatus | None, limit: int
    ) -> tuple[DocumentRecord, ...]:
        """Up to `limit` sources, loaded and refused, or of one status."""
        if status is None:
            return self.documents.list_all(tenant_id, limit=limit).records
        return self.documents.list_by_status(tenant_id, status, limit=limit).records

    def forget(self, tenant_id: str, wanted: str) -> str:
        """Remove a document by its id or source, with the original that was sent; its source. Raises NotFound."""
        record = self.documents.find(tenant_id, wanted)
        if record is None:
            named = self.documents.by_source(tenant_id, wanted)
            if not named:
                raise NotFound(f"No document is called {wanted}. `rimedio kb list` prints ids and sources.")
            record = named[0]
        self.ingestor().remove(tenant_id, record.document_id)
        forget_original(self.objects, record)
        return record.source_uri
