"""Documents and chunks as OpenSearch stores them, and back."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rimedio.domain import codec
from rimedio.domain.knowledge import Chunk, Document
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.facets import facets, is_approved
from rimedio.knowledge.index.opensearch_client import Json
from rimedio.knowledge.index.opensearch_mapping import vector_field
from rimedio.knowledge.index.opensearch_queries import CHUNK, PAGE, PAGE_TITLE_WEIGHT
from rimedio.knowledge.index.opensearch_state import tenant_mark
from rimedio.knowledge.index.port import ChunkTerms
from rimedio.knowledge.index.words import columns

FLOAT32 = np.dtype("<f4")
Stored = Mapping[str, Mapping[str, Vectors]]  # vectors by text hash, by model


@dataclass(frozen=True, slots=True)
class Edition:
    """One document as one load brings it; `first` numbers its page, then its chunks."""

    name: str
    batch: str
    document: Document
    chunks: Sequence[Chunk]
    first: int


def sources(edition: Edition, vectors: Stored) -> Iterator[tuple[str, Json]]:
    """(id, source) of the document's page and of each of its chunks, with the vectors already known."""
    titles: list[str] = []
    bodies: list[str] = []
    mark = tenant_mark(edition.document.tenant_id)
    for place, chunk in enumerate(edition.chunks):
        title, section, body = (_marked(mark, column) for column in columns(chunk))
        titles.append(title)
        bodies.append(body)
        source = _chunk(edition, chunk, edition.first + 1 + place)
        heading = f"{title} {section}".strip()
        source |= {"heading": heading, "body": body, "length": len(heading.split()) + len(body.split())}
        for model, by_hash in vectors.items():
            if chunk.text_hash in by_hash:
                source[vector_field(model)] = by_hash[chunk.text_hash]
        yield f"{edition.name}.{place}", source
    yield edition.name, _page(edition, titles[0] if titles else "", " ".join(bodies))


def document_of(source: Json) -> Document:
    """The document of a page."""
    return codec.loads(Document, source["record"]["json"])


def chunk_of(source: Json) -> Chunk:
    """The chunk itself."""
    return codec.loads(Chunk, source["record"]["json"])


def terms_of(source: Json) -> ChunkTerms:
    """The chunk's search terms, without the tenant's mark."""
    return ChunkTerms(_unmarked(source["heading"]), _unmarked(source["body"]))


def packed(vector: Vectors) -> str:
    """A vector as text, each bit kept."""
    return base64.b64encode(np.ascontiguousarray(vector, FLOAT32).tobytes()).decode()


def unpacked(text: str) -> Vectors:
    """The vector again."""
    return np.frombuffer(base64.b64decode(text), FLOAT32)


def _chunk(edition: Edition, chunk: Chunk, number: int) -> Json:
    found: dict[str, list[str]] = {}
    for kind, value in facets(chunk):
        found.setdefault(kind, []).append(value)
    return {
        "kind": CHUNK,
        "tenant": chunk.tenant_id,
        "document_id": chunk.document_id,
        "chunk_id": chunk.chunk_id,
        "edition": edition.name,
        "batch": edition.batch,
        "text_hash": chunk.text_hash,
        "language": chunk.language,
        "doc_type": str(chunk.doc_type),
        "source_uri": chunk.source_uri,
        "approved": is_approved(chunk),
        "ordinal": chunk.ordinal,
        "number": number,
        "text": chunk.text,
        "record": {"json": codec.dumps(chunk)},
        **found,
    }


def _page(edition: Edition, title: str, body: str) -> Json:
    document = edition.document
    return {
        "kind": PAGE,
        "tenant": document.tenant_id,
        "document_id": document.document_id,
        "edition": edition.name,
        "batch": edition.batch,
        "source_uri": document.source_uri,
        "number": edition.first,
        "length": len(title.split()) + len(body.split()),
        "chunk_count": len(edition.chunks),
        "page_words": " ".join([*[title] * PAGE_TITLE_WEIGHT, body]).strip(),
        "record": {"json": codec.dumps(document)},
    }


def _marked(mark: str, terms: str) -> str:
    return " ".join(f"{mark}/{term}" for term in terms.split())


def _unmarked(terms: str) -> list[str]:
    return [term.partition("/")[2] for term in terms.split()]
