"""Documents for the service, put together: originals, pages as pictures, loading in the background."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from rimedio.domain.errors import ModelUnavailable
from rimedio.knowledge.index.port import Coverage
from rimedio.tickets.find_passages import FindPassages
from rimedio.tickets.list_documents import ListDocuments
from rimedio.tickets.load_document import LoadDocument, ReadDocuments
from rimedio.tickets.show_passage import Originals, ShowPage, ShowPassage

if TYPE_CHECKING:
    from rimedio.bootstrap.system import Rimedio

READ_IDLE_SECONDS = 1.0
EMBED_IDLE_SECONDS = 2.0
NO_MODEL = "none"
EMBED_BATCH = 16  # texts a turn: about a second of work, so that the process can stop


class Documents:
    """What shows the manuals to people."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system

    @cached_property
    def load(self) -> LoadDocument:
        """Use case: take in a document."""
        system = self._system
        return LoadDocument(
            system.documents,
            system.objects,
            system.tenants,
            system.clock,
            system.ids,
            system.settings.document_bytes_max,
        )

    @cached_property
    def list(self) -> ListDocuments:
        """Use case: the register, filtered."""
        return ListDocuments(self._system.documents)

    @cached_property
    def find(self) -> FindPassages:
        """Use case: passages for a question."""
        system = self._system
        find = FindPassages(lambda: system.search, system.taxonomy)
        return find if system.read_only else replace(find, on_found=system.learning.note_search)

    @property
    def embedding_model(self) -> str:
        """Name of the embedding model that search uses; `none` where there is none."""
        try:
            embedder = self._system.embedder
        except ModelUnavailable:
            return NO_MODEL
        return embedder.model_id if embedder else NO_MODEL

    def embedded(self, tenant_id: str, document_ids: Sequence[str]) -> Mapping[str, float]:
        """Share of each document's chunks that have their vector, 0..1; documents without chunks are absent."""
        return self._system.index.embedded_shares(tenant_id, self.embedding_model, document_ids)

    def coverage(self, tenant_id: str) -> tuple[Coverage, str]:
        """How much of a tenant's knowledge is loaded and embedded, and by which model."""
        model = self.embedding_model
        return self._system.index.coverage(tenant_id, model), model

    @cached_property
    def originals(self) -> Originals:
        """Use case: the file a document was read from."""
        return Originals(self._system.documents, self._system.objects)

    @cached_property
    def show_page(self) -> ShowPage:
        """Use case: a page as a picture."""
        return ShowPage(self.originals)

    @cached_property
    def show_passage(self) -> ShowPassage:
        """Use case: a passage where it stands."""
        return ShowPassage(lambda: self._system.index, self._system.documents, self.originals)

    @cached_property
    def reading(self) -> ReadDocuments:
        """What reads queued documents."""
        system = self._system
        return ReadDocuments(system.documents, system.objects, system.tenants, lambda: system.ingestor)

    def embed_some(self) -> int:
        """Make some of the missing vectors; how many. Raises ModelUnavailable."""
        if self._system.embedder is None:
            return 0
        return self._system.backfill.run(limit=EMBED_BATCH).embedded

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What the service runs in the background: name, and work with its idle seconds."""
        return {
            "read documents": (self.reading.run_once, READ_IDLE_SECONDS),
            "make vectors": (self.embed_some, EMBED_IDLE_SECONDS),
        }
