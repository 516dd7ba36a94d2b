"""Whether work grows in proportion to its input, told so that a busy machine does not change the verdict."""

import time
from collections.abc import Callable

SMALL, TIMES = 2_000, 32  # letters of the small text, and how many times as long the large one is
GROWTH_MAX = 200.0  # in proportion 32; quadratic work 1024, cubic 32768
ROUNDS = 10
SMALL_RUNS = 4


def assert_in_proportion(
    work: Callable[[str], object], unit: str, clock: Callable[[], float] = time.thread_time
) -> None:
    """Fail when thirty-two times the text, made of `unit`, costs two hundred times as much or more.

    Only this thread's processor time is read, small and large take turns, and each round is judged by itself. What
    neighbours on the same core add makes a round too dear, never too cheap: one round in proportion is enough, and
    quadratic work has none.
    """
    small, large = ((unit * (size // len(unit) + 1))[:size] for size in (SMALL, SMALL * TIMES))

    def cost(text: str) -> float:
        started = clock()
        work(text)
        return clock() - started

    cost(small)  # whatever is made at the first call
    growth: list[float] = []
    for _ in range(ROUNDS):
        least = min(cost(small) for _ in range(SMALL_RUNS))
        growth.append(cost(large) / max(least, 1e-6))
        if growth[-1] < GROWTH_MAX:
            return
    raise AssertionError(f"{TIMES} times the text of {unit!r} costs {min(growth):.0f} times as much")
