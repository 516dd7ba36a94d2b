"""Loops of the service: they work, rest, survive their own failures and end when told."""

import threading

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.http.service import REST_SECONDS_MAX, Loop


def test_a_loop_that_did_something_goes_on_at_once_and_rests_when_idle() -> None:
    work = iter([3, 0])
    loop = Loop("read", lambda: next(work), 2.0, FakeClock())
    assert loop.turn() == 0.0
    assert loop.turn() == 2.0
    assert (loop.state.turns, loop.state.done) == (2, 3)


def test_a_failing_loop_rests_longer_each_time_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> int:
        raise RuntimeError("the receiver is down")

    loop = Loop("deliver", fail, 1.0, FakeClock())
    rests = [loop.turn() for _ in range(12)]
    assert rests == sorted(rests)
    assert rests[0] == 2.0
    assert rests[-1] == REST_SECONDS_MAX
    assert loop.state.failures == 12
    assert loop.state.error == "RuntimeError: the receiver is down"
    assert len(caplog.records) == 2  # the first, the tenth: no flood


def test_a_good_turn_forgets_the_failures_before_it() -> None:
    turns = iter([None, 1])

    def work() -> int:
        done = next(turns)
        if done is None:
            raise ValueError("once")
        return done

    loop = Loop("deliver", work, 1.0, FakeClock())
    loop.turn()
    loop.turn()
    assert (loop.state.failures, loop.state.error, loop.state.done) == (0, None, 1)


def test_a_loop_ends_when_it_is_told() -> None:
    stop = threading.Event()

    def work() -> int:
        stop.set()
        return 1

    loop = Loop("once", work, 60.0, FakeClock())
    loop.run(stop)
    assert loop.state.turns == 1
