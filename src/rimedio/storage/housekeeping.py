"""What a data folder needs now and then, lest it grow for ever: expired items and old changes go."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rimedio.domain.errors import DiskFull
from rimedio.storage.streams import ChangeStream
from rimedio.storage.table import Table

SWEEP_EVERY = timedelta(days=1)  # a sweep reads the whole change stream: too much for every opening
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


def sweep_daily(stamp: Path, table: Table, stream: ChangeStream, now: datetime) -> Swept | None:
    """Sweep unless `stamp`, the file that holds when it was last done, says that was less than a day ago.

    None when nothing was due. A full disk puts it off: what the caller came for may still fit.
    """
    if _swept_at(stamp, now) > now - SWEEP_EVERY:
        return None
    with suppress(DiskFull, OSError):
        swept = sweep(table, stream)
        stamp.write_text(now.isoformat(), "utf-8")
        return swept
    return None


def _swept_at(stamp: Path, now: datetime) -> datetime:
    """When the last sweep was; long ago where the file is absent, unreadable, or of the future."""
    long_ago = now - 2 * SWEEP_EVERY
    try:
        last = datetime.fromisoformat(stamp.read_text("utf-8"))
        return long_ago if last > now else last
    except (OSError, ValueError, TypeError):
        return long_ago
