"""What a data folder needs now and then, lest it grow for ever: expired items and old changes go."""

from dataclasses import dataclass

from rimedio.storage.streams import ChangeStream
from rimedio.storage.table import Table

PURGE_ROUNDS_MAX = 100  # of a thousand items each, so that no call takes long


@dataclass(frozen=True, slots=True)
class Swept:
    """How much went."""

    expired_items: int
    old_changes: int


def sweep(table: Table, stream: ChangeStream, *, at_once: int = 1000) -> Swept:
    """Remove expired items and changes that are older than a day and read by all. For the writing process."""
    expired = 0
    for _ in range(PURGE_ROUNDS_MAX):
        purged = table.purge_expired(at_once)
        expired += purged
        if purged < at_once:
            break
    return Swept(expired, stream.trim())
