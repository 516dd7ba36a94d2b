"""Temperature scaling: make a probability of 0.8 be right eight times in ten (Guo et al. 2017)."""

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]  # [rows, labels], rows sum to 1
TEMPERATURE_MIN, TEMPERATURE_MAX = 0.05, 20.0
_FLOOR = 1e-9


def softmax(scores: NDArray[np.float64]) -> Probabilities:
    """Scores [rows, labels] to probabilities."""
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), dtype=np.float64)


def with_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """Flatter (above 1) or sharper (below 1); the order of the labels stays."""
    return softmax(np.log(np.maximum(probabilities, _FLOOR)) / temperature)


def log_loss(probabilities: Probabilities, truth: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of the true label indices."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], _FLOOR)).mean())


def fit_temperature(probabilities: Probabilities, truth: NDArray[np.int64]) -> float:
    """The temperature of least log-loss on held-out rows, by golden-section search over its logarithm."""
    ratio = (np.sqrt(5.0) - 1) / 2
    low, high = np.log(TEMPERATURE_MIN), np.log(TEMPERATURE_MAX)
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if log_loss(with_temperature(probabilities, float(np.exp(left))), truth) < log_loss(
            with_temperature(probabilities, float(np.exp(right))), truth
        ):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
