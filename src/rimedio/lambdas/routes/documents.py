"""Documents of the knowledge base: list, read, show, forget."""

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.knowledge import DocType
from rimedio.lambdas.binding import BYTES
from rimedio.lambdas.identifiers import SAID, Identifier, ShortLine
from rimedio.lambdas.ranges import RangeHeaders, SentFile, sent
from rimedio.lambdas.replies import Download, Items, Paging, Reply
from rimedio.lambdas.router import Api
from rimedio.storage.documents import DocumentRecord, DocumentStatus

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "knowledge"
PNG = "image/png"
WIDTH_MIN, WIDTH_MAX, WIDTH_DEFAULT = 400, 1600, 900
PageNumber = Annotated[int, Field(ge=1, le=100_000, description="Page, from 1.")]


class DocumentView(BaseModel):
    """A document of the register. `embedded` is the share of its passages that search by meaning knows."""

    model_config = ConfigDict(frozen=True)

    document_id: str
    tenant_id: str
    source_uri: str
    title: str
    status: DocumentStatus
    content_hash: str = Field(description="SHA-256 of its bytes, hexadecimal.")
    updated_at: datetime
    reason: str | None = Field(None, description="Why it was refused.")
    doc_type: DocType | None = None
    language: str | None = None
    version: str | None = None
    pages: int | None = None
    chunks: int = 0
    attributes: dict[str, str] = Field(default_factory=dict)
    embedded: float = Field(0.0, ge=0, le=1)


class DocumentDetail(DocumentView):
    """One document, and whether the file it was read from is at hand."""

    has_original: bool


class DocumentQuery(Paging):
    """Which documents."""

    status: DocumentStatus | None = None
    q: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        pattern=SAID,
        description="Words of its title or source, all of them.",
    )


class DocumentBody(BaseModel):
    """An upload that becomes a document; what is absent is read out of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upload_id: Identifier
    title: ShortLine | None = None
    doc_type: DocType | None = None
    version: ShortLine | None = None


class PageQuery(BaseModel):
    """How wide the picture is, in pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(WIDTH_DEFAULT, ge=WIDTH_MIN, le=WIDTH_MAX)


def register(api: Api, system: "Rimedio") -> None:
    """Routes of documents."""

    @api.get("/v1/kb/documents", summary="Documents", tag=TAG)
    def list_documents(query: DocumentQuery) -> Items[DocumentView]:
        tenant = api.caller.tenant_id
        page = system.manuals.list(
            tenant, status=query.status, words=query.q or "", limit=query.limit, cursor=query.cursor
        )
        shares = system.manuals.embedded(tenant, [r.document_id for r in page.records])
        views = tuple(view_of(r, shares.get(r.document_id, 0.0)) for r in page.records)
        return Items(items=views, next_cursor=page.cursor)

    @api.post("/v1/kb/documents", summary="Load a document", tag=TAG, status=202, errors=(404, 409),
              unfit=True)  # fmt: skip
    def load_document(body: DocumentBody) -> DocumentView:
        """It is read in the background; follow its status. The same name again is a new version."""
        from rimedio.knowledge.preparation import Given

        tenant = api.caller.tenant_id
        file = system.desk.uploads.content(tenant, body.upload_id)
        given = Given(title=body.title, doc_type=body.doc_type, version=body.version)
        return view_of(system.manuals.load(tenant, b"".join(file.blocks), file.name, given), 0.0)

    @api.get("/v1/kb/documents/{document_id}", summary="One document", tag=TAG, errors=(404,))
    def get_document(document_id: Identifier) -> DocumentDetail:
        tenant = api.caller.tenant_id
        record = system.documents.get(tenant, document_id)
        share = system.manuals.embedded(tenant, [document_id]).get(document_id, 0.0)
        has_original = system.manuals.originals.peek(record) is not None
        return DocumentDetail(**view_of(record, share).model_dump(), has_original=has_original)

    @api.delete(
        "/v1/kb/documents/{document_id}", summary="Forget a document", tag=TAG, status=204, errors=(404,)
    )
    def delete_document(document_id: Identifier) -> None:
        """Its passages are found no more; answers that cite them keep their quotes."""
        tenant = api.caller.tenant_id
        system.library.forget(tenant, system.documents.get(tenant, document_id).document_id)

    _register_files(api, system)


def _register_files(api: Api, system: "Rimedio") -> None:
    @api.get("/v1/kb/documents/{document_id}/original", summary="The file it was read from", tag=TAG,
             errors=(404,), media=BYTES)  # fmt: skip
    def get_original(document_id: Identifier, headers: RangeHeaders) -> Reply[Download]:
        """Whole, or the piece that `Range` asks for; a file too large for one answer (413) in pieces only."""
        found = system.manuals.originals.open(api.caller.tenant_id, document_id)
        file = SentFile(found.name, found.size, found.content_hash, found.read)
        return sent(file, headers, api.file_bytes_max)

    @api.get("/v1/kb/documents/{document_id}/pages/{page}", summary="A page as a picture", tag=TAG,
             errors=(404,), media=PNG)  # fmt: skip
    def get_page(document_id: Identifier, page: PageNumber, query: PageQuery) -> Download:
        picture = system.manuals.show_page(api.caller.tenant_id, document_id, page, query.width)
        return Download(picture, PNG, headers={"Cache-Control": "private, max-age=3600"})


def view_of(record: DocumentRecord, embedded: float) -> DocumentView:
    """A record as the API shows it."""
    return DocumentView(
        **{field.name: getattr(record, field.name) for field in fields(record)}, embedded=embedded
    )
