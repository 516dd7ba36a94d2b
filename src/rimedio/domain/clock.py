"""Time, ids and randomness as ports, so that every test is deterministic."""

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
        """Seconds on a clock that never goes back; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        ...


class Ids(Protocol):
    """Makes identifiers that no one else makes."""

    def new(self, prefix: str) -> str:
        """Identifier such as `tkt_0b7c…`: the prefix, an underscore, a UUID."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class FakeClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        with self._lock:
            self._now += timedelta(seconds=seconds)


class RandomIds:
    """UUID4 identifiers."""

    def new(self, prefix: str) -> str:
        return f"{prefix}_{uuid.uuid4()}"


class SeededIds:
    """Reproducible UUIDs: the same seed gives the same sequence."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducibility is the point, not secrecy

    def new(self, prefix: str) -> str:
        return f"{prefix}_{uuid.UUID(int=self._random.getrandbits(128), version=4)}"
