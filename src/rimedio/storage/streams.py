"""The change stream of a table: every write with its old and new image, in order, for named consumers.

Delivery is at least once: a consumer reads, works, then acknowledges; what it did not acknowledge comes
again. Order is promised for the changes of one item only: DynamoDB may show even the items of one transaction
in another order. SQLite orders all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from rimedio.storage.table import Key
from rimedio.storage.values import Item

RETENTION = timedelta(hours=24)  # as DynamoDB Streams


class ChangeKind(StrEnum):
    """What a write did, in DynamoDB's words."""

    INSERT = "INSERT"
    MODIFY = "MODIFY"
    REMOVE = "REMOVE"


@dataclass(frozen=True, slots=True)
class Change:
    """One write.

    `sequence` grows from change to change of an item; it is text, since DynamoDB's has 40 digits.
    """

    sequence: str
    kind: ChangeKind
    key: Key
    old: Item | None
    new: Item | None
    at: datetime
    expired: bool = False  # removed because its time was up, not by a caller


class ChangeStream(Protocol):
    """Reads changes for consumers that each keep their own checkpoint."""

    def read(self, consumer: str, limit: int = 100) -> Sequence[Change]:
        """The oldest changes that `consumer` has not acknowledged;

        a new consumer starts at the oldest kept.
        """
        ...

    def acknowledge(self, consumer: str, change: Change) -> None:
        """Say that `consumer` is done with this change and all before it."""
        ...

    def trim(self, keep: timedelta = RETENTION) -> int:
        """Drop changes older than `keep` that every known consumer has acknowledged; how many.

        0 where the service does this itself: DynamoDB drops after 24 hours, acknowledged or not.
        """
        ...

    def forget(self, consumer: str) -> None:
        """Drop a consumer's checkpoint, so that it no longer holds back `trim`."""
        ...


def process(stream: ChangeStream, consumer: str, handle: Callable[[Change], None], limit: int = 100) -> int:
    """Hand one batch to `handle`, change by change; how many were handled.

    What was handled is acknowledged even when `handle` raises on a later one, which then comes first next
    time.
    """
    done: Change | None = None
    count = 0
    try:
        for change in stream.read(consumer, limit):
            handle(change)
            done = change
            count += 1
    finally:
        if done is not None:
            stream.acknowledge(consumer, done)
    return count
