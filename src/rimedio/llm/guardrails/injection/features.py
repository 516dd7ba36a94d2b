"""Turns a text into hashed n-grams, with NumPy only: character n-grams and word n-grams, each with its own buckets."""

import re
import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

CHAR_BITS = 16
WORD_BITS = 15
CHAR_BUCKETS = 1 << CHAR_BITS
BUCKETS = CHAR_BUCKETS + (1 << WORD_BITS)
CHAR_NGRAMS = (2, 3, 4, 5)

Indices = NDArray[np.int64]
Floats = NDArray[np.float32]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4)
_BLANKS = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Bag:
    """Buckets that a text falls into, ascending, and how often; character buckets come first."""

    buckets: Indices
    counts: Floats


def bag(text: str) -> Bag:
    """Hashed n-grams of a normalized text. Case and the value of numbers do not matter."""
    plain = _DIGITS.sub("0", _BLANKS.sub(" ", text.lower())).strip()
    indices = np.concatenate([_characters(f" {plain} "), _words(plain)])
    buckets, counts = np.unique(indices, return_counts=True)
    return Bag(buckets.astype(np.int64), counts.astype(np.float32))


def _characters(text: str) -> Indices:
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    grams = []
    for n in CHAR_NGRAMS:
        if len(codes) < n:
            break
        state = np.full(len(codes) - n + 1, n, dtype=np.uint64)
        for offset in range(n):
            state = (state ^ codes[offset : len(codes) - n + 1 + offset]) * _MULTIPLIER
            state ^= state >> np.uint64(29)
        grams.append((state >> np.uint64(64 - CHAR_BITS)).astype(np.int64))
    return np.concatenate(grams) if grams else np.zeros(0, dtype=np.int64)


def _words(text: str) -> Indices:
    """Single tokens, pairs, and pairs with one or two tokens between: "ignore … instructions"."""
    tokens = [zlib.crc32(token.encode()) for token in _TOKEN.findall(text)]
    mixed = tokens + [a * 31 + b * 17 + 1 for a, b in pairwise(tokens)]
    mixed += [a * 37 + b * 19 + 2 for gap in (2, 3) for a, b in zip(tokens, tokens[gap:], strict=False)]
    state = np.array(mixed, dtype=np.uint64) * _MULTIPLIER
    return (state >> np.uint64(64 - WORD_BITS)).astype(np.int64) + CHAR_BUCKETS
