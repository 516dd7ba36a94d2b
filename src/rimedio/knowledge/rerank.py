"""A second look at the best candidates: how close together they say the question's words, and, where one is
plugged in, a cross-encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rimedio.domain.knowledge import Chunk
from rimedio.knowledge.index.port import ChunkTerms
from rimedio.knowledge.lexicon import TAGS
from rimedio.knowledge.proximity import Measure
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


def rerank_results(
    question: Question,
    ranked: Sequence[tuple[str, float]],
    terms: Mapping[str, ChunkTerms],
    weights: RerankWeights,
) -> list[tuple[str, float]]:
    """`ranked` (chunk id, score) in a better order; ids without terms are left out.

    Proximity counts by the square of the share of the question's words that the index knows in the language
    that knows most of them, as words do in fusion. An exact code keeps its place: its score is beyond reach.
    """
    trust = max(len(question.in_language(tag)) for tag in TAGS) / max(1, len(question.terms))
    measure = Measure(question)
    scored = []
    for chunk_id, score in ranked:
        if chunk_id in terms:
            near = measure.proximity(terms[chunk_id].body)
            added = weights.pairs * near.pairs + weights.window * near.window
            scored.append((chunk_id, score + trust**2 * added))
    return sorted(scored, key=lambda item: (-item[1], item[0]))


def cross_encode(
    question: Question,
    ranked: Sequence[tuple[str, float]],
    chunks: Mapping[str, Chunk],
    encoder: CrossEncoder,
) -> list[tuple[str, float]]:
    """`ranked` with the chunks given in the encoder's order; scores stay with the places."""
    seen = [chunk_id for chunk_id, _ in ranked if chunk_id in chunks]
    values = encoder.score(question.text, [chunks[chunk_id].embedding_text for chunk_id in seen])
    order = sorted(range(len(seen)), key=lambda i: -values[i])
    scores = [score for chunk_id, score in ranked if chunk_id in chunks]
    rest = [(chunk_id, score) for chunk_id, score in ranked if chunk_id not in chunks]
    return [*zip((seen[i] for i in order), scores, strict=True), *rest]
