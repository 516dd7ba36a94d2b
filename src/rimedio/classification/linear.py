"""A linear model over hashed word n-grams, the partner of fastText: the two err on different tickets.

One-against-rest support vector machines with squared hinge loss, trained by dual coordinate descent (Hsieh et
al. 2008), all labels at once, on tf·idf vectors of length 1. NumPy only.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rimedio.classification.features import words

BUCKETS = 1 << 18
COST = 0.4  # C of the literature
EPOCHS = 8
SUBWORD_LETTERS = (3, 4, 5)
RARE_FROM_ROWS = 5_000  # from this many rows on, an n-gram seen in one text only is ignored


@dataclass(frozen=True, slots=True)
class SparseRow:
    """Indices of n-gram buckets and their counts."""

    index: NDArray[np.int64]
    value: NDArray[np.float32]


def hashed_ngrams(text: str, buckets: int, *, subwords: bool) -> SparseRow:
    """Counts, by bucket, of single words, neighbouring pairs and, on demand, 3 to 5 letters of a word."""
    found = words(text)
    grams = [*found, *(f"{a} {b}" for a, b in pairwise(found))]
    if subwords:
        grams += [f"~{part}" for word in found for part in _parts(f"<{word}>")]
    counts = Counter(zlib.crc32(gram.encode()) % buckets for gram in grams)
    index = np.fromiter(counts.keys(), np.int64, len(counts))
    return SparseRow(index, np.fromiter(counts.values(), np.float32, len(counts)))


def _parts(word: str) -> list[str]:
    return [word[i : i + n] for n in SUBWORD_LETTERS for i in range(len(word) - n + 1)]


@dataclass(frozen=True)
class LinearModel:
    """Weights [buckets, labels] and the inverse document frequency of each bucket."""

    weights: NDArray[np.float32]
    idf: NDArray[np.float32]  # [buckets]
    subwords: bool

    def margins(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Signed distances [texts, labels]."""
        rows = (weigh(hashed_ngrams(text, len(self.idf), subwords=self.subwords), self.idf) for text in texts)
        found = [row.value @ self.weights[row.index] for row in rows]
        return np.array(found, dtype=np.float64).reshape(len(texts), self.weights.shape[1])

    def save(self, path: Path) -> None:
        """Write only the buckets in use, as half-precision numbers."""
        used = np.flatnonzero(self.weights.any(axis=1))
        np.savez_compressed(
            path,
            shape=np.array((*self.weights.shape, int(self.subwords))),
            used=used.astype(np.int32),
            weights=self.weights[used].astype(np.float16),
            idf=self.idf[used].astype(np.float16),
        )

    @classmethod
    def load(cls, path: Path) -> "LinearModel":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            buckets, labels, subwords = (int(n) for n in stored["shape"])
            weights = np.zeros((buckets, labels), np.float32)
            idf = np.zeros(buckets, np.float32)
            weights[stored["used"]] = stored["weights"]
            idf[stored["used"]] = stored["idf"]
        return cls(weights, idf, bool(subwords))


def weigh(row: SparseRow, idf: NDArray[np.float32]) -> SparseRow:
    """tf·idf, length 1; a row of unknown n-grams stays all zero."""
    value = row.value * idf[row.index]
    length = float(np.sqrt(value @ value))
    return SparseRow(row.index, value / length if length else value)


def inverse_frequencies(rows: Sequence[SparseRow], buckets: int) -> NDArray[np.float32]:
    """Smoothed inverse document frequency of each bucket; 0 where it never occurs."""
    frequency = np.zeros(buckets, np.int64)
    for row in rows:
        frequency[row.index] += 1
    idf = np.log((1 + len(rows)) / (1 + frequency)) + 1
    idf[frequency < (2 if len(rows) >= RARE_FROM_ROWS else 1)] = 0
    return idf.astype(np.float32)


def train_linear(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    label_count: int,
    *,
    subwords: bool,
    buckets: int = BUCKETS,
    seed: int = 0,
) -> LinearModel:
    """Fit on texts and label indices. The same input and seed give the same weights."""
    counted = [hashed_ngrams(text, buckets, subwords=subwords) for text in texts]
    idf = inverse_frequencies(counted, buckets)
    rows = [weigh(row, idf) for row in counted]
    norms = [float(row.value @ row.value) for row in rows]
    signs = np.where(labels[:, None] == np.arange(label_count), 1.0, -1.0).astype(np.float32)
    weights = np.zeros((buckets, label_count), np.float32)
    alphas = np.zeros((len(rows), label_count), np.float32)
    slack = 1 / (2 * COST)
    rng = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        for i in rng.permutation(len(rows)):
            index, value, sign, alpha = rows[i].index, rows[i].value, signs[i], alphas[i]
            gradient = sign * (value @ weights[index]) - 1 + slack * alpha
            step = np.maximum(alpha - gradient / (norms[i] + slack), 0) - alpha
            if step.any():
                alphas[i] += step
                weights[index] += np.outer(value, step * sign)
    return LinearModel(weights, idf, subwords)
