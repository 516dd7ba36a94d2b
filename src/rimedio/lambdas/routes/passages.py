"""Passages of the knowledge base: search them, show one where it stands, tell how much is ready."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.domain.knowledge import Chunk, DocType, Signals
from rimedio.lambdas.identifiers import Identifier, Language, ModelName, Question
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "knowledge"
LIMIT_DEFAULT, LIMIT_MAX = 10, 50
Span = Annotated[tuple[int, int], Field(description="Characters of the chunk's text, [start, end).")]


class SearchBody(BaseModel):
    """A question to the knowledge base, and what it is narrowed to."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"query": "E029 surriscaldamento"}]}
    )

    query: Question
    model: ModelName | None = None
    doc_type: DocType | None = None
    language: Language | None = None
    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)


class FoundView(BaseModel):
    """A passage as found. `score` orders passages and means nothing more."""

    model_config = ConfigDict(frozen=True)

    rank: int
    score: float
    chunk: Chunk
    signals: Signals
    highlights: tuple[Span, ...]


class FoundList(BaseModel):
    """Passages best first, and how long the search took."""

    model_config = ConfigDict(frozen=True)

    items: tuple[FoundView, ...]
    took_ms: float


class PassageQuery(BaseModel):
    """What to mark in the passage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quote: str | None = Field(None, min_length=1, max_length=2000, description="Words to mark.")


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class DocumentOfPassage(_Shown):
    """The document a passage is out of."""

    document_id: str
    title: str
    doc_type: DocType
    pages: int | None
    version: str | None
    updated_at: datetime | None
    source_uri: str
    has_original: bool


class QuoteView(_Shown):
    """Where the quote stands in the chunk's text, [start, end)."""

    start: int
    end: int


class BoxView(_Shown):
    """A rectangle on a page: fractions 0 to 1 of its width and height, from the top left corner."""

    x: float
    y: float
    width: float
    height: float


class PageView(_Shown):
    """The page that the quote stands on; sizes in PDF points, no boxes where it was not found."""

    number: int
    of: int
    width: float
    height: float
    boxes: tuple[BoxView, ...]


class PassageView(_Shown):
    """A passage where it stands. `page` is there for a PDF whose original is at hand."""

    chunk: Chunk
    document: DocumentOfPassage
    before: str | None
    after: str | None
    quote: QuoteView | None
    page: PageView | None


class CoverageView(BaseModel):
    """How much of the knowledge is ready. `share` of the chunks is found by meaning, not by words alone."""

    model_config = ConfigDict(frozen=True)

    documents: int
    chunks: int
    embedded: int
    share: float = Field(ge=0, le=1)
    model: str = Field(description="The embedding model; none where search goes by words and codes alone.")


def register(api: Api, system: "Rimedio") -> None:
    """Routes of passages."""

    @api.post("/v1/kb/search", summary="Passages for a question", tag=TAG)
    def search_passages(body: SearchBody) -> FoundList:
        found = system.manuals.find(
            api.caller.tenant_id,
            body.query,
            model=body.model,
            doc_type=body.doc_type,
            language=body.language,
            limit=body.limit,
        )
        views = tuple(
            FoundView(rank=f.rank, score=f.score, chunk=f.chunk, signals=f.signals, highlights=f.highlights)
            for f in found.items
        )
        return FoundList(items=views, took_ms=found.took_ms)

    @api.get("/v1/kb/passages/{chunk_id}", summary="A passage where it stands", tag=TAG, errors=(404,))
    def get_passage(chunk_id: Identifier, query: PassageQuery) -> PassageView:
        shown = system.manuals.show_passage(api.caller.tenant_id, chunk_id, query.quote)
        return PassageView.model_validate(shown)

    @api.get("/v1/kb/coverage", summary="How much of the knowledge is ready", tag=TAG)
    def get_coverage() -> CoverageView:
        held, model = system.manuals.coverage(api.caller.tenant_id)
        share = held.embedded / held.chunks if held.chunks else 0.0
        return CoverageView(
            documents=held.documents, chunks=held.chunks, embedded=held.embedded, share=share, model=model
        )
