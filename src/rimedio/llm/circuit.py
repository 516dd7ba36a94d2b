"""A circuit breaker: what fails again and again is left alone for a while, so that nobody waits for it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rimedio.domain.clock import Clock
from rimedio.domain.errors import ModelUnavailable, Throttled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """After so many failures in a row calls are refused for `open_seconds`; then one call tries."""

    failures_max: int = 4
    open_seconds: float = 30.0


@dataclass(slots=True)
class _State:
    failures: int = 0
    opened_at: float | None = None
    trying: bool = False


class Circuits:
    """One breaker a name, in this process only: another process learns for itself. Safe between threads.

    Throttled and ModelUnavailable count as failures; a request that was wrong in itself does not.
    """

    def __init__(self, clock: Clock, policy: CircuitPolicy | None = None) -> None:
        self._clock = clock
        self._policy = policy or CircuitPolicy()
        self._states: dict[str, _State] = {}
        self._lock = threading.Lock()

    def call(self, name: str, work: Callable[[], T]) -> T:
        """What `work` returns. Raises ModelUnavailable at once while the breaker of `name` is open."""
        self.enter(name)
        try:
            found = work()
        except (Throttled, ModelUnavailable):
            self.failed(name)
            raise
        except BaseException:
            self.left(name)
            raise
        self.succeeded(name)
        return found

    def is_open(self, name: str) -> bool:
        """Whether a call would be refused now."""
        with self._lock:
            return self._is_open(self._states.get(name, _State()))

    def enter(self, name: str) -> None:
        """Begin a call that is not one function, such as a stream. Raises ModelUnavailable when it is open."""
        with self._lock:
            state = self._states.setdefault(name, _State())
            if self._is_open(state):
                msg = (
                    f"{name} failed {state.failures} times in a row and is left alone for "
                    f"{self._policy.open_seconds:g} s. Another model answers meanwhile."
                )
                raise ModelUnavailable(msg)
            state.trying = state.opened_at is not None

    def succeeded(self, name: str) -> None:
        """The call worked: the breaker is closed."""
        with self._lock:
            self._states[name] = _State()

    def failed(self, name: str) -> None:
        """The call failed; after too many, or after the one that tried, the breaker opens."""
        with self._lock:
            state = self._states.setdefault(name, _State())
            state.failures += 1
            state.trying = False
            if state.opened_at is not None or state.failures >= self._policy.failures_max:
                state.opened_at = self._clock.monotonic()

    def left(self, name: str) -> None:
        """The call ended in a way that says nothing about its target."""
        with self._lock:
            self._states.setdefault(name, _State()).trying = False

    def _is_open(self, state: _State) -> bool:
        if state.opened_at is None:
            return False
        waited = self._clock.monotonic() - state.opened_at >= self._policy.open_seconds
        return state.trying or not waited
