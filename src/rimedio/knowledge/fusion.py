"""Fusion of words and meaning into one order.

Scores of different kinds do not compare, so each is first brought to 0..1 within the question: BM25 by its
best hit, cosine between the worst and the best candidate (Bruch, Gai, Ingber: An Analysis of Fusion Functions
for Hybrid Retrieval, TOIS 2023). Fusion by rank alone, `reciprocal_rank_fusion`, forgets by how much a hit is
better than the next; it was measured worse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

RANK_CONSTANT = 10  # 60, the usual value, flattens the top: measured worse than BM25 alone at rank 1


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """Shares of the signals. Flat around these values on six question sets; see the benchmark."""

    meaning: float = 0.5  # words have the rest
    page: float = 0.2


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way's hits, best first, and how much that way counts for this question."""

    chunk_ids: Sequence[str]
    weight: float = 1.0


def score_fusion(
    words: Mapping[str, float],
    cosines: Mapping[str, float],
    pages: Mapping[str, float],
    weights: FusionWeights,
) -> list[tuple[str, float]]:
    """(chunk id, score) of every chunk in `words`, best first; ties by id.

    `words` and `pages` are BM25 of the chunk and of its document, both already within 0..1. A chunk without a
    vector yet is taken to mean what its words say.
    """
    low, high = min(cosines.values(), default=0.0), max(cosines.values(), default=0.0)
    span = (high - low) or 1.0
    scores = {}
    for chunk_id, worded in words.items():
        meant = (cosines[chunk_id] - low) / span if chunk_id in cosines else worded
        scores[chunk_id] = (
            (1 - weights.meaning) * worded + weights.meaning * meant + weights.page * pages.get(chunk_id, 0.0)
        )
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def reciprocal_rank_fusion(
    rankings: Iterable[Ranking], constant: float = RANK_CONSTANT
) -> list[tuple[str, float]]:
    """(chunk id, score) by the weighted sum of 1 / (constant + rank), best first, ties as first seen.

    Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet (SIGIR 2009).
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, chunk_id in enumerate(ranking.chunk_ids, start=1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + ranking.weight / (constant + rank)
    return sorted(scores.items(), key=lambda item: -item[1])
