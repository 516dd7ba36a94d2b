"""Finds prompt injections in tickets and in retrieved passages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rimedio.llm.guardrails.injection.model import LinearModel, features, shipped
from rimedio.llm.guardrails.injection.signs import SIGNS

# Chosen on the cross-validated training rows: F1 is flat from .3 to .5, and a missed attack costs more than a review.
THRESHOLD = 0.35
WINDOW_CHARS = (
    160  # a sentence or two; shorter loses context, longer hides an attack among harmless sentences
)
TEXT_CHARS_MAX = 200_000  # a longer text is judged by its first part; passages and tickets are far shorter
_SENTENCE_END = re.compile(r"(?<=[.!?\n])\s+")


@dataclass(frozen=True, slots=True)
class InjectionVerdict:
    """Whether a text is an injection: calibrated probability, the words that look most like it, and the signs."""

    flagged: bool
    probability: float
    excerpt: str
    signs: tuple[str, ...]


class InjectionDetector:
    """Judges texts with a linear model; a long text window by window, since an attack may hide in one sentence."""

    def __init__(self, model: LinearModel | None = None, *, threshold: float = THRESHOLD) -> None:
        self._model = model
        self._threshold = threshold

    def inspect(self, text: str) -> InjectionVerdict:
        """Verdict on `text`. Raises ModelUnavailable when the weights are missing."""
        model = self._model or shipped()
        parts = list(windows(text[:TEXT_CHARS_MAX]))
        given = features(parts)
        chances = model.probabilities(given)
        worst = int(chances.argmax())
        found = bool(chances[worst] >= self._threshold)
        excerpt = parts[worst].strip() if found else ""
        named = tuple(name for name, value in zip(SIGNS, given.signs[worst], strict=True) if value)
        return InjectionVerdict(found, float(chances[worst]), excerpt, named)


def windows(text: str) -> Iterator[str]:
    """Stretches of whole sentences of about `WINDOW_CHARS`; a short text is one stretch."""
    if len(text) <= 1.5 * WINDOW_CHARS:
        yield text
        return
    current = ""
    for sentence in _SENTENCE_END.split(text):
        for start in range(0, len(sentence), WINDOW_CHARS):
            piece = sentence[start : start + WINDOW_CHARS]
            if current and len(current) + len(piece) > WINDOW_CHARS:
                yield current
                current = ""
            current = f"{current} {piece}" if current else piece
    if current:
        yield current
