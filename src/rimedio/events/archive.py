"""Archives and replays: what happened is kept for a while, and can happen again for new or mended rules.

After EventBridge: an archive has a pattern and a retention; a replay goes to the bus that archived, for a range of
event times, to all rules or to those it names, and its events carry `replay-name`. Replayed events are not
archived again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.event import Event

DEFAULT_ARCHIVE = "all"
RETENTION_DAYS_MAX = 365
EVENTS_MAX = 500_000  # in one archive; the oldest go first
REPLAYS_AT_ONCE = 10  # of a tenant, as EventBridge
REPLAYS_KEPT = 100
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Archive:
    """What is kept, and how long. No pattern keeps everything."""

    tenant_id: str
    name: str
    retention_days: int
    pattern: Mapping[str, Json] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.retention_days <= RETENTION_DAYS_MAX:
            given = self.retention_days
            raise InvalidInput(
                f"The retention of {given} days is not allowed; 1 to {RETENTION_DAYS_MAX} are."
            )


class ReplayState(StrEnum):
    """How far a replay has come."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay. `replayed` counts events that were handed to rules; `last_event_at` is how far it is."""

    replay_id: str
    tenant_id: str
    name: str
    archive: str
    since: datetime
    until: datetime
    rules: tuple[str, ...]
    status: ReplayState
    replayed: int
    started_at: datetime
    last_event_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some archived events, newest first; the cursor of the next page, None at the end."""

    items: tuple[Event, ...]
    cursor: str | None = None


class EventArchive(Protocol):
    """Keeps events and replays them."""

    def put_archive(self, archive: Archive) -> None:
        """Make or change an archive; it keeps what is put from now on. Raises InvalidPattern."""
        ...

    def archives(self, tenant_id: str) -> Sequence[Archive]:
        """The archives of a tenant, by name."""
        ...

    def remove_archive(self, tenant_id: str, name: str) -> None:
        """Remove an archive and what it keeps."""
        ...

    def start_replay(
        self,
        tenant_id: str,
        since: datetime,
        until: datetime,
        *,
        rules: Sequence[str] = (),
        name: str | None = None,
        archive: str | None = None,
    ) -> Replay:
        """Replay a tenant's events from `since` up to, not including, `until`.

        The same name with the same range is the same replay. Raises Conflict for another range under that
        name or too many at once, NotFound for an unknown archive or rule, InvalidInput.
        """
        ...

    def cancel_replay(self, tenant_id: str, replay_id: str) -> Replay:
        """Stop a replay; what was handed to rules stays. Raises NotFound, Conflict when it has ended."""
        ...

    def run_once(self) -> int:
        """Hand the next events of the oldest replay to its rules; how many. 0 where the service does this."""
        ...

    def replay(self, tenant_id: str, replay_id: str) -> Replay:
        """One replay. Raises NotFound."""
        ...

    def replays(self, tenant_id: str) -> Sequence[Replay]:
        """The latest replays of a tenant, newest first."""
        ...

    def events(
        self,
        tenant_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        detail_type: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
    ) -> EventPage:
        """A tenant's kept events by time, newest first; `until` not included. Raises InvalidInput."""
        ...


def check_replay(since: datetime, until: datetime, rules: Collection[str], known: Collection[str]) -> None:
    """Whether a replay can be asked for. Raises InvalidInput for the range, NotFound for a rule not in `known`."""
    if until <= since:
        raise InvalidInput(f"The replay ends at {until} and begins at {since}. Give the earlier one first.")
    if not EARLIEST <= since < until <= LATEST:
        raise InvalidInput(f"The replay's range must lie between {EARLIEST} and {LATEST}.")
    unknown = sorted(set(rules) - set(known))
    if unknown:
        raise NotFound(f"There is no rule {unknown[0]!r}. List the rules to see their names.")
