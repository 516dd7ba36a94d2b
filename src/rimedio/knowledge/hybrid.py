"""Hybrid search: exact codes, words and meaning each propose chunks; fusion orders them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rimedio.knowledge.embedding.port import Embedder
from rimedio.knowledge.fusion import FusionWeights, Ranking, reciprocal_rank_fusion, score_fusion
from rimedio.knowledge.index.port import Hit, KnowledgeIndex
from rimedio.knowledge.question import Question, SearchQuery

CODE_HITS_MAX = 50
CODE_RANKS_FIRST = 1_000.0  # times the code's score, added to the fused one: no ranking can make up for it
SCORED_FACTOR = 4  # of the candidates: word hits kept for their score, as candidates by meaning need one too
PAGES_MAX = 300


class Fusion(StrEnum):
    """How words and meaning become one order."""

    SCORES = "scores"
    RANKS = "ranks"


@dataclass(frozen=True, slots=True)
class HybridOptions:
    """How hybrid search works; the defaults are the measured ones."""

    candidates: int = 60  # chunks each way may propose
    fusion: Fusion = Fusion.SCORES
    weights: FusionWeights = field(default_factory=FusionWeights)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What each way proposed, and all of them fused: `ranked` is (chunk id, score), best first."""

    ranked: Sequence[tuple[str, float]]
    words: Sequence[Hit]
    vectors: Sequence[Hit]
    codes: Sequence[Hit]
    words_ms: float = 0.0
    vectors_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _Meaning:
    hits: Sequence[Hit]
    cosines: Mapping[str, float]


def hybrid_search(
    index: KnowledgeIndex,
    embedder: Embedder | None,
    query: SearchQuery,
    question: Question,
    options: HybridOptions,
) -> Candidates:
    """Candidates of every way, fused.

    Chunks that define a code come before all others, among themselves by how well the rest of the question
    fits. Raises ModelUnavailable, StorageFailed.
    """
    codes = index.search_codes(
        query.tenant_id, (*question.known_codes, *question.part_numbers), query.filters, CODE_HITS_MAX
    )
    started = time.perf_counter()
    words = index.search_words(
        query.tenant_id, question.terms, query.filters, options.candidates * SCORED_FACTOR
    )
    between = time.perf_counter()
    meaning = _by_meaning(index, embedder, query, words[: options.candidates], options.candidates)
    if options.fusion is Fusion.RANKS:
        fused = _by_ranks(words[: options.candidates], meaning.hits, question)
    else:
        pages = index.search_pages(query.tenant_id, question.terms, PAGES_MAX)
        fused = _by_scores(words, meaning, pages, question, options)
    ended = time.perf_counter()
    return Candidates(
        codes_first(codes, fused),
        words,
        meaning.hits,
        codes,
        words_ms=(between - started) * 1000,
        vectors_ms=(ended - between) * 1000,
    )


def codes_first(codes: Sequence[Hit], fused: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Chunks that define a code in front: exact ones, then sub-codes, each by fused score."""
    scores = dict(fused)
    first = {hit.chunk_id: CODE_RANKS_FIRST * hit.score + scores.get(hit.chunk_id, 0.0) for hit in codes}
    ranked = sorted(first.items(), key=lambda item: -item[1])
    return [*ranked, *((c, s) for c, s in fused if c not in first)]


def _by_ranks(words: Sequence[Hit], vectors: Sequence[Hit], question: Question) -> list[tuple[str, float]]:
    weight = question.known_terms**2 if vectors else 1.0
    return reciprocal_rank_fusion(
        [Ranking([h.chunk_id for h in words], weight), Ranking([h.chunk_id for h in vectors])]
    )


def _by_meaning(
    index: KnowledgeIndex,
    embedder: Embedder | None,
    query: SearchQuery,
    words: Sequence[Hit],
    limit: int,
) -> _Meaning:
    """The nearest chunks, and the cosines of those that `words` proposed as well."""
    if embedder is None or not query.text.strip():
        return _Meaning((), {})
    vector = embedder.embed_query(query.text)
    hits = index.search_vectors(query.tenant_id, embedder.model_id, vector, query.filters, limit)
    cosines = {hit.chunk_id: hit.score for hit in hits}
    others = [hit.chunk_id for hit in words if hit.chunk_id not in cosines]
    stored = index.vectors(query.tenant_id, embedder.model_id, others)
    return _Meaning(hits, cosines | {chunk_id: float(row @ vector) for chunk_id, row in stored.items()})


def _by_scores(
    words: Sequence[Hit],
    meaning: _Meaning,
    pages: Mapping[str, float],
    question: Question,
    options: HybridOptions,
) -> list[tuple[str, float]]:
    proposed = {hit.chunk_id: hit.document_id for hit in (*words[: options.candidates], *meaning.hits)}
    return score_fusion(
        {hit.chunk_id: hit.score for hit in words if hit.chunk_id in proposed},
        meaning.cosines,
        {chunk_id: pages.get(document_id, 0.0) for chunk_id, document_id in proposed.items()},
        question.known_terms,
        options.weights,
    )
