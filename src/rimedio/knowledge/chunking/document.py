"""`chunk_document`: pieces become chunks with language, models, codes, part numbers and a stable id."""

import hashlib
from collections import Counter
from functools import lru_cache, partial

from rimedio.domain.knowledge import Chunk, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking.pieces import CountTokens, Piece, estimate_tokens
from rimedio.knowledge.chunking.strategies import Strategy
from rimedio.knowledge.chunking.structure import StructureAware
from rimedio.knowledge.codes import mentioned_codes, part_numbers
from rimedio.knowledge.extract import Extracted
from rimedio.knowledge.language import detect_language
from rimedio.knowledge.metadata import models_in, split_values

COUNTS_KEPT = 4_096
LANGUAGE_SAMPLE = 300  # characters that decide a chunk's language
LANGUAGE_CHARS_MIN = 160  # a shorter text says too little to leave the document's language


def chunk_document(
    extracted: Extracted,
    document: Document,
    *,
    strategy: Strategy | None = None,
    count_tokens: CountTokens = estimate_tokens,
    taxonomy: Taxonomy | None = None,
) -> tuple[Chunk, ...]:
    """Cut a document into chunks; the same input gives the same chunks and ids.

    An id is made of the document, the text with its headings, and how often that text came before.
    """
    taxonomy = taxonomy or Taxonomy.default()
    count = lru_cache(maxsize=COUNTS_KEPT)(
        count_tokens
    )  # packing, merging and numbering ask for the same texts
    pieces = (strategy or StructureAware()).pieces(extracted, taxonomy, count)
    maker = _ChunkMaker(document, taxonomy, count)
    return tuple(maker.chunk(piece) for piece in pieces if piece.text.strip())


class _ChunkMaker:
    """Numbers and describes the chunks of one document."""

    def __init__(self, document: Document, taxonomy: Taxonomy, count: CountTokens) -> None:
        self._document = document
        self._taxonomy = taxonomy
        self._count = count
        self._seen: Counter[str] = Counter()
        self._ordinal = 0
        given = split_values(document.attributes.get("product_models", ""))
        self._stated = bool(given)  # then headings are not searched for what only looks like a model
        self._models = given or models_in(document.title, taxonomy, heading=True)
        self._tags = split_values(document.attributes.get("tags", ""))
        self._categories = split_values(document.attributes.get("categories", ""))

    def chunk(self, piece: Piece) -> Chunk:
        document, text = self._document, piece.text
        everything = "\n".join((*piece.section, text))
        key = hashlib.sha256("\0".join((document.document_id, *piece.section, text)).encode()).hexdigest()
        self._seen[key] += 1
        ordinal, self._ordinal = self._ordinal, self._ordinal + 1
        defined = {part for code in piece.codes for part in (code, code.partition("/")[0])}
        return Chunk(
            chunk_id=f"chk_{_digest(key, self._seen[key])}",
            document_id=document.document_id,
            tenant_id=document.tenant_id,
            ordinal=ordinal,
            text=text,
            source_uri=document.source_uri,
            source_title=document.title,
            doc_type=document.doc_type,
            language=self._language(text),
            section=piece.section,
            page=piece.page,
            page_end=piece.page_end,
            tokens=self._count(text),
            product_models=self._product_models(piece),
            error_codes=piece.codes,
            mentioned_codes=tuple(c for c in mentioned_codes(everything, self._taxonomy) if c not in defined),
            part_numbers=part_numbers(everything),
            categories=self._categories,
            tags=self._tags,
            version=document.version,
            updated_at=document.updated_at,
            review_status=document.review_status,
        )

    def _language(self, text: str) -> str:
        if len(text) < LANGUAGE_CHARS_MIN:
            return self._document.language
        return detect_language(text[:LANGUAGE_SAMPLE], self._document.language)

    def _product_models(self, piece: Piece) -> tuple[str, ...]:
        search = partial(models_in, taxonomy=self._taxonomy, heading=not self._stated)
        named = [model for heading in piece.section for model in search(heading)]
        return tuple(dict.fromkeys([*self._models, *named, *models_in(piece.text, self._taxonomy)]))


def _digest(key: str, occurrence: int) -> str:
    return hashlib.sha256(f"{key}:{occurrence}".encode()).hexdigest()[:24]
