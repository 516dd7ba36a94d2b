"""Small documents for tests of indexes, and what readers see of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.knowledge.index.port import Filters, KnowledgeIndex
from rimedio.knowledge.lexicon import asked_terms

TENANT = "acme"


def a_document(name: str = "manual", tenant: str = TENANT) -> Document:
    """A manual of that name."""
    return Document(
        name,
        tenant,
        f"file:///{name}.md",
        "Manual",
        DocType.MANUAL,
        "0",
        "en",
        datetime(2026, 1, 1, tzinfo=UTC),
    )


def chunks_of(of: Document, texts: Sequence[str]) -> list[Chunk]:
    """A chunk for each text."""
    return [
        Chunk(
            f"{of.document_id}-{i}", of.document_id, of.tenant_id, i, text, of.source_uri, of.title,
            of.doc_type, of.language,
        )
        for i, text in enumerate(texts)
    ]  # fmt: skip


def load(index: KnowledgeIndex, name: str, *texts: str, tenant: str = TENANT) -> None:
    """Replace a document by one of these texts."""
    of = a_document(name, tenant)
    index.replace_document(of, chunks_of(of, texts))


def texts_found(index: KnowledgeIndex, word: str, tenant: str = TENANT) -> list[str]:
    """Ids of the chunks that hold a word."""
    hits = index.search_words(tenant, asked_terms(word, "en"), Filters(), 100)
    return sorted(hit.chunk_id for hit in hits)


def texts_of(index: KnowledgeIndex, name: str = "manual", tenant: str = TENANT) -> list[str]:
    """A document's texts in their order."""
    return [chunk.text for chunk in index.section(tenant, name)]
