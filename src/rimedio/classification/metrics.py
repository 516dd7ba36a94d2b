"""How good a classifier is: accuracy, macro-F1, expected calibration error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 15


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label's precision, recall, F1 (0..1) and number of examples."""

    label: str
    precision: float
    recall: float
    f1: float
    rows: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores on rows that were not trained on."""

    accuracy: float
    macro_f1: float
    ece: float
    rows: int
    labels: tuple[LabelScore, ...]


def label_scores(truth: Sequence[str], guesses: Sequence[str]) -> tuple[LabelScore, ...]:
    """Scores of each label that occurs in `truth`."""
    found = []
    for label in sorted(set(truth)):
        hits = sum(t == g == label for t, g in zip(truth, guesses, strict=True))
        rows, said = truth.count(label), guesses.count(label)
        precision, recall = hits / said if said else 0.0, hits / rows
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        found.append(LabelScore(label, precision, recall, f1, rows))
    return tuple(found)


def expected_calibration_error(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], bins: int = ECE_BINS
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by rows (Guo et al. 2017)."""
    if not len(confidences):
        return 0.0
    index = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [
        (index == b).mean() * abs(float(confidences[index == b].mean()) - float(right[index == b].mean()))
        for b in np.unique(index)
    ]
    return float(sum(gaps))


def score(labels: Sequence[str], probabilities: NDArray[np.float64], truth: Sequence[str]) -> Scores:
    """Score probabilities [rows, labels] against the true labels."""
    best = probabilities.argmax(axis=1)
    guesses = [labels[i] for i in best]
    right = np.array([g == t for g, t in zip(guesses, truth, strict=True)], dtype=np.bool_)
    by_label = label_scores(list(truth), guesses)
    return Scores(
        accuracy=float(right.mean()),
        macro_f1=sum(s.f1 for s in by_label) / len(by_label),
        ece=expected_calibration_error(probabilities.max(axis=1), right),
        rows=len(guesses),
        labels=by_label,
    )
