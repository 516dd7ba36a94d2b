"""The judge of growth lets proportion pass and quadratic work fail, whatever a busy machine adds."""

from collections.abc import Callable

import pytest
from tests.growth import ROUNDS, assert_in_proportion


class Work:
    """Costs what it is told a letter, or a pair of letters; `noise` is what neighbours add to each call in turn."""

    def __init__(self, cost: Callable[[int], float], noise: list[float] | None = None) -> None:
        self.now, self.cost, self.noise, self.calls = 0.0, cost, noise or [1.0], 0

    def __call__(self, text: str) -> None:
        self.now += self.cost(len(text)) * self.noise[self.calls % len(self.noise)]
        self.calls += 1

    def clock(self) -> float:
        return self.now


@pytest.mark.parametrize("noise", [[1.0], [1.0, 1.0, 1.0, 1.0, 1.0, 5.0], [1.0, 3.0, 9.0, 1.5]])
def test_work_in_proportion_passes_among_neighbours(noise: list[float]) -> None:
    work = Work(lambda size: size * 1e-6, noise)
    assert_in_proportion(work, "ab ", work.clock)


@pytest.mark.parametrize("noise", [[1.0], [2.0, 1.0, 1.0, 3.0, 1.0, 1.0]])
def test_quadratic_work_fails_in_every_round(noise: list[float]) -> None:
    work = Work(lambda size: size * size * 1e-9, noise)
    with pytest.raises(AssertionError, match="32 times the text of 'ab ' costs"):
        assert_in_proportion(work, "ab ", work.clock)
    assert work.calls == 1 + ROUNDS * 5
