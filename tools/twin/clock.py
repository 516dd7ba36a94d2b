"""A clock that runs ahead: waits of the workflow and of retries take a fraction of their time."""

import time
from datetime import UTC, datetime, timedelta


class HurryingClock:
    """Goes `speed` times as fast as the machine's; starts at the present."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start = datetime.now(UTC)
        self._began = time.monotonic()

    def now(self) -> datetime:
        """The hurried instant, UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Hurried seconds since the start."""
        return (time.monotonic() - self._began) * self._speed

    def sleep(self, seconds: float) -> None:
        """Wait, in a hurry."""
        time.sleep(seconds / self._speed)
