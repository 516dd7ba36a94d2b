"""The gateway's own lists of routes name routes that exist."""

from rimedio.http.gateway import INLINE, SLOW, UPLOAD
from rimedio.lambdas.live_feeds import ASK, PROGRESS, QUEUE, SOLUTION
from rimedio.security.permissions import MATRIX, PUBLIC


def test_every_route_that_is_treated_specially_exists() -> None:
    named = INLINE | SLOW | {UPLOAD, ASK, PROGRESS, QUEUE, SOLUTION}

    assert named <= set(MATRIX) | PUBLIC


def test_nothing_slow_runs_on_the_event_loop() -> None:
    assert INLINE.isdisjoint(SLOW)
    assert all(route.startswith("GET ") for route in INLINE)
