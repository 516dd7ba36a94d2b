"""Second looks at the best candidates: the plug-in point for a cross-encoder, and `rerank_results`."""

from collections.abc import Sequence
from typing import Protocol

from rimedio.domain.knowledge import Passage


class CrossEncoder(Protocol):
    """Reads question and passage together. Slow and precise, so it sees the first few candidates only."""

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """How well each text answers the question; only the order matters."""
        ...


def rerank_results(
    question: str, passages: Sequence[Passage], encoder: CrossEncoder | None, limit: int = 20
) -> list[Passage]:
    """The passages with the first `limit` in the encoder's order; ranks are renewed.

    Passages that define a code the question names stay in front: that rule comes before any score.
    Without an encoder nothing changes.
    """
    if encoder is None or not passages:
        return list(passages)
    fixed = [p for p in passages if p.signals.code_match]
    others = [p for p in passages if not p.signals.code_match]
    seen, unseen = others[:limit], others[limit:]
    scores = encoder.score(question, [p.chunk.embedding_text for p in seen])
    order = sorted(range(len(seen)), key=lambda i: -scores[i])
    ranked = [*fixed, *(seen[i] for i in order), *unseen]
    return [Passage(p.chunk, rank, p.score, p.signals) for rank, p in enumerate(ranked, start=1)]
