"""Search over one tenant's knowledge: the door that the other rooms use.

1. Codes and part numbers that the question names, or the ticket gives, are looked up exactly; a code that no
   chunk defines is reported as unknown.
2. `hybrid_search`: words and meaning propose candidates, fused into one order.
3. `rerank_results`: passages that say the question's words close together rise; a cross-encoder, where one
   is plugged in, re-orders the first ones.
4. Near-copies of better passages give way.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rimedio.domain.knowledge import Passage, Signals
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.embedding.port import Embedder
from rimedio.knowledge.hybrid import CODE_RANKS_FIRST, Candidates, HybridOptions, hybrid_search
from rimedio.knowledge.index.port import ChunkTerms, Hit, KnowledgeIndex
from rimedio.knowledge.mmr import diversify
from rimedio.knowledge.question import Question, SearchQuery, read_question
from rimedio.knowledge.rerank import CrossEncoder, RerankWeights, cross_encode, rerank_results

__all__ = ["Search", "SearchOptions", "SearchQuery", "SearchResult", "SearchTimings"]

SPARE = 3  # times the limit: how many passages variety may choose from


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How search works; the defaults are the measured ones."""

    hybrid: HybridOptions = field(default_factory=HybridOptions)
    reranked: int = 60  # candidates whose text is looked at
    rerank: RerankWeights = field(default_factory=RerankWeights)
    cross_encoded: int = 20  # candidates that a cross-encoder reads
    diversity: bool = True


@dataclass(frozen=True, slots=True)
class SearchTimings:
    """Where the time went, in milliseconds."""

    question_ms: float
    words_ms: float
    vectors_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages best first, and what the question was understood to ask."""

    passages: tuple[Passage, ...]
    language: str
    known_codes: tuple[str, ...]  # codes asked for that some chunk defines, canonical
    unknown_codes: tuple[str, ...]  # codes asked for that no chunk defines
    known_terms: float  # share of the question's content words that the index knows, 0..1
    timings: SearchTimings


class Search:
    """Finds passages for questions. Without an embedder it searches by words and codes alone."""

    def __init__(
        self,
        index: KnowledgeIndex,
        embedder: Embedder | None,
        taxonomy: Taxonomy,
        options: SearchOptions | None = None,
        cross_encoder: CrossEncoder | None = None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._taxonomy = taxonomy
        self._options = options or SearchOptions()
        self._cross_encoder = cross_encoder

    def search(self, query: SearchQuery) -> SearchResult:
        """Passages for a question. Raises InvalidInput if it is empty, ModelUnavailable, StorageFailed."""
        started = time.perf_counter()
        question = read_question(query, self._index, self._taxonomy)
        understood = time.perf_counter()
        found = hybrid_search(self._index, self._embedder, query, question, self._options.hybrid)
        ranked = self._reranked(query, question, found)
        passages = self._passages(query, question, found, self._varied(query, ranked))
        ended = time.perf_counter()
        return SearchResult(
            passages,
            question.language,
            question.known_codes,
            question.unknown_codes,
            question.known_terms,
            SearchTimings(
                question_ms=(understood - started) * 1000,
                words_ms=found.words_ms,
                vectors_ms=found.vectors_ms,
                total_ms=(ended - started) * 1000,
            ),
        )

    def _reranked(
        self, query: SearchQuery, question: Question, found: Candidates
    ) -> Sequence[tuple[str, float]]:
        options = self._options
        ranked = found.ranked[: max(query.limit * SPARE, options.reranked, len(found.codes))]
        terms = self._index.terms(query.tenant_id, [chunk_id for chunk_id, _ in ranked])
        ranked = rerank_results(question, ranked, terms, options.rerank)
        if self._cross_encoder is None:
            return ranked
        exact = {hit.chunk_id for hit in found.codes}
        seen = [chunk_id for chunk_id, _ in ranked if chunk_id not in exact][: options.cross_encoded]
        first = [item for item in ranked if item[0] in exact]
        others = [item for item in ranked if item[0] not in exact]
        chunks = self._index.chunks(query.tenant_id, seen)
        return [*first, *cross_encode(question, others, chunks, self._cross_encoder)]

    def _varied(self, query: SearchQuery, ranked: Sequence[tuple[str, float]]) -> Sequence[tuple[str, float]]:
        """The first `limit`; exact codes keep their places, near-copies among the rest give way."""
        exact = [item for item in ranked if item[1] >= CODE_RANKS_FIRST / 2][: query.limit]
        rest = [item for item in ranked if item[1] < CODE_RANKS_FIRST / 2]
        room = query.limit - len(exact)
        if self._embedder is None or not self._options.diversity or len(rest) < 2 or not room:
            return [*exact, *rest[:room]]
        rest = rest[: room * SPARE]
        vectors = self._index.vectors(query.tenant_id, self._embedder.model_id, [c for c, _ in rest])
        scores = dict(rest)
        order = diversify([(c, 1 / rank) for rank, (c, _) in enumerate(rest, start=1)], vectors, room)
        return [*exact, *((chunk_id, scores[chunk_id]) for chunk_id in order)]

    def _passages(
        self,
        query: SearchQuery,
        question: Question,
        found: Candidates,
        chosen: Sequence[tuple[str, float]],
    ) -> tuple[Passage, ...]:
        ids = [chunk_id for chunk_id, _ in chosen]
        chunks = self._index.chunks(query.tenant_id, ids)
        terms = self._index.terms(query.tenant_id, ids)
        signals = _SignalsOf(question, found)
        kept = [(c, score) for c, score in chosen if c in chunks and c in terms]
        return tuple(
            Passage(chunks[chunk_id], rank, score, signals.of(chunk_id, terms[chunk_id]))
            for rank, (chunk_id, score) in enumerate(kept, start=1)
        )


class _SignalsOf:
    """Collects why a chunk was found."""

    def __init__(self, question: Question, found: Candidates) -> None:
        self._question = question
        self._words, self._vectors = _by_id(found.words), _by_id(found.vectors)
        self._codes = {hit.chunk_id for hit in found.codes}
        self._cosines = found.cosines

    def of(self, chunk_id: str, terms: ChunkTerms) -> Signals:
        """A chunk has no rank in a way that did not propose it; its cosine is known all the same."""
        bm25_rank, bm25 = self._words.get(chunk_id, (None, None))
        vector_rank, _ = self._vectors.get(chunk_id, (None, None))
        return Signals(
            bm25=bm25,
            bm25_rank=bm25_rank,
            cosine=self._cosines.get(chunk_id),
            vector_rank=vector_rank,
            code_match=chunk_id in self._codes,
            term_coverage=term_coverage(self._question, terms),
            known_terms=self._question.known_terms,
        )


def term_coverage(question: Question, terms: ChunkTerms) -> float:
    """Share of the question's distinct content words in the chunk, title and headings included; 0..1."""
    if not question.terms:
        return 0.0
    own = {*terms.heading, *terms.body}
    return sum(any(form in own for form in term.forms) for term in question.terms) / len(question.terms)


def _by_id(hits: Sequence[Hit]) -> Mapping[str, tuple[int, float]]:
    """(rank, score) by chunk id."""
    return {hit.chunk_id: (rank, hit.score) for rank, hit in enumerate(hits, start=1)}
