"""A change stream that is connected when somebody first reads it: functions are handed their changes instead.

Connecting asks the service which stream a table has, which a function that never reads may not even be allowed to.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property

from rimedio.storage.streams import RETENTION, Change, ChangeStream


class DeferredStream:
    """A `ChangeStream` that `connect` makes at its first use."""

    def __init__(self, connect: Callable[[], ChangeStream]) -> None:
        self._connect = connect

    @cached_property
    def _stream(self) -> ChangeStream:
        return self._connect()

    def read(self, consumer: str, limit: int = 100) -> Sequence[Change]:
        return self._stream.read(consumer, limit)

    def acknowledge(self, consumer: str, change: Change) -> None:
        self._stream.acknowledge(consumer, change)

    def trim(self, keep: timedelta = RETENTION) -> int:
        return self._stream.trim(keep)

    def forget(self, consumer: str) -> None:
        self._stream.forget(consumer)
