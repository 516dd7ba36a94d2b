"""How close together a passage says the words of a question: pairs side by side, and the best short window.

BM25 counts words wherever they stand; a passage that answers says them together. Of the features tried for a
rerank, these two alone were better on every question set when their weights came from the other sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from rimedio.knowledge.question import Question

PAIR_DISTANCE = 2  # neighbours in the question may have one other word between them in the passage
WINDOW = 25  # terms, about a long sentence


@dataclass(frozen=True, slots=True)
class Proximity:
    """Both 0..1. `pairs`: share of the question's neighbouring words that stand side by side; `window`: share
    of its words, by rarity, that stand in the best window."""

    pairs: float
    window: float


class Measure:
    """Measures passages against one question."""

    def __init__(self, question: Question) -> None:
        self._words = len(question.terms)
        self._weights = rarity(question)
        self._places: dict[str, list[int]] = {}
        for number, term in enumerate(question.terms):
            for form in term.forms:
                if form in question.frequencies:
                    self._places.setdefault(form, []).append(number)

    def proximity(self, body: Sequence[str]) -> Proximity:
        """How close together `body`, terms in their order, says the question's words."""
        places = self._places
        hits = [(at, number) for at, term in enumerate(body) if term in places for number in places[term]]
        return Proximity(_pairs(hits, self._words), _window(hits, self._weights))


def rarity(question: Question) -> list[float]:
    """Inverse document frequency of each content word, by its rarest known form; 0 where unknown."""
    return [_rarity(term.forms, question.frequencies, question.chunks) for term in question.terms]


def _rarity(forms: Sequence[str], frequencies: Mapping[str, int], chunks: int) -> float:
    known = [frequencies[form] for form in forms if form in frequencies]
    if not known:
        return 0.0
    rarest = min(known)
    return log(1 + max(0.0, chunks - rarest + 0.5) / (rarest + 0.5))


def _pairs(hits: Sequence[tuple[int, int]], words: int) -> float:
    if words < 2:
        return 0.0
    found: set[int] = set()
    for place, (at, number) in enumerate(hits):
        for later_at, later in hits[place + 1 :]:
            if later_at - at > PAIR_DISTANCE:
                break
            if later == number + 1 and later_at > at:
                found.add(number)
    return len(found) / (words - 1)


def _window(hits: Sequence[tuple[int, int]], weights: Sequence[float]) -> float:
    total = sum(weights)
    if not total:
        return 0.0
    best = current = 0.0
    counts = [0] * len(weights)
    start = 0
    for at, number in hits:
        counts[number] += 1
        current += weights[number] if counts[number] == 1 else 0.0
        while at - hits[start][0] > WINDOW:
            gone = hits[start][1]
            counts[gone] -= 1
            current -= weights[gone] if counts[gone] == 0 else 0.0
            start += 1
        best = max(best, current)
    return best / total
