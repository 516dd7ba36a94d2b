"""From evidence to a probability that can be believed: fitting, checking, choosing a threshold. NumPy only.

- `fit_logistic`: regularised logistic regression by Newton's method; its output is calibrated by design.
- `isotonic`: pool-adjacent-violators, for scores whose order is right but whose size is not.
- `reliability`, `expected_calibration_error`: does "80 %" come true four times in five?
- `coverage_table`: of the answers sent at this threshold, how many were wrong?
- `threshold_for`: the lowest threshold whose error rate stays below a wanted one with given confidence:
  fixed sequence testing from the strictest threshold down, each with an exact binomial (Clopper-Pearson)
  bound, as in "Learn then Test" (Angelopoulos et al., 2021).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Vector = NDArray[np.float64]
Labels = NDArray[np.bool_]

GRID = tuple(round(1 - i / 20, 2) for i in range(1, 21))  # 0.95, 0.90, … 0.00: thresholds that are tried
_STEPS_MAX = 100
_CONVERGED = 1e-10
_BISECTIONS = 60


@dataclass(frozen=True)
class Logistic:
    """Logistic regression over named, standardised features."""

    features: tuple[str, ...]
    mean: Vector
    scale: Vector
    weights: Vector
    intercept: float

    def probability(self, row: Mapping[str, float]) -> float:
        """Probability, 0..1, for one row of features by name."""
        return float(self.probabilities(np.array([[row[f] for f in self.features]]))[0])

    def usual(self, feature: str) -> float:
        """The mean of a feature in the rows it was fitted on: what stands for a value that is missing."""
        return float(self.mean[self.features.index(feature)])

    def probabilities(self, rows: Vector) -> Vector:
        """Probabilities [n] for rows [n, features]."""
        scores = ((rows - self.mean) / self.scale) @ self.weights + self.intercept
        result: Vector = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
        return result


class LogisticFile(BaseModel):
    """The JSON form, with where it comes from."""

    model_config = ConfigDict(extra="forbid")
    provenance: dict[str, str | int | float]
    features: list[str]
    mean: list[float]
    scale: list[float]
    weights: list[float]
    intercept: float

    @classmethod
    def of(cls, model: Logistic, provenance: dict[str, str | int | float]) -> "LogisticFile":
        """The form of `model`, numbers rounded to six digits."""
        return cls(
            provenance=provenance,
            features=list(model.features),
            mean=[round(float(v), 6) for v in model.mean],
            scale=[round(float(v), 6) for v in model.scale],
            weights=[round(float(v), 6) for v in model.weights],
            intercept=round(model.intercept, 6),
        )

    def model(self) -> Logistic:
        """The model described."""
        return Logistic(
            tuple(self.features),
            np.array(self.mean),
            np.array(self.scale),
            np.array(self.weights),
            self.intercept,
        )


@lru_cache(maxsize=4)
def shipped(name: str = "confidence") -> Logistic:
    """A model that travels with Rimedio: "confidence" or "relevance"."""
    text = (files("rimedio.answering") / f"{name}.json").read_text("utf-8")
    return LogisticFile.model_validate_json(text).model()


def fit_logistic(
    features: Sequence[str],
    rows: Vector,
    labels: Labels,
    *,
    penalty: float = 1.0,
    weights: Vector | None = None,
) -> Logistic:
    """Fit `rows` [n, features] to `labels` [n]; `penalty` is L2 on standardised weights."""
    mean = rows.mean(axis=0)
    scale = np.where(rows.std(axis=0) > 1e-9, rows.std(axis=0), 1.0)
    design = np.hstack([(rows - mean) / scale, np.ones((len(rows), 1))])
    ridge = np.diag([penalty] * rows.shape[1] + [1e-6])
    share = np.ones(len(rows)) if weights is None else weights
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS_MAX):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (share * (p - labels)) + ridge @ beta
        hessian = (design * (share * p * (1 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(hessian, gradient)
        beta = beta - step
        if float(np.abs(step).max()) < _CONVERGED:
            break
    return Logistic(tuple(features), mean, scale, beta[:-1], float(beta[-1]))


def isotonic(scores: Vector, labels: Labels) -> Vector:
    """Calibrated probability for each score: the best non-decreasing fit (pool adjacent violators)."""
    order = np.argsort(scores, kind="stable")
    sums: list[float] = []
    counts: list[int] = []
    for label in labels[order]:
        sums.append(float(label))
        counts.append(1)
        while len(sums) > 1 and sums[-2] / counts[-2] >= sums[-1] / counts[-1]:
            last_sum, last_count = sums.pop(), counts.pop()
            sums[-1] += last_sum
            counts[-1] += last_count
    fitted = np.repeat([s / c for s, c in zip(sums, counts, strict=True)], counts)
    result = np.empty(len(scores))
    result[order] = fitted
    return result


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidence lies between `low` and `high`: what was promised and what came true."""

    low: float
    high: float
    answers: int
    confidence: float
    right: float


def reliability(probabilities: Vector, labels: Labels, bins: int = 5) -> list[Bin]:
    """Bins of equal width that hold any answer, lowest first."""
    at = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        Bin(
            i / bins,
            (i + 1) / bins,
            int((at == i).sum()),
            float(probabilities[at == i].mean()),
            float(labels[at == i].mean()),
        )
        for i in range(bins)
        if (at == i).any()
    ]


def expected_calibration_error(probabilities: Vector, labels: Labels, bins: int = 5) -> float:
    """Mean distance between promise and truth, weighted by the answers in each bin."""
    found = reliability(probabilities, labels, bins)
    return sum(b.answers * abs(b.confidence - b.right) for b in found) / max(1, len(labels))


@dataclass(frozen=True, slots=True)
class Coverage:
    """At `threshold`: the share of answers sent, the share of those that were wrong, its upper bound."""

    threshold: float
    sent: int
    share: float
    wrong: float
    wrong_at_most: float


def coverage_table(
    probabilities: Vector, labels: Labels, thresholds: Sequence[float], doubt: float = 0.1
) -> list[Coverage]:
    """One row for each threshold; the bound holds with probability 1 - `doubt`."""
    rows = []
    for threshold in thresholds:
        sent = probabilities >= threshold
        count, wrong = int(sent.sum()), int((sent & ~labels).sum())
        rows.append(
            Coverage(
                threshold,
                count,
                count / max(1, len(labels)),
                wrong / max(1, count),
                upper_bound(wrong, count, doubt),
            )
        )
    return rows


def threshold_for(
    probabilities: Vector, labels: Labels, error_max: float, doubt: float = 0.1
) -> float | None:
    """Lowest confidence to send at, so that at most `error_max` are wrong with probability 1 - `doubt`.

    Tried are the steps of GRID from the strictest down, until one fails; the grid is fixed beforehand, so the
    promise holds for the step chosen. None when the labelled answers are too few or too wrong for any.
    """
    chosen = None
    needed = math.ceil(math.log(doubt) / math.log(1 - error_max))  # fewer answers cannot prove it at all
    for threshold in GRID:
        sent = probabilities >= threshold
        count = int(sent.sum())
        if count < needed:
            continue
        if upper_bound(int((sent & ~labels).sum()), count, doubt) > error_max:
            break
        chosen = threshold
    return chosen


def upper_bound(wrong: int, count: int, doubt: float) -> float:
    """Clopper-Pearson: the largest error rate under which so few wrong ones still happen with `doubt`."""
    if count == 0 or wrong >= count:
        return 1.0
    low, high = wrong / count, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _at_most(wrong, count, middle) > doubt:
            low = middle
        else:
            high = middle
    return high


def _at_most(wrong: int, count: int, rate: float) -> float:
    """Probability of at most `wrong` errors in `count` at this rate."""
    if rate >= 1.0:
        return 0.0
    logs = [
        math.lgamma(count + 1)
        - math.lgamma(k + 1)
        - math.lgamma(count - k + 1)
        + (k * math.log(rate) if k else 0.0)
        + (count - k) * math.log1p(-rate)
        for k in range(wrong + 1)
    ]
    return float(sum(math.exp(v) for v in logs))
