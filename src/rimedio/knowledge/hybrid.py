"""Hybrid search: exact codes, words and meaning, each in its own ranking, fused by rank."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.knowledge.embedding.port import Embedder
from rimedio.knowledge.fusion import Ranking, reciprocal_rank_fusion
from rimedio.knowledge.index.port import Hit, KnowledgeIndex
from rimedio.knowledge.question import Question, SearchQuery

CODE_HITS_MAX = 50
CODE_RANKS_FIRST = 1_000.0  # added to the fused score: no ranking can make up for it


@dataclass(frozen=True, slots=True)
class Candidates:
    """What each way proposed, and all of them fused: `ranked` is (chunk id, score), best first."""

    ranked: Sequence[tuple[str, float]]
    words: Sequence[Hit]
    vectors: Sequence[Hit]
    codes: Sequence[Hit]
    words_ms: float = 0.0
    vectors_ms: float = 0.0


def hybrid_search(
    index: KnowledgeIndex, embedder: Embedder | None, query: SearchQuery, question: Question, limit: int
) -> Candidates:
    """Up to `limit` candidates from each way, fused.

    BM25 weighs the square of the share of the question's words that the index knows, so that a question in
    another language than the manual is left to its meaning. Chunks that define a code come before all others,
    among themselves by how well the rest of the question fits. Raises ModelUnavailable, StorageFailed.
    """
    codes = index.search_codes(
        query.tenant_id, (*question.known_codes, *question.part_numbers), query.filters, CODE_HITS_MAX
    )
    started = time.perf_counter()
    words = index.search_words(query.tenant_id, question.terms, query.filters, limit)
    between = time.perf_counter()
    vectors: Sequence[Hit] = ()
    if embedder is not None and question.text:
        vectors = index.search_vectors(
            query.tenant_id, embedder.model_id, embedder.embed_query(question.text), query.filters, limit
        )
    ended = time.perf_counter()
    fused = fuse(words, vectors, question.known_terms)
    return Candidates(
        codes_first(codes, fused),
        words,
        vectors,
        codes,
        words_ms=(between - started) * 1000,
        vectors_ms=(ended - between) * 1000,
    )


def fuse(words: Sequence[Hit], vectors: Sequence[Hit], known_terms: float) -> list[tuple[str, float]]:
    """Words and meaning by reciprocal rank."""
    return reciprocal_rank_fusion(
        [
            Ranking([hit.chunk_id for hit in words], known_terms**2 if vectors else 1.0),
            Ranking([hit.chunk_id for hit in vectors]),
        ]
    )


def codes_first(codes: Sequence[Hit], fused: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Chunks that define a code in front: exact ones, then sub-codes, each by fused score."""
    scores = dict(fused)
    first = {hit.chunk_id: CODE_RANKS_FIRST * hit.score + scores.get(hit.chunk_id, 0.0) for hit in codes}
    ranked = sorted(first.items(), key=lambda item: -item[1])
    return [*ranked, *((c, s) for c, s in fused if c not in first)]
