"""A second look at the best candidates: how close together they say the question's words, and, where one is
plugged in, a cross-encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rimedio.domain.knowledge import Chunk
from rimedio.knowledge.lexicon import stored_terms
from rimedio.knowledge.proximity import proximity
from rimedio.knowledge.question import Question


class CrossEncoder(Protocol):
    """Reads question and passage together. Slow and precise, so it sees the first few candidates only."""

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """How well each text answers the question; only the order matters."""
        ...


@dataclass(frozen=True, slots=True)
class RerankWeights:
    """What proximity adds to a fused score, at most. Flat around these values; see the benchmark."""

    pairs: float = 0.3
    window: float = 0.3
    cross_encoded: int = 20  # candidates that a cross-encoder sees


def rerank_results(
    question: Question,
    ranked: Sequence[tuple[str, float]],
    chunks: Mapping[str, Chunk],
    weights: RerankWeights,
    encoder: CrossEncoder | None = None,
) -> list[tuple[str, float]]:
    """`ranked` (chunk id, score) in a better order; ids without a chunk are left out.

    Proximity counts by the square of the share of the question's words that the index knows, as words do in
    fusion. An exact code keeps its place: its score is beyond what is added here.
    """
    trust = question.known_terms**2
    scored = []
    for chunk_id, score in ranked:
        chunk = chunks.get(chunk_id)
        if chunk is not None:
            near = proximity(question, stored_terms(chunk.text, chunk.language))
            added = weights.pairs * near.pairs + weights.window * near.window
            scored.append((chunk_id, score + trust * added))
    scored.sort(key=lambda item: (-item[1], item[0]))
    return scored if encoder is None else _encoded(question, scored, chunks, encoder, weights.cross_encoded)


def _encoded(
    question: Question,
    scored: Sequence[tuple[str, float]],
    chunks: Mapping[str, Chunk],
    encoder: CrossEncoder,
    count: int,
) -> list[tuple[str, float]]:
    """The first `count` in the encoder's order, keeping the scores of their new places."""
    seen = [chunk_id for chunk_id, _ in scored[:count]]
    values = encoder.score(question.text, [chunks[chunk_id].embedding_text for chunk_id in seen])
    order = sorted(range(len(seen)), key=lambda i: -values[i])
    return [*((seen[i], scored[place][1]) for place, i in enumerate(order)), *scored[count:]]
