"""A linear model over word n-grams, the partner of fastText: the two err on different tickets.

One-against-rest support vector machines with squared hinge loss, trained by dual coordinate descent (Hsieh et
al. 2008), all labels at once. Each label sees the text through its own weights: tf·idf times the naive-Bayes
log-count ratio of that label (Wang and Manning 2012), length 1. N-grams are known by their CRC-32.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rimedio.classification.features import HEAD_WORDS, words

COST = 0.3  # C of the literature
EPOCHS = 10
RATIO_FLOOR = 0.3  # an n-gram that tells nothing about a label still counts a little
RARE_FROM_ROWS = 5_000  # from this many rows on, an n-gram seen in one text only is ignored
SUBWORD_LETTERS = (3, 4, 5)
HEAD_PAIRS = 8

Floats = NDArray[np.float32]


def _parts(word: str) -> list[str]:
    return [word[i : i + n] for n in SUBWORD_LETTERS for i in range(len(word) - n + 1)]


def count_ngrams(text: str, *, subwords: bool) -> Counter[int]:
    """How often each n-gram (by hash) occurs: words, pairs, first words marked, on demand parts of words."""
    found = words(text)
    head = found[:HEAD_WORDS]
    grams = [*found, *(f"{a} {b}" for a, b in pairwise(found)), *(f"^{word}" for word in head)]
    grams += [f"^{a} {b}" for a, b in pairwise(head[: HEAD_PAIRS + 1])]
    if subwords:
        grams += [f"~{part}" for word in found for part in _parts(f"<{word}>")]
    return Counter(zlib.crc32(gram.encode()) for gram in grams)


@dataclass(frozen=True, slots=True)
class SparseRow:
    """Places of n-grams in the vocabulary, and their counts."""

    index: NDArray[np.int64]
    value: Floats


@dataclass(frozen=True)
class LinearModel:
    """`vocabulary` are sorted hashes [n]; `scale` and `weights` are [n, labels]."""

    vocabulary: NDArray[np.uint32]
    scale: Floats  # idf times naive-Bayes ratio
    weights: Floats
    subwords: bool

    def margins(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Signed distances [texts, labels]; all zero for a text of unknown words."""
        found = np.zeros((len(texts), self.weights.shape[1]))
        for i, text in enumerate(texts):
            row = look_up(count_ngrams(text, subwords=self.subwords), self.vocabulary)
            seen = row.value[:, None] * self.scale[row.index]
            length = np.sqrt((seen**2).sum(axis=0))
            found[i] = (seen * self.weights[row.index]).sum(axis=0) / np.maximum(length, 1e-9)
        return found

    def save(self, path: Path) -> None:
        """Write half-precision numbers."""
        np.savez_compressed(
            path,
            vocabulary=self.vocabulary,
            scale=self.scale.astype(np.float16),
            weights=self.weights.astype(np.float16),
            subwords=np.array(self.subwords),
        )

    @classmethod
    def load(cls, path: Path) -> "LinearModel":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                stored["vocabulary"],
                stored["scale"].astype(np.float32),
                stored["weights"].astype(np.float32),
                bool(stored["subwords"]),
            )


def look_up(counts: Counter[int], vocabulary: NDArray[np.uint32]) -> SparseRow:
    """The known n-grams of a text."""
    hashes = np.fromiter(counts.keys(), np.uint32, len(counts))
    values = np.fromiter(counts.values(), np.float32, len(counts))
    if not len(vocabulary):
        return SparseRow(np.empty(0, np.int64), np.empty(0, np.float32))
    place = np.minimum(np.searchsorted(vocabulary, hashes), len(vocabulary) - 1)
    known = vocabulary[place] == hashes
    return SparseRow(place[known], values[known])


def train_linear(
    texts: Sequence[str], labels: NDArray[np.int64], label_count: int, *, subwords: bool, seed: int = 0
) -> LinearModel:
    """Fit on texts and label indices. The same input and seed give the same weights."""
    counted = [count_ngrams(text, subwords=subwords) for text in texts]
    hashes = np.fromiter((h for counts in counted for h in counts), np.uint32)
    vocabulary, frequency = np.unique(hashes, return_counts=True)
    kept = frequency >= (2 if len(texts) >= RARE_FROM_ROWS else 1)
    vocabulary, frequency = vocabulary[kept], frequency[kept]
    rows = [look_up(counts, vocabulary) for counts in counted]
    idf = (np.log((1 + len(rows)) / (1 + frequency)) + 1).astype(np.float32)
    ratios = count_ratios(rows, labels, label_count, len(vocabulary))
    scale = (idf[:, None] * (RATIO_FLOOR + np.abs(ratios))).astype(np.float32)
    return LinearModel(vocabulary, scale, _descend(rows, scale, labels, seed), subwords)


def count_ratios(rows: Sequence[SparseRow], labels: NDArray[np.int64], label_count: int, size: int) -> Floats:
    """log((p / |p|) / (q / |q|)) of each n-gram and label [size, labels]; p and q count texts, plus 1."""
    inside = np.zeros((size, label_count), np.float64)
    for row, label in zip(rows, labels, strict=True):
        inside[row.index, label] += 1
    outside = inside.sum(axis=1, keepdims=True) - inside
    p, q = inside + 1, outside + 1
    return np.asarray(np.log((p / p.sum(axis=0)) / (q / q.sum(axis=0))), dtype=np.float32)


def _descend(rows: Sequence[SparseRow], scale: Floats, labels: NDArray[np.int64], seed: int) -> Floats:
    """Dual coordinate descent; `slack` is the 1/(2C) that squared hinge loss puts on the diagonal."""
    label_count = scale.shape[1]
    signs = np.where(labels[:, None] == np.arange(label_count), 1.0, -1.0).astype(np.float32)
    weights, alphas = np.zeros_like(scale), np.zeros((len(rows), label_count), np.float32)
    lengths = np.array([np.sqrt(((r.value[:, None] * scale[r.index]) ** 2).sum(axis=0)) for r in rows])
    slack = np.float32(1 / (2 * COST))
    shares = (1 / np.maximum(lengths, 1e-9)).astype(np.float32)
    norms = (lengths > 0).astype(np.float32)
    rng = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        for i in rng.permutation(len(rows)):
            index, sign, alpha = rows[i].index, signs[i], alphas[i]
            seen = rows[i].value[:, None] * scale[index] * shares[i]
            own = weights[index]
            gradient = sign * (seen * own).sum(axis=0) - 1 + slack * alpha
            step = np.maximum(alpha - gradient / (norms[i] + slack), 0) - alpha
            alphas[i] = alpha + step
            weights[index] = own + seen * (step * sign)
    return weights
