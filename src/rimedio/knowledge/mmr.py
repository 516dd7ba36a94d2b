"""Maximal marginal relevance: of passages that say the same, the best one is enough."""

from collections.abc import Mapping, Sequence

import numpy as np

from rimedio.knowledge.embedding.port import Vectors

BALANCE = 0.7  # 1 ranks by relevance alone
ALIKE = 0.95  # cosine from which two passages count as saying the same


def diversify(
    ranked: Sequence[tuple[str, float]],
    vectors: Mapping[str, Vectors],
    limit: int,
    *,
    balance: float = BALANCE,
    alike: float = ALIKE,
) -> list[str]:
    """The first `limit` chunk ids, near-copies of better ones moved back; the best one always stays first.

    A passage loses by how far its likeness to a chosen one passes `alike`; passages without a vector lose
    nothing. Relevance is the score relative to the best (Carbonell and Goldstein, SIGIR 1998).
    """
    rest = list(ranked)
    best = max((score for _, score in rest), default=0.0) or 1.0
    chosen: list[str] = []
    likeness = dict.fromkeys((chunk_id for chunk_id, _ in rest), 0.0)
    while rest and len(chosen) < limit:
        values = [balance * s / best - (1 - balance) * likeness[c] for c, s in rest]
        chunk_id, _ = rest.pop(int(np.argmax(values)))
        chosen.append(chunk_id)
        own = vectors.get(chunk_id)
        if own is None:
            continue
        for other, _ in rest:
            if (vector := vectors.get(other)) is not None:
                excess = max(0.0, (float(own @ vector) - alike) / (1 - alike))
                likeness[other] = max(likeness[other], excess)
    return chosen
