"""Are today's tickets still those the classifier was trained on?

Compares the inputs (words, lengths), the categories given and the confidence with a profile kept at training
time. The population stability index (PSI) of a distribution below 0.1 means stable, above 0.25 means drift
(the usual rule of credit scoring); Jensen-Shannon divergence (base 2, 0..1) is reported beside it.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.classification.calibration import Probabilities
from rimedio.classification.features import words
from rimedio.domain.errors import InvalidInput, ModelUnavailable

PSI_WATCH, PSI_DRIFT = 0.1, 0.25
ROWS_MIN = 50
WORD_BUCKETS = 64
LENGTH_EDGES = (5, 10, 20, 40, 80, 160)
CONFIDENCE_EDGES = (0.35, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
_FLOOR = 1e-4


class Level(StrEnum):
    """What to do about a distance."""

    STABLE = "STABLE"
    WATCH = "WATCH"
    DRIFT = "DRIFT"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Shares of each kind at training time, on held-out rows; every tuple sums to 1."""

    labels: tuple[str, ...]
    label_shares: tuple[float, ...]
    confidence_shares: tuple[float, ...]
    length_shares: tuple[float, ...]
    word_shares: tuple[float, ...]
    known_words: tuple[int, ...] = ()  # hashes of the words of the training rows
    unknown_word_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Distance:
    """How far one distribution has moved."""

    name: str
    psi: float
    jensen_shannon: float

    @property
    def level(self) -> Level:
        """STABLE below 0.1, DRIFT above 0.25."""
        if self.psi < PSI_WATCH:
            return Level.STABLE
        return Level.WATCH if self.psi <= PSI_DRIFT else Level.DRIFT


@dataclass(frozen=True, slots=True)
class DriftReport:
    """All distances; `level` is the worst of them."""

    rows: int
    distances: tuple[Distance, ...]
    unknown_word_share: float
    unknown_word_share_before: float

    @property
    def level(self) -> Level:
        """The worst level of the distances."""
        order = list(Level)
        return max((d.level for d in self.distances), key=order.index)


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Population stability index: Σ (a − e)·ln(a / e); empty kinds count as 0.0001."""
    e, a = _shares(expected), _shares(actual)
    return float(((a - e) * np.log(a / e)).sum())


def jensen_shannon(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Jensen-Shannon divergence in bits, 0 (equal) to 1 (nothing in common)."""
    e, a = _shares(expected), _shares(actual)
    middle = (e + a) / 2
    return float(((e * np.log2(e / middle)).sum() + (a * np.log2(a / middle)).sum()) / 2)


def _shares(values: Sequence[float]) -> NDArray[np.float64]:
    floored = np.maximum(np.asarray(values, dtype=np.float64), _FLOOR)
    return np.asarray(floored / floored.sum(), dtype=np.float64)


def histogram(values: Sequence[float], edges: Sequence[float]) -> tuple[float, ...]:
    """Shares of the values in the intervals between `edges`, the open ends included."""
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return tuple(float(n) for n in counts / max(1, len(values)))


def _hash(word: str) -> int:
    return zlib.crc32(word.encode())


def profile(
    texts: Sequence[str],
    probabilities: Probabilities,
    labels: tuple[str, ...],
    training_texts: Sequence[str] = (),
    known_words: frozenset[int] | None = None,
) -> Baseline:
    """The shares of `texts` and what was said of them [texts, labels]."""
    tokens = [words(text) for text in texts]
    hashes = [_hash(word) for found in tokens for word in found]
    trained = {_hash(word) for text in training_texts for word in words(text)}
    known = known_words if known_words is not None else frozenset(trained)
    best = np.bincount(probabilities.argmax(axis=1), minlength=len(labels)) / max(1, len(texts))
    buckets = np.bincount([h % WORD_BUCKETS for h in hashes], minlength=WORD_BUCKETS) / max(1, len(hashes))
    return Baseline(
        labels=labels,
        label_shares=tuple(float(x) for x in best),
        confidence_shares=histogram([float(x) for x in probabilities.max(axis=1)], CONFIDENCE_EDGES),
        length_shares=histogram([len(found) for found in tokens], LENGTH_EDGES),
        word_shares=tuple(float(x) for x in buckets),
        known_words=tuple(sorted(known)),
        unknown_word_share=sum(h not in known for h in hashes) / max(1, len(hashes)),
    )


def detect_drift(baseline: Baseline, texts: Sequence[str], probabilities: Probabilities) -> DriftReport:
    """Compare recent texts and their probabilities [texts, labels] with the profile kept at training time.

    Raises InvalidInput for fewer than 50 texts: shares of so few say nothing.
    """
    if len(texts) < ROWS_MIN:
        msg = f"Drift needs {ROWS_MIN} texts or more to be told from chance; got {len(texts)}. Wait for more."
        raise InvalidInput(msg)
    now = profile(texts, probabilities, baseline.labels, known_words=frozenset(baseline.known_words))
    words_seen = sum(len(words(text)) for text in texts)
    pairs = (
        ("labels", baseline.label_shares, now.label_shares, len(texts)),
        ("confidence", baseline.confidence_shares, now.confidence_shares, len(texts)),
        ("length", baseline.length_shares, now.length_shares, len(texts)),
        ("words", baseline.word_shares, now.word_shares, words_seen),
        (
            "unknown words",
            (baseline.unknown_word_share, 1 - baseline.unknown_word_share),
            (now.unknown_word_share, 1 - now.unknown_word_share),
            words_seen,
        ),
    )
    distances = []
    for name, expected, seen, count in pairs:
        actual = smoothed(expected, seen, count)
        distances.append(Distance(name, psi(expected, actual), jensen_shannon(expected, actual)))
    return DriftReport(len(texts), tuple(distances), now.unknown_word_share, baseline.unknown_word_share)


def smoothed(expected: Sequence[float], actual: Sequence[float], count: int) -> tuple[float, ...]:
    """Shares of `count` things drawn towards the expected ones, as by one thing more of each kind.

    A kind that is absent from a small window would otherwise weigh as if it had vanished for good.
    """
    prior = len(expected)
    return tuple((count * a + prior * e) / (count + prior) for e, a in zip(expected, actual, strict=True))


class _BaselineFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    labels: tuple[str, ...]
    label_shares: tuple[float, ...]
    confidence_shares: tuple[float, ...]
    length_shares: tuple[float, ...]
    word_shares: tuple[float, ...]
    known_words: tuple[int, ...]
    unknown_word_share: float


def read_baseline(path: Path) -> Baseline:
    """The profile kept beside a model. Raises ModelUnavailable."""
    try:
        raw = _BaselineFile.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, ValidationError) as error:
        msg = f"There is no usable profile in {path} ({type(error).__name__}). Train the model again."
        raise ModelUnavailable(msg) from error
    return Baseline(**raw.model_dump())
