"""The support score: the probability that a quoted text supports a claim.

A claim that stands in its quote word for word is supported by rule; the rest is judged by a small model over
word and vector features, fitted on labelled claims (tools/fit_support.py; `support.json` and
`support_words.json` say on what). More overlap never lowers it: the trees are monotone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from rimedio.answering.verification.measure import NAMES, WORD_NAMES, Embed, features
from rimedio.answering.verification.quote import contains
from rimedio.answering.verification.trees import Trees

LITERAL = 0.99  # of a claim that is its quote: left below 1, because the manual itself may be wrong
_SCORE_MAX = 0.98


@dataclass(frozen=True)
class SupportModel:
    """Judges with vectors where an embedder is at hand, else by words alone."""

    by_words: Trees
    by_meaning: Trees

    def probability(self, claim: str, evidence: str, language: str, embed: Embed | None = None) -> float:
        """Probability, 0..1, that `evidence` supports `claim`."""
        if contains(claim, evidence):
            return LITERAL
        measured = features(claim, evidence, language, embed)
        if embed is None:
            return min(_SCORE_MAX, self.by_words.probability(select(measured.tolist(), WORD_NAMES)))
        return min(_SCORE_MAX, self.by_meaning.probability(measured.tolist()))


def select(measured: Sequence[float], names: Sequence[str]) -> list[float]:
    """Some of the features, by name."""
    return [float(measured[NAMES.index(n)]) for n in names]


@lru_cache(maxsize=1)
def shipped() -> SupportModel:
    """The model that travels with Rimedio."""
    folder = files("rimedio.answering.verification")
    return SupportModel(
        Trees.parse((folder / "support_words.json").read_text("utf-8")),
        Trees.parse((folder / "support.json").read_text("utf-8")),
    )
