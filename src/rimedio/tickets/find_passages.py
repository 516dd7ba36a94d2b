"""Find passages for people: best first, with the question's words marked in their text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rimedio.domain.errors import InvalidInput
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.index.port import Filters
from rimedio.knowledge.lexicon import asked_terms, stored_terms
from rimedio.knowledge.search import Search, SearchQuery, SearchResult
from rimedio.knowledge.terms import WORD
from rimedio.tickets.ask_question import models_named

HIGHLIGHTS_MAX = 100


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage as found. `highlights` are [start, end) pairs of characters in the chunk's text, in order."""

    rank: int
    score: float
    chunk: Chunk
    signals: Signals
    highlights: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """Passages best first, and how long the search took, in milliseconds."""

    items: tuple[FoundPassage, ...]
    took_ms: float


@dataclass(frozen=True, slots=True)
class FindPassages:
    """The use case behind `POST /v1/kb/search`."""

    search: Callable[[], Search]
    taxonomy: Taxonomy
    on_found: Callable[[str, str, SearchResult, str | None], object] = field(  # tenant, question, …, model
        default=lambda _tenant, _text, _found, _model: None
    )

    def __call__(
        self,
        tenant_id: str,
        text: str,
        *,
        model: str | None = None,
        doc_type: DocType | None = None,
        language: str | None = None,
        limit: int = 10,
    ) -> FoundPassages:
        """Passages for a question. Raises InvalidInput when it is empty, ModelUnavailable, StorageFailed."""
        if not text.strip():
            raise InvalidInput("The question is empty. Describe the problem, or give an error code.")
        filters = Filters(
            product_models=(model,) if model else models_named(text, self.taxonomy),
            doc_types=(doc_type,) if doc_type else (),
            languages=(language,) if language else (),
        )
        found = self.search().search(SearchQuery(tenant_id, text, filters=filters, limit=limit))
        if doc_type is None and language is None:  # a narrowed search that finds nothing shows no gap
            self.on_found(
                tenant_id, text, found, filters.product_models[0] if filters.product_models else None
            )
        wanted = frozenset(form for term in asked_terms(text, found.language) for form in term.forms)
        codes = (*found.known_codes, *found.unknown_codes)
        items = tuple(_shown(passage, wanted, codes) for passage in found.passages)
        return FoundPassages(items, round(found.timings.total_ms, 2))


def _shown(passage: Passage, wanted: frozenset[str], codes: tuple[str, ...]) -> FoundPassage:
    marks = _merged(sorted({*_words(passage.chunk, wanted), *_codes(passage.chunk.text, codes)}))
    return FoundPassage(
        passage.rank, passage.score, passage.chunk, passage.signals, tuple(marks)[:HIGHLIGHTS_MAX]
    )


def _words(chunk: Chunk, wanted: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Words that the index would have found: compared by their stems, not by their letters."""
    for match in WORD.finditer(chunk.text):
        if not wanted.isdisjoint(stored_terms(match.group(), chunk.language)):
            yield match.span()


def _codes(text: str, codes: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for code in codes:
        for match in re.finditer(rf"(?<!\w){re.escape(code)}(?!\w)", text, re.IGNORECASE):
            yield match.span()


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans without overlaps."""
    last: tuple[int, int] | None = None
    for span in spans:
        if last is not None and span[0] < last[1]:
            last = (last[0], max(last[1], span[1]))
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last
