"""Turns texts into hashed n-grams, with NumPy only: character n-grams and word n-grams, each with its own buckets."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHAR_BITS = 16
WORD_BITS = 15
CHAR_BUCKETS = 1 << CHAR_BITS
BUCKETS = CHAR_BUCKETS + (1 << WORD_BITS)
CHAR_NGRAMS = (2, 3, 4, 5)
WORD_GAPS = (1, 2, 3)  # pairs of neighbours, and with one or two words between: "ignore … instructions"

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Floats = NDArray[np.float32]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4)
_BLANKS = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Grams:
    """N-grams of several texts, one entry for each occurrence: in windows this short few occur twice."""

    texts: int
    rows: Indices  # which text
    buckets: Indices  # character buckets come first


def grams(texts: Sequence[str]) -> Grams:
    """Hashed n-grams of normalized texts. Case and the value of numbers do not matter."""
    plain = [_DIGITS.sub("0", _BLANKS.sub(" ", text.lower())).strip() for text in texts]
    keys = np.concatenate([_characters([f" {text} " for text in plain]), _words(plain)])
    rows, buckets = np.divmod(keys, BUCKETS)
    return Grams(len(texts), rows, buckets)


def _characters(texts: list[str]) -> Indices:
    """Keys (text × buckets + bucket) of the character n-grams; none crosses from one text into the next."""
    encoded = "".join(texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(encoded, dtype=np.uint32).astype(np.uint64)
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    keys = []
    for n in CHAR_NGRAMS:
        size = max(0, len(codes) - n + 1)
        state = np.full(size, n, dtype=np.uint64)
        for offset in range(n):
            state = (state ^ codes[offset : offset + size]) * _MULTIPLIER
            state ^= state >> np.uint64(29)
        inside = owners[:size] == owners[n - 1 : n - 1 + size]
        keys.append((owners[:size] * BUCKETS + _bucket(state, CHAR_BITS))[inside])
    return np.concatenate(keys)


def _words(texts: list[str]) -> Indices:
    """Keys of single words and of pairs of words; a punctuation mark is a word."""
    tokens = [_TOKEN.findall(text) for text in texts]
    hashes = np.array(
        [zlib.crc32(t.encode("utf-8", "replace")) for one in tokens for t in one], dtype=np.uint64
    )
    owners = np.repeat(np.arange(len(texts)), [len(one) for one in tokens])
    keys = [owners * BUCKETS + CHAR_BUCKETS + _bucket(hashes * _MULTIPLIER, WORD_BITS)]
    for gap in WORD_GAPS:
        size = max(0, len(hashes) - gap)
        state = hashes[:size] * np.uint64(31 + 2 * min(gap, 2)) + hashes[gap:] * np.uint64(17)
        state = (state ^ (state >> np.uint64(29))) * _MULTIPLIER
        inside = owners[:size] == owners[gap:]
        keys.append((owners[:size] * BUCKETS + CHAR_BUCKETS + _bucket(state, WORD_BITS))[inside])
    return np.concatenate(keys)


def _bucket(state: Hashes, bits: int) -> Indices:
    """Bucket of a hash: its highest bits, which a multiplication mixes best."""
    return (state >> np.uint64(64 - bits)).astype(np.int64)
