"""Finds prompt injections in tickets and in retrieved passages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rimedio.llm.guardrails.injection.model import LinearModel, features, shipped
from rimedio.llm.guardrails.injection.signs import SIGNS

# F1 on the cross-validated training rows is flat from .3 to .5, and there a missed attack costs more than a review.
THRESHOLD = 0.3
# The more windows, the likelier that a harmless one looks odd by chance: longer texts need more.
THRESHOLD_LONG = 0.5
LONG_WINDOWS_MIN = 4
# A passage of a manual was loaded by somebody trusted, and leaving out a true one costs an answer: at .7 one passage
# in fifty of real manuals is left out, and six of seven planted attacks are found.
THRESHOLD_PASSAGE = 0.7
WINDOW_CHARS = (
    160  # a sentence or two; shorter loses context, longer hides an attack among harmless sentences
)
TEXT_CHARS_MAX = 200_000  # a longer text is judged by its first part; passages and tickets are far shorter
_SENTENCE_END = re.compile(r"(?<=[.!?\n])\s+")


@dataclass(frozen=True, slots=True)
class InjectionVerdict:
    """Whether a text is an injection: probability of its worst window, its words, and the signs in it."""

    flagged: bool
    probability: float
    excerpt: str
    signs: tuple[str, ...]


class InjectionDetector:
    """Judges texts with a linear model; a long text window by window, since an attack may hide in one sentence."""

    def __init__(self, model: LinearModel | None = None) -> None:
        self._model = model

    def inspect(self, text: str) -> InjectionVerdict:
        """Verdict on what somebody wrote. Raises ModelUnavailable when the weights are missing."""
        parts = list(windows(text[:TEXT_CHARS_MAX]))
        return self._judge(parts, THRESHOLD if len(parts) < LONG_WINDOWS_MIN else THRESHOLD_LONG)

    def inspect_passage(self, text: str) -> InjectionVerdict:
        """Verdict on a passage of the knowledge. Raises ModelUnavailable when the weights are missing."""
        return self._judge(list(windows(text[:TEXT_CHARS_MAX])), THRESHOLD_PASSAGE)

    def _judge(self, parts: list[str], threshold: float) -> InjectionVerdict:
        given = features(parts)
        chances = (self._model or shipped()).probabilities(given)
        worst = int(chances.argmax())
        found = bool(chances[worst] >= threshold)
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
