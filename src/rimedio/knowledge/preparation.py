"""One file's way from bytes to chunks: pure work without storage, so that other processes can do it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rimedio.domain.errors import InvalidInput
from rimedio.domain.knowledge import Chunk, DocType, Document, ReviewStatus
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking import CountTokens, Strategy, chunk_document
from rimedio.knowledge.extract import Extracted, Limits, extract
from rimedio.knowledge.metadata import Facts, facts_of
from rimedio.knowledge.sources import content_hash

REVISION = "1"  # raised when reading or chunking changes: unchanged files are then read again


@dataclass(frozen=True, slots=True)
class Recipe:
    """How documents are read and cut; the same for all of one run."""

    taxonomy: Taxonomy
    strategy: Strategy
    count_tokens: CountTokens
    limits: Limits

    @property
    def fingerprint(self) -> str:
        """Changes when the same bytes would give other chunks."""
        parts = (
            REVISION,
            repr(self.strategy),
            repr(self.taxonomy.product_types),
            self.count_tokens.__qualname__,
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Given:
    """What the person who loads a document says about it; what is None is read out of the document."""

    title: str | None = None
    doc_type: DocType | None = None
    version: str | None = None
    review_status: ReviewStatus = ReviewStatus.APPROVED


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file to prepare."""

    tenant_id: str
    uri: str
    name: str
    data: bytes
    modified: datetime
    attributes: Mapping[str, str]  # to keep with the document
    replaces: bool = False  # an earlier version is stored
    given: Given = Given()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be stored."""

    document: Document
    chunks: tuple[Chunk, ...]
    replaces: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot become a document, and the sentence that says why."""

    document_id: str
    source_uri: str
    title: str
    content_hash: str
    reason: str


def document_id(tenant_id: str, uri: str) -> str:
    """The id of a source: the same source of the same tenant is always the same document."""
    digest = hashlib.sha256("\0".join((tenant_id, uri)).encode()).hexdigest()
    return f"doc_{digest[:24]}"


def prepare(file: RawFile, recipe: Recipe) -> Prepared | Refused:
    """Extract and cut one file; what cannot be read is refused, never raised."""
    digest = content_hash(file.data)
    try:
        extracted = extract(file.data, file.name, limits=recipe.limits)
        facts = facts_of(extracted, file.name, recipe.taxonomy)
        document = _document(file, extracted, facts, digest)
        chunks = chunk_document(
            extracted,
            document,
            strategy=recipe.strategy,
            count_tokens=recipe.count_tokens,
            taxonomy=recipe.taxonomy,
        )
    except InvalidInput as error:
        return Refused(document_id(file.tenant_id, file.uri), file.uri, file.name, digest, str(error))
    return Prepared(document, chunks, file.replaces)


def _document(file: RawFile, extracted: Extracted, facts: Facts, digest: str) -> Document:
    lists = {"product_models": facts.product_models, "tags": facts.tags, "categories": facts.categories}
    return Document(
        document_id=document_id(file.tenant_id, file.uri),
        tenant_id=file.tenant_id,
        source_uri=file.uri,
        title=file.given.title or extracted.title,
        doc_type=file.given.doc_type or facts.doc_type,
        content_hash=digest,
        language=facts.language,
        updated_at=facts.dated or file.modified,
        pages=extracted.pages,
        version=file.given.version or facts.version,
        review_status=file.given.review_status,
        attributes={
            "format": extracted.format,
            **({"by_ocr": "yes"} if extracted.by_ocr else {}),
            **{name: ", ".join(values) for name, values in lists.items() if values},
            **{k: v for k, v in extracted.attributes.items() if k == "pages_without_text"},
            **file.attributes,
        },
    )
