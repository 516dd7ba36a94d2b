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
from rimedio.llm.guardrails.injection.features import BUCKETS, CHAR_BUCKETS, Floats, Grams, grams
from rimedio.llm.guardrails.injection.normalize import normalize
from rimedio.llm.guardrails.injection.signs import SIGNS, signs

WEIGHTS_FILE = "weights.npz"
SIGN_SCALE = (
    0.6  # chosen by cross-validation; larger drowns the n-grams, smaller loses what the signs generalize
)


@dataclass(frozen=True, slots=True)
class Features:
    """Texts as the model sees them: n-grams, and signs [texts, signs]."""

    grams: Grams
    signs: Floats


def features(texts: Sequence[str]) -> Features:
    """Features of texts, each judged by itself."""
    plain = [normalize(text) for text in texts]
    # Only a real disguise counts: a ligature or a non-breaking space that a PDF left behind is none.
    found = [
        signs(after, disguised=abs(len(after) - len(before)) > max(8, len(before) // 10))
        for before, after in zip(texts, plain, strict=True)
    ]
    return Features(grams(plain), np.array(found, dtype=np.float32).reshape(len(texts), len(SIGNS)))


def scaled(counted: Grams, idf: Floats) -> Floats:
    """Value of each entry: its idf, divided so that characters and words of a text each have length 1.

    Unknown n-grams have no value but add to the length: what the model has never seen makes it less sure.
    """
    weight = idf[counted.buckets]
    values = np.where(weight > 0, weight, idf.max())
    parts = counted.rows * 2 + (counted.buckets >= CHAR_BUCKETS)
    lengths = np.sqrt(np.bincount(parts, weights=values * values, minlength=2 * counted.texts))
    return np.where(weight > 0, values / np.maximum(lengths[parts], 1e-9), 0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights: `idf` and `grams` [buckets], `signs` [signs], and a bias, in units of log-odds."""

    idf: Floats
    grams: Floats
    signs: Floats
    bias: float

    def probability(self, text: str) -> float:
        """Probability that `text` as a whole is an injection, 0..1."""
        return float(self.probabilities(features([text]))[0])

    def probabilities(self, given: Features) -> NDArray[np.float64]:
        """Probability of each text, 0..1."""
        counted = given.grams
        weighted = scaled(counted, self.idf) * self.grams[counted.buckets]
        from_grams = np.bincount(counted.rows, weights=weighted, minlength=counted.texts)
        odds = from_grams + given.signs @ self.signs * SIGN_SCALE + self.bias
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)

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
