"""The port of the knowledge index: chunks findable by words, by exact codes and by vectors.

A document is searchable by words and codes as soon as `replace_document` returns; vectors arrive later,
keyed by text hash, and are never computed twice for the same text and model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.terms import QueryTerm


@dataclass(frozen=True, slots=True)
class Filters:
    """Which chunks may be found. Empty means any; values within a field are alternatives."""

    product_models: tuple[str, ...] = ()  # a chunk that names no model fits every model
    error_codes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    doc_types: tuple[DocType, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()
    approved_only: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found by one way of searching; `score` compares only within that way."""

    chunk_id: str
    score: float
    document_id: str = ""


@dataclass(frozen=True)
class Probe:
    """One hybrid question: words language by language, whole pages by the same words, and meaning.

    Without a vector nothing is asked by meaning. `filters` restrict chunks, not pages.
    """

    words: Sequence[Sequence[QueryTerm]]
    filters: Filters
    words_limit: int
    pages_limit: int
    vectors_limit: int
    model_id: str = ""
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a probe found: hits and pages for each of its sequences of words, and the nearest chunks.

    The times are the index's own, in milliseconds.
    """

    words: Sequence[Sequence[Hit]]
    pages: Sequence[Mapping[str, float]]
    vectors: Sequence[Hit]
    words_ms: float = 0.0
    vectors_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ChunkTerms:
    """A chunk's search terms (`lexicon.stored_terms`), in their order."""

    heading: Sequence[str]  # of title and section path
    body: Sequence[str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a tenant's knowledge is ready."""

    documents: int
    chunks: int
    embedded: int  # chunks whose vector under the current model is stored


class KnowledgeIndex(Protocol):
    """Stores and finds chunks. Every call names the tenant; nothing crosses tenants."""

    def replace_document(self, document: Document, chunks: Sequence[Chunk]) -> None:
        """Make `chunks` the whole of `document`, atomically; readers see the old or the new, never a mix."""
        ...

    def remove_document(self, tenant_id: str, document_id: str) -> bool:
        """Forget a document and its chunks; False when it was not there."""
        ...

    def document(self, tenant_id: str, document_id: str) -> Document | None:
        """The document, or None."""
        ...

    def documents(self, tenant_id: str) -> Sequence[Document]:
        """All documents, by source URI."""
        ...

    def chunks(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Chunk]:
        """The chunks that exist among those asked for."""
        ...

    def terms(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, ChunkTerms]:
        """The search terms of the chunks that exist among those asked for."""
        ...

    def section(
        self, tenant_id: str, document_id: str, *, first: int = 0, last: int | None = None
    ) -> Sequence[Chunk]:
        """Chunks of one document in reading order: all, or those with ordinals `first` to `last` (inclusive)."""
        ...

    def search_words(
        self, tenant_id: str, terms: Sequence[QueryTerm], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """BM25 over stemmed words, any of `terms`."""
        ...

    def search_pages(self, tenant_id: str, terms: Sequence[QueryTerm], limit: int) -> Mapping[str, float]:
        """BM25 of the best documents as wholes, by document id: on which pages the words come together."""
        ...

    def term_frequencies(self, tenant_id: str, terms: Sequence[str]) -> Mapping[str, int]:
        """In how many of the tenant's chunks each term stands; unknown ones are left out."""
        ...

    def search_codes(
        self, tenant_id: str, codes: Sequence[str], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Chunks that define one of these error codes or part numbers, exactly.

        A code without its sub-code ("E407") stands for all of them; chunks of the code itself come first.
        """
        ...

    def chunk_count(self, tenant_id: str) -> int:
        """How many chunks the tenant has."""
        ...

    def known_codes(self, tenant_id: str) -> frozenset[str]:
        """Every error code that some chunk defines, in the spelling of `facets.spelled`."""
        ...

    def search_vectors(
        self, tenant_id: str, model_id: str, vector: Vectors, filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Nearest chunks by cosine, exact."""
        ...

    def search_hybrid(self, tenant_id: str, probe: Probe) -> Found:
        """`search_words` and `search_pages` for each language, and `search_vectors`, asked at once."""
        ...

    def vectors(self, tenant_id: str, model_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Vectors]:
        """The stored vectors of those chunks that have one."""
        ...

    def unembedded(self, model_id: str, limit: int) -> Sequence[tuple[str, str]]:
        """Up to `limit` (text hash, embedding text) pairs without a vector under `model_id`."""
        ...

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep vectors by text hash."""
        ...

    def coverage(self, tenant_id: str, model_id: str) -> Coverage:
        """How much is loaded and how much of it is embedded."""
        ...

    def embedded_shares(
        self, tenant_id: str, model_id: str, document_ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Share of each document's chunks whose vector is stored, 0..1; documents without chunks are absent."""
        ...

    def verify(self) -> Sequence[str]:
        """What is inconsistent between chunks, full text and vectors; empty when all agrees."""
        ...
