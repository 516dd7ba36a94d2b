"""Who asked for which replay: EventBridge replays an archive for everybody, these records keep it to one tenant.

A replay of EventBridge knows a range of time and rules, but no tenant. Its events carry its name, and the name
is the id of a record here: an event whose tenant has no such record is not meant.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from rimedio.domain.clock import Clock
from rimedio.domain.errors import NotFound
from rimedio.events.archive import REPLAYS_KEPT, Replay, ReplayState
from rimedio.events.event import Event
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import Exists, NotExists
from rimedio.storage.table import EXPIRES_AT, Changes, Key, Table

KEPT = timedelta(days=90)


class ReplayRecords:
    """Replays in the table, by tenant; they end by themselves."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def add(self, replay: Replay) -> None:
        """Keep a new one. Raises ConditionFailed when it is there."""
        place = keys.REPLAY.attributes(tenant=replay.tenant_id, replay=replay.replay_id)
        expires = int((self._clock.now() + KEPT).timestamp())
        self._table.put(to_attributes(replay) | place | {EXPIRES_AT: expires}, NotExists("pk"))

    def remove(self, replay: Replay) -> None:
        """It was never started."""
        self._table.delete(keys.REPLAY.key(tenant=replay.tenant_id, replay=replay.replay_id))

    def find(self, tenant_id: str, replay_id: str) -> Replay | None:
        """One, or None."""
        item = self._table.get(keys.REPLAY.key(tenant=tenant_id, replay=replay_id))
        return None if item is None else from_item(Replay, item)

    def get(self, tenant_id: str, replay_id: str) -> Replay:
        """One. Raises NotFound."""
        found = self.find(tenant_id, replay_id)
        if found is None:
            raise NotFound(f"There is no replay {replay_id}. List the replays to see their ids.")
        return found

    def all(self, tenant_id: str) -> Sequence[Replay]:
        """A tenant's, newest first."""
        page = self._table.query(keys.REPLAYS_OF_TENANT.query(tenant=tenant_id, limit=REPLAYS_KEPT))
        found = [from_item(Replay, item) for item in page.items]
        return tuple(sorted(found, key=lambda replay: replay.started_at, reverse=True))

    def of_event(self, event: Event) -> Replay | None:
        """The replay that an event belongs to; None when it is another tenant's, or outside its range."""
        found = self.find(event.account, event.replay_name or "-")
        if found is None or not found.since <= event.time < found.until:
            return None
        return None if found.status is ReplayState.CANCELLED else found

    def note(self, replay: Replay, event: Event) -> None:
        """One more event was handed to rules."""
        changes = Changes(set={"last_event_at": event.time.isoformat()}, add={"replayed": 1})
        self._table.update(_key(replay), changes, Exists("pk"))

    def moved(self, replay: Replay, status: ReplayState) -> Replay:
        """The replay with another status, kept so."""
        ends = {"ended_at": self._clock.now().isoformat()} if status in ENDED else {}
        self._table.update(_key(replay), Changes(set={"status": status.value} | ends), Exists("pk"))
        return replace(replay, status=status, ended_at=self._clock.now() if ends else replay.ended_at)


ENDED = (ReplayState.COMPLETED, ReplayState.CANCELLED)


def _key(replay: Replay) -> Key:
    return keys.REPLAY.key(tenant=replay.tenant_id, replay=replay.replay_id)
