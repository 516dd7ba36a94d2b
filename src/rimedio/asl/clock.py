"""Time and randomness as ports; the clock has the shape that any application's clock may have."""

import heapq
import random
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Current instant, timezone-aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        ...


class Randomness(Protocol):
    """Where chance comes from: jitter, $random, States.UUID, task tokens."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...

    def getrandbits(self, count: int, /) -> int:
        """An integer of `count` random bits."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class VirtualClock:
    """A clock for tests: it stands still until someone sleeps, so a Wait of a day takes no time."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)


class Alarms:
    """When which execution wants to be looked at again: one time for each, the earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._times: dict[str, float] = {}

    def set(self, at: float | None, execution_id: str) -> None:
        """Ask for `execution_id` at `at` (seconds since the epoch) and no other time; None: not at all."""
        if at is None:
            self._times.pop(execution_id, None)
        elif self._times.get(execution_id) != at:
            self._times[execution_id] = at
            heapq.heappush(self._heap, (at, execution_id))

    def next(self) -> float | None:
        """When the earliest alarm rings."""
        while self._heap and self._times.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def has(self, execution_id: str) -> bool:
        """Whether an alarm is set for this execution."""
        return execution_id in self._times

    def due(self, now: float) -> list[str]:
        """Take out all alarms up to `now`."""
        rung = []
        while (at := self.next()) is not None and at <= now:
            execution_id = heapq.heappop(self._heap)[1]
            del self._times[execution_id]
            rung.append(execution_id)
        return rung


def new_uuid(randomness: Randomness) -> str:
    """A version 4 UUID drawn from `randomness`."""
    return str(uuid.UUID(int=randomness.getrandbits(128), version=4))


def system_randomness() -> Randomness:
    """The operating system's randomness."""
    return random.SystemRandom()


def iso(at: datetime) -> str:
    """`2026-01-01T00:00:00.123Z`, the form of every timestamp in AWS's answers."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
