"""A small ensemble of decision trees in NumPy, read from JSON: probability = sigmoid(start + sum of leaves).

The trees are grown at build time (tools/fit_support.py, tools/fit_relevance.py) with monotone constraints,
so that more overlap can never lower a score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Matrix = NDArray[np.float64]


class TreesFile(BaseModel):
    """The JSON form. `nodes` of a tree: [feature, threshold, left, right] or [-1, value, 0, 0] for a leaf."""

    model_config = ConfigDict(extra="forbid")
    features: list[str]
    start: float
    trees: list[list[tuple[int, float, int, int]]]
    threshold: float = 0.5
    provenance: dict[str, str | int | float] = {}


@dataclass(frozen=True)
class Trees:
    """Decision trees over named features."""

    features: tuple[str, ...]
    start: float
    threshold: float  # at or above it the answer is yes
    nodes: tuple[tuple[tuple[int, float, int, int], ...], ...]

    @classmethod
    def parse(cls, text: str) -> "Trees":
        """Read the JSON form."""
        file = TreesFile.model_validate_json(text)
        return cls(tuple(file.features), file.start, file.threshold, tuple(tuple(t) for t in file.trees))

    def probability(self, row: Mapping[str, float] | Sequence[float]) -> float:
        """Probability for one row of features, in the order of `features` or by name."""
        values = [row[f] for f in self.features] if isinstance(row, Mapping) else list(row)
        score = self.start + sum(self._leaf(tree, values) for tree in self.nodes)
        return float(1 / (1 + np.exp(-score)))

    @staticmethod
    def _leaf(tree: Sequence[tuple[int, float, int, int]], values: Sequence[float]) -> float:
        at = 0
        while True:
            feature, number, left, right = tree[at]
            if feature < 0:
                return number
            at = left if values[feature] <= number else right
