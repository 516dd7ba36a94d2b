"""Grows the small monotone tree ensembles that ship as JSON: scikit-learn to build, NumPy to run."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rimedio.answering.verification.trees import Trees

SEED = 20240501
# A thousand rows: OpenMP's threads cost more than they save, and on a busy machine ten times as much.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@dataclass(frozen=True)
class Growth:
    """How trees are grown."""

    rounds: int = 150
    rate: float = 0.04
    leaves: int = 6
    leaf_rows: int = 20
    share: float = 0.5  # of the features, tried at each split
    penalty: float = 1.0


def grow(
    rows: NDArray[np.float64],
    labels: NDArray[np.int_],
    features: Sequence[str],
    monotone: Sequence[int],
    *,
    growth: Growth | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Trees:
    """Fit `rows` [n, features] to 0/1 labels. `monotone` holds -1, 0 or 1 for each feature."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    how = growth or Growth()
    model = HistGradientBoostingClassifier(
        max_iter=how.rounds,
        learning_rate=how.rate,
        max_leaf_nodes=how.leaves,
        min_samples_leaf=how.leaf_rows,
        l2_regularization=how.penalty,
        max_features=how.share,
        monotonic_cst=list(monotone),
        early_stopping=False,
        random_state=SEED,
    ).fit(rows, labels, sample_weight=weights)
    return Trees(
        tuple(features),
        float(np.ravel(model._baseline_prediction)[0]),  # noqa: SLF001 - no public way out
        0.5,
        tuple(_nodes(predictor[0].nodes) for predictor in model._predictors),  # noqa: SLF001 - as above
    )


def _nodes(nodes: np.ndarray) -> tuple[tuple[int, float, int, int], ...]:
    return tuple(
        (-1, round(float(n["value"]), 5), 0, 0)
        if n["is_leaf"]
        else (int(n["feature_idx"]), float(f"{n['num_threshold']:.6g}"), int(n["left"]), int(n["right"]))
        for n in nodes
    )


def to_json(trees: Trees, provenance: dict[str, str | int | float]) -> str:
    """The shipped form, one tree a line."""
    lines = ",\n  ".join(json.dumps(list(map(list, t))) for t in trees.nodes)
    head = json.dumps(
        {
            "provenance": provenance,
            "features": list(trees.features),
            "start": round(trees.start, 6),
            "threshold": trees.threshold,
        },
        indent=1,
    )
    return head[:-2] + f',\n "trees": [\n  {lines}\n ]\n}}\n'
