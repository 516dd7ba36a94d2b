"""How long to wait before a target is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

Waits = Callable[[int], float]  # failed attempts so far, from 1 → seconds


@dataclass(frozen=True)
class ExponentialBackoff:
    """Twice as long each time, up to a limit, half of it left to chance so that failures do not march in step."""

    first_seconds: float = 1.0
    most_seconds: float = 600.0
    chance: random.Random = random.Random()  # noqa: S311, RUF009 - spreads load, keeps no secret

    def __call__(self, failed: int) -> float:
        whole: float = min(self.most_seconds, self.first_seconds * 2.0 ** min(failed - 1, 30))
        return whole * (0.5 + self.chance.random() / 2)


@dataclass(frozen=True)
class SteppedBackoff:
    """Fixed steps, the last one for ever, each up to a fifth longer or shorter.

    The steps are those that the Standard Webhooks specification proposes.
    """

    steps_seconds: tuple[float, ...] = (5, 300, 1800, 7200, 18_000, 36_000)
    chance: random.Random = random.Random()  # noqa: S311, RUF009 - spreads load, keeps no secret

    def __call__(self, failed: int) -> float:
        step = self.steps_seconds[min(failed, len(self.steps_seconds)) - 1]
        return step * (0.8 + 0.4 * self.chance.random())
