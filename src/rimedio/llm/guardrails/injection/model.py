"""A linear model over hashed n-grams and signs: what ships is its weights, and NumPy is all it needs."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rimedio.domain.errors import ModelUnavailable
from rimedio.llm.guardrails.injection.features import BUCKETS, CHAR_BUCKETS, Bag, Floats, bag
from rimedio.llm.guardrails.injection.normalize import normalize
from rimedio.llm.guardrails.injection.signs import SIGNS, signs

WEIGHTS_FILE = "weights.npz"
SIGN_SCALE = 0.6  # chosen by cross-validation; larger drowns the n-grams, smaller loses what the signs generalize


@dataclass(frozen=True, slots=True)
class Sample:
    """A text as the model sees it."""

    grams: Bag
    signs: tuple[float, ...]


def sample(text: str) -> Sample:
    """Features of a text."""
    plain = normalize(text)
    # Only a real disguise counts: a ligature or a non-breaking space that a PDF left behind is none.
    disguised = abs(len(plain) - len(text)) > max(8, len(text) // 10)
    return Sample(bag(plain), tuple(signs(plain, disguised=disguised)))


def scaled(grams: Bag, idf: Floats) -> tuple[NDArray[np.int64], Floats]:
    """TF-IDF values (sublinear term frequency) of known buckets, characters and words each brought to length 1.

    Unknown n-grams have no value but add to the length: what the model has never seen makes it less sure.
    """
    weight = idf[grams.buckets]
    known = weight > 0
    values = (1 + np.log(grams.counts)) * np.where(known, weight, idf.max())
    split = int(np.searchsorted(grams.buckets, CHAR_BUCKETS))
    for part in (slice(0, split), slice(split, None)):
        length = float(np.sqrt(np.dot(values[part], values[part])))
        if length > 0:
            values[part] /= length
    return grams.buckets[known], values[known].astype(np.float32)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights: `idf` and `grams` [buckets], `signs` [signs], and a bias, in units of log-odds."""

    idf: Floats
    grams: Floats
    signs: Floats
    bias: float

    def probability(self, text: str) -> float:
        """Probability that `text` as a whole is an injection, 0..1."""
        return self.probabilities([sample(text)])[0]

    def probabilities(self, samples: Sequence[Sample]) -> list[float]:
        """Probability of each sample, 0..1."""
        return [1 / (1 + float(np.exp(-self._log_odds(one)))) for one in samples]

    def _log_odds(self, one: Sample) -> float:
        buckets, values = scaled(one.grams, self.idf)
        given = np.array(one.signs, dtype=np.float32) * SIGN_SCALE
        return float(np.dot(self.grams[buckets], values) + np.dot(self.signs, given) + self.bias)

    def to_bytes(self) -> bytes:
        """Compressed weights: n-gram weights in 8 bits, which moves no probability by more than a percent."""
        scale = float(np.abs(self.grams).max()) / 127 or 1.0
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            idf=self.idf.astype(np.float16),
            grams=np.round(self.grams / scale).astype(np.int8),
            signs=self.signs.astype(np.float32),
            scalars=np.array([scale, self.bias], dtype=np.float64),
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Weights that `to_bytes` wrote. Raises ModelUnavailable when they do not fit this program."""
        try:
            with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
                scale, bias = (float(x) for x in stored["scalars"])
                model = cls(
                    stored["idf"].astype(np.float32),
                    stored["grams"].astype(np.float32) * np.float32(scale),
                    stored["signs"].astype(np.float32),
                    bias,
                )
        except (OSError, ValueError, KeyError) as error:
            msg = f"The injection model cannot be read ({error}). Reinstall Rimedio or run tools/fit_injection.py."
            raise ModelUnavailable(msg) from error
        if model.grams.shape != (BUCKETS,) or model.signs.shape != (len(SIGNS),):
            msg = "The injection model belongs to another version of Rimedio. Run tools/fit_injection.py."
            raise ModelUnavailable(msg)
        return model


@cache
def shipped() -> LinearModel:
    """The model that comes with Rimedio. Raises ModelUnavailable when it is missing."""
    try:
        raw = (files("rimedio.llm.guardrails.injection") / WEIGHTS_FILE).read_bytes()
    except OSError as error:
        msg = f"The injection model {WEIGHTS_FILE} is missing ({error}). Reinstall Rimedio."
        raise ModelUnavailable(msg) from error
    return LinearModel.from_bytes(raw)
