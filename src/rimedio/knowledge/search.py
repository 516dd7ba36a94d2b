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

from rimedio.domain.knowledge import Chunk, Passage, Signals
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.embedding.port import Embedder
from rimedio.knowledge.hybrid import Candidates, HybridOptions, hybrid_search
from rimedio.knowledge.index.port import Hit, KnowledgeIndex
from rimedio.knowledge.lexicon import stored_terms
from rimedio.knowledge.mmr import diversify
from rimedio.knowledge.question import Question, SearchQuery, read_question
from rimedio.knowledge.rerank import CrossEncoder, RerankWeights, rerank_results

__all__ = ["Search", "SearchOptions", "SearchQuery", "SearchResult", "SearchTimings"]

SPARE = 3  # times the limit: how many passages variety may choose from


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How search works; the defaults are the measured ones."""

    hybrid: HybridOptions = field(default_factory=HybridOptions)
    reranked: int = 60  # candidates whose text is looked at
    rerank: RerankWeights = field(default_factory=RerankWeights)
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
        passages = self._varied(query, self._passages(query, question, found))
        ended = time.perf_counter()
        return SearchResult(
            tuple(Passage(p.chunk, rank, p.score, p.signals) for rank, p in enumerate(passages, start=1)),
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

    def _passages(self, query: SearchQuery, question: Question, found: Candidates) -> list[Passage]:
        count = max(query.limit * SPARE, self._options.reranked, len(found.codes))
        chunks = self._index.chunks(query.tenant_id, [chunk_id for chunk_id, _ in found.ranked[:count]])
        ranked = rerank_results(
            question, found.ranked[:count], chunks, self._options.rerank, self._cross_encoder
        )
        words, vectors = _by_id(found.words), _by_id(found.vectors)
        codes = {hit.chunk_id for hit in found.codes}
        return [
            Passage(
                chunks[chunk_id],
                rank,
                score,
                Signals(
                    bm25=words[chunk_id][1] if chunk_id in words else None,
                    bm25_rank=words[chunk_id][0] if chunk_id in words else None,
                    cosine=vectors[chunk_id][1] if chunk_id in vectors else None,
                    vector_rank=vectors[chunk_id][0] if chunk_id in vectors else None,
                    code_match=chunk_id in codes,
                    term_coverage=term_coverage(question, chunks[chunk_id]),
                    known_terms=question.known_terms,
                ),
            )
            for rank, (chunk_id, score) in enumerate(ranked, start=1)
        ]

    def _varied(self, query: SearchQuery, passages: Sequence[Passage]) -> list[Passage]:
        """The first `limit`; chunks that define a code keep their places, near-copies among the rest lose."""
        exact = [p for p in passages if p.signals.code_match][: query.limit]
        rest = [p for p in passages if not p.signals.code_match]
        room = query.limit - len(exact)
        if self._embedder is None or not self._options.diversity or len(rest) <= 1 or not room:
            return [*exact, *rest[:room]]
        by_id = {p.chunk.chunk_id: p for p in rest}
        vectors = self._index.vectors(query.tenant_id, self._embedder.model_id, list(by_id))
        order = diversify([(p.chunk.chunk_id, 1 / p.rank) for p in rest], vectors, room)
        return [*exact, *(by_id[chunk_id] for chunk_id in order)]


def term_coverage(question: Question, chunk: Chunk) -> float:
    """Share of the question's distinct content words in the chunk, title and headings included; 0..1."""
    if not question.terms:
        return 0.0
    own = set(stored_terms(chunk.embedding_text, chunk.language))
    return sum(any(form in own for form in term.forms) for term in question.terms) / len(question.terms)


def _by_id(hits: Sequence[Hit]) -> Mapping[str, tuple[int, float]]:
    """(rank, score) by chunk id."""
    return {hit.chunk_id: (rank, hit.score) for rank, hit in enumerate(hits, start=1)}
