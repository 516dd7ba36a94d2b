"""The port of text embedders."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # [n, dimensions], rows of length 1


class Embedder(Protocol):
    """Turns text into vectors of length 1 whose dot product is a similarity."""

    @property
    def model_id(self) -> str:
        """Name and version; vectors of different ids are never compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of stored texts, in the order given."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """Vector [dimensions] of a question."""
        ...
