"""Show a passage where it stands: in the page of the manual, with the quote marked, or in its text."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rimedio.answering.verification.quote import find_quote
from rimedio.domain.errors import InvalidDocument, NotFound
from rimedio.domain.knowledge import Chunk, DocType
from rimedio.knowledge.index.port import KnowledgeIndex
from rimedio.knowledge.pdf_page import PagePlace, find_on_page, page_picture
from rimedio.knowledge.sources import content_hash
from rimedio.storage.documents import DocumentRecord, DocumentStore
from rimedio.storage.objects import ObjectStore
from rimedio.tickets.load_document import FILE_NAME, ORIGINAL

PDF = "pdf"


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """The document a passage is out of."""

    document_id: str
    title: str
    doc_type: DocType
    pages: int | None
    version: str | None
    updated_at: datetime | None
    source_uri: str
    has_original: bool


@dataclass(frozen=True, slots=True)
class QuoteSpan:
    """Where the quote stands in the chunk's text; end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage with its neighbours. `page` is there for a PDF whose original is at hand."""

    chunk: Chunk
    document: ShownDocument
    before: str | None
    after: str | None
    quote: QuoteSpan | None
    page: PagePlace | None


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """The bytes a document was read from."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class OpenOriginal:
    """The file a document was read from, to be read in pieces: `read` gives the bytes from one up to another."""

    name: str
    size: int
    content_hash: str
    read: Callable[[int, int], bytes]


class Originals:
    """Finds the file a document was read from: kept by the service, or still where it was loaded from."""

    def __init__(self, documents: DocumentStore, objects: ObjectStore) -> None:
        self._documents = documents
        self._objects = objects

    def __call__(self, tenant_id: str, document_id: str) -> OriginalFile:
        """The very bytes that were read. Raises NotFound, also when the file has changed since."""
        record = self._documents.get(tenant_id, document_id)
        found = self.find(record)
        if found is None:
            raise _gone(record)
        return found

    def open(self, tenant_id: str, document_id: str) -> OpenOriginal:
        """The very bytes that were read, without holding more of them than are asked for. Raises NotFound."""
        record = self._documents.get(tenant_id, document_id)
        found = self.peek(record)
        if found is None:
            raise _gone(record)
        return found

    def peek(self, record: DocumentRecord) -> OpenOriginal | None:
        """The file without its bytes, or None; what is kept on S3 is not even fetched."""
        kept = record.attributes.get(ORIGINAL)
        if not kept:
            whole = self.find(record)
            if whole is None:
                return None
            data = whole.data
            return OpenOriginal(
                whole.name, len(data), record.content_hash, lambda start, end: data[start:end]
            )
        head = self._objects.head(record.tenant_id, kept)
        if head is None or head.etag != record.content_hash:
            return None
        return OpenOriginal(
            _name(record), head.size, head.etag, lambda start, end: self._part(record, start, end)
        )

    def _part(self, record: DocumentRecord, start: int, end: int) -> bytes:
        """Raises NotFound, also when another version has been put in its place since."""
        part = self._objects.part(record.tenant_id, record.attributes[ORIGINAL], start, end)
        if part.whole.etag != record.content_hash:
            raise _gone(record)
        return part.data

    def find(self, record: DocumentRecord) -> OriginalFile | None:
        """The file, or None."""
        data = self._read(record)
        # A path is only read back when it still holds what was loaded: nothing else can be shown by it.
        if data is None or content_hash(data) != record.content_hash:
            return None
        return OriginalFile(_name(record), data)

    def _read(self, record: DocumentRecord) -> bytes | None:
        kept = record.attributes.get(ORIGINAL)
        try:
            if kept:
                return self._objects.get(record.tenant_id, kept)
            path = Path(record.source_uri)
            return path.read_bytes() if path.is_file() else None
        except (NotFound, OSError, ValueError):
            return None


def _name(record: DocumentRecord) -> str:
    return record.attributes.get(FILE_NAME) or Path(record.source_uri).name


def _gone(record: DocumentRecord) -> NotFound:
    return NotFound(f"The original of {record.title} is no longer there. Load it again to see its pages.")


@dataclass(frozen=True, slots=True)
class ShowPage:
    """The use case behind `GET /v1/kb/documents/{id}/pages/{page}`."""

    originals: Originals

    def __call__(self, tenant_id: str, document_id: str, number: int, width: int) -> bytes:
        """The page as PNG. Raises NotFound for a page, or a document whose pages cannot be shown."""
        original = self.originals(tenant_id, document_id)
        try:
            return page_picture(original.data, original.name, number, width)
        except InvalidDocument as error:
            msg = f"{original.name} has no pages to show: it is no PDF. Read its passages as text."
            raise NotFound(msg) from error


@dataclass(frozen=True, slots=True)
class ShowPassage:
    """The use case behind `GET /v1/kb/passages/{chunk_id}`."""

    index: Callable[[], KnowledgeIndex]
    documents: DocumentStore
    originals: Originals

    def __call__(self, tenant_id: str, chunk_id: str, quote: str | None = None) -> ShownPassage:
        """The passage. Raises NotFound, as when the manual was replaced since."""
        index = self.index()
        chunk = index.chunks(tenant_id, [chunk_id]).get(chunk_id)
        if chunk is None:
            msg = (
                f"There is no passage {chunk_id} any more. Its manual was replaced or removed; search again."
            )
            raise NotFound(msg)
        near = index.section(
            tenant_id, chunk.document_id, first=max(0, chunk.ordinal - 1), last=chunk.ordinal + 1
        )
        texts = {found.ordinal: found.text for found in near}
        record = self.documents.find(tenant_id, chunk.document_id)
        original = self.originals.find(record) if record else None
        span = find_quote(quote, chunk.text) if quote else None
        return ShownPassage(
            chunk=chunk,
            document=_shown(chunk, record, original),
            before=texts.get(chunk.ordinal - 1),
            after=texts.get(chunk.ordinal + 1),
            quote=QuoteSpan(span.start, span.end) if span else None,
            page=_place(chunk, record, original, quote),
        )


def _shown(chunk: Chunk, record: DocumentRecord | None, original: OriginalFile | None) -> ShownDocument:
    return ShownDocument(
        document_id=chunk.document_id,
        title=chunk.source_title,
        doc_type=chunk.doc_type,
        pages=record.pages if record else None,
        version=chunk.version,
        updated_at=chunk.updated_at,
        source_uri=chunk.source_uri,
        has_original=original is not None,
    )


def _place(
    chunk: Chunk, record: DocumentRecord | None, original: OriginalFile | None, quote: str | None
) -> PagePlace | None:
    if original is None or record is None or chunk.page is None or record.attributes.get("format") != PDF:
        return None
    last = chunk.page_end or chunk.page
    return find_on_page(original.data, original.name, chunk.page, last, quote or chunk.text)
