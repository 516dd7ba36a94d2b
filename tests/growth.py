"""Whether work grows in proportion to its input, told so that a busy machine does not change the verdict."""

import threading
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


def times_a_plain_count(work: Callable[[], object], clock: Callable[[], float] = time.thread_time) -> float:
    """How many times as much a call costs as counting under a lock (0.4 µs on a quiet machine); the least of rounds.

    Both take turns on the same core, so that a slow machine or a busy one makes both dear.
    """
    counts: dict[str, int] = {}
    lock = threading.Lock()

    def count() -> None:
        with lock:
            counts["calls"] = counts.get("calls", 0) + 1

    def cost(of: Callable[[], object]) -> float:
        started = clock()
        for _ in range(500):
            of()
        return clock() - started

    return min(cost(work) / max(cost(count), 1e-9) for _ in range(5 * ROUNDS))
