"""An embedder without a model: deterministic, instant, for tests and for trying things out."""

import math
import re
import zlib
from collections.abc import Sequence

import numpy as np

from rimedio.knowledge.embedding.port import Vectors


class FakeEmbedder:
    """Hashes words and their character trigrams; texts that share words or stems come out near each other."""

    def __init__(self, dimensions: int = 64, model_id: str = "fake-1") -> None:
        self._dimensions = dimensions
        self._model_id = model_id
        self.embedded: list[str] = []  # every passage it was asked for, so that tests see what was recomputed

    @property
    def model_id(self) -> str:
        """Name and version."""
        return self._model_id

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors [n, dimensions] in the order given."""
        self.embedded.extend(texts)
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self._dimensions)

    def embed_query(self, text: str) -> Vectors:
        """Vector [dimensions] of a question."""
        return self._vector(text)

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self._dimensions, np.float32)
        for word in re.findall(r"\w+", text.lower()):
            padded = f" {word} "
            grams = [padded[i : i + 3] for i in range(len(padded) - 2)]
            for gram in (word, *grams):
                code = zlib.crc32(gram.encode())
                vector[code % self._dimensions] += (1 if code & 0x10000 else -1) / math.sqrt(len(grams))
        length = float(np.linalg.norm(vector))
        if length == 0:  # no words, or they cancel out: any fixed direction is as good
            vector[0] = length = 1.0
        return np.asarray(vector / length, np.float32)
