"""What Rimedio knows: documents, the chunks they are cut into, and chunks as found for a question."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DocType(StrEnum):
    """Kind of source, in the words of the API."""

    MANUAL = "MANUAL"
    BULLETIN = "BULLETIN"
    FAQ = "FAQ"
    SOP = "SOP"
    WIKI = "WIKI"


class ReviewStatus(StrEnum):
    """Whether a person has approved the text for answers."""

    APPROVED = "APPROVED"
    DRAFT = "DRAFT"


@dataclass(frozen=True, slots=True)
class Document:
    """A source as it was loaded. `content_hash` is SHA-256 of its bytes: equal hash, nothing to do."""

    document_id: str
    tenant_id: str
    source_uri: str
    title: str
    doc_type: DocType
    content_hash: str
    language: str  # ISO 639-1: "it", "en"
    updated_at: datetime
    pages: int | None = None
    version: str | None = None
    review_status: ReviewStatus = ReviewStatus.APPROVED
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document, small enough to quote. `text` is literally in the source, whitespace aside."""

    chunk_id: str
    document_id: str
    tenant_id: str
    ordinal: int  # position in the document, from 0
    text: str
    source_uri: str
    source_title: str
    doc_type: DocType
    language: str
    section: tuple[str, ...] = ()  # headings from the outermost to the nearest
    page: int | None = None  # first page the text stands on, from 1
    page_end: int | None = None
    tokens: int = 0
    product_models: tuple[str, ...] = ()
    error_codes: tuple[str, ...] = ()  # codes this chunk *defines*, canonical: "E029", "042", "E407/01"
    mentioned_codes: tuple[str, ...] = ()  # other codes that its text names
    part_numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    version: str | None = None
    updated_at: datetime | None = None
    review_status: ReviewStatus = ReviewStatus.APPROVED

    @property
    def text_hash(self) -> str:
        """SHA-256 of what is embedded, the key under which its vector is kept."""
        return hash_text(self.embedding_text)

    @property
    def embedding_text(self) -> str:
        """What the embedder and the full-text index see: title and section path, then the text."""
        heading = " > ".join((self.source_title, *self.section))
        return f"{heading}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Signals:
    """Why a chunk was found. Scores of different kinds are never added; ranks start at 1."""

    bm25: float | None = None
    bm25_rank: int | None = None
    cosine: float | None = None
    vector_rank: int | None = None
    code_match: bool = False  # the chunk defines an error code or part number that the query names
    term_coverage: float = 0.0  # share of the query's distinct content terms found in the chunk, 0..1
    known_terms: float = 0.0  # share of the query's content terms that the index knows at all, 0..1


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as found for a question, best rank first. `score` orders passages, nothing more."""

    chunk: Chunk
    rank: int
    score: float
    signals: Signals


def hash_text(text: str) -> str:
    """SHA-256 of the UTF-8 text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
