"""Is one classifier better than another on the same rows? Exact McNemar test and a paired bootstrap.

McNemar (1947) in its exact form: only rows count that one model gets right and the other wrong; under equal
skill each such row is a fair coin. The bootstrap resamples rows, both models' answers together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
INTERVAL = (2.5, 97.5)  # percent: a 95 % interval
Hits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PairedAnswers:
    """The truth of each row and what both models said."""

    truth: tuple[str, ...]
    champion: tuple[str, ...]
    challenger: tuple[str, ...]

    def __add__(self, other: "PairedAnswers") -> "PairedAnswers":
        return PairedAnswers(
            self.truth + other.truth, self.champion + other.champion, self.challenger + other.challenger
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the challenger did against the champion. Differences are challenger minus champion."""

    rows: int
    champion_right: int
    challenger_right: int
    only_champion: int  # rows that only the champion gets right
    only_challenger: int
    p_value: float  # one-sided: as many wins of the challenger by chance alone
    difference_low: float  # 95 % interval of the difference in accuracy
    difference_high: float

    @property
    def difference(self) -> float:
        """Accuracy of the challenger minus the champion's."""
        return (self.challenger_right - self.champion_right) / max(1, self.rows)


def compare(answers: PairedAnswers, seed: int = 0) -> Comparison:
    """Compare both models' answers; no rows compare as equal."""
    champion = np.array([t == g for t, g in zip(answers.truth, answers.champion, strict=True)], dtype=bool)
    challenger = np.array(
        [t == g for t, g in zip(answers.truth, answers.challenger, strict=True)], dtype=bool
    )
    lost, won = int((champion & ~challenger).sum()), int((challenger & ~champion).sum())
    low, high = _interval(champion, challenger, seed)
    return Comparison(
        rows=len(champion),
        champion_right=int(champion.sum()),
        challenger_right=int(challenger.sum()),
        only_champion=lost,
        only_challenger=won,
        p_value=mcnemar(won, lost),
        difference_low=low,
        difference_high=high,
    )


def mcnemar(won: int, lost: int) -> float:
    """Probability of `won` or more wins among `won + lost` throws of a fair coin."""
    total = won + lost
    return float(sum(comb(total, k) for k in range(won, total + 1)) / 2**total)


def _interval(champion: Hits, challenger: Hits, seed: int) -> tuple[float, float]:
    """Percentiles of the mean gain over resampled rows; a resample is a multinomial draw of lost, equal, won."""
    rows = len(champion)
    if not rows:
        return 0.0, 0.0
    lost, won = int((champion & ~challenger).sum()), int((challenger & ~champion).sum())
    shares = [lost / rows, (rows - lost - won) / rows, won / rows]
    drawn = np.random.default_rng(seed).multinomial(rows, shares, RESAMPLES)
    low, high = np.percentile((drawn[:, 2] - drawn[:, 0]) / rows, INTERVAL)
    return float(low), float(high)


def recall_losses(answers: PairedAnswers, rows_min: int) -> dict[str, float]:
    """How much recall each label with `rows_min` rows or more loses with the challenger; gains are negative."""
    losses: dict[str, float] = {}
    for label in sorted(set(answers.truth)):
        places = [i for i, truth in enumerate(answers.truth) if truth == label]
        if len(places) < rows_min:
            continue
        before = sum(answers.champion[i] == label for i in places)
        after = sum(answers.challenger[i] == label for i in places)
        losses[label] = (before - after) / len(places)
    return losses


def paired(truth: Sequence[str], champion: Sequence[str], challenger: Sequence[str]) -> PairedAnswers:
    """Three columns as one value."""
    return PairedAnswers(tuple(truth), tuple(champion), tuple(challenger))
