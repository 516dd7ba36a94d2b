"""The log of events in the table: on AWS it is what knows an event by its id.

EventBridge delivers at least once and gives ids of its own, and neither it nor its archive can be asked what
happened. So whoever takes events off the queue writes each of them here first, under Rimedio's id, on the
condition that it is new: that is how the bus keeps its promise that the same event is delivered no further time.
An event counts as told only after all its deliveries are written; a crash in between tells it again, and the
deliveries know each other by name.
"""

from contextlib import suppress
from datetime import datetime, timedelta

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import ConditionFailed, NotFound
from rimedio.events.archive import EventPage
from rimedio.events.event import Event, event_from
from rimedio.storage import keys
from rimedio.storage.conditions import Exists, NotExists
from rimedio.storage.keys import stamp
from rimedio.storage.table import EXPIRES_AT, Changes, SortBelow, SortBetween, Table
from rimedio.storage.values import Item

SHARD = 0
QUERIES_MAX = (
    50  # for one page of a list that leaves most events out: it may be short, and its cursor goes on
)
LATEST = "~"  # after every time


class TableEventLog:
    """Events by tenant and id, and by time. They end by themselves after `kept`."""

    def __init__(self, table: Table, clock: Clock, kept: timedelta) -> None:
        self._table = table
        self._clock = clock
        self._kept = kept

    def write(self, event: Event, *, told: bool) -> bool:
        """Keep an event; whether it is still to be told: it is new, or telling it was broken off."""
        item = keys.EVENT.attributes(
            tenant=event.account, event=event.id, shard=SHARD, created=stamp(event.time)
        ) | {
            "tenant_id": event.account,
            "detail_type": event.detail_type,
            "body": event.as_json().decode(),
            "told": told,
            EXPIRES_AT: int((self._clock.now() + self._kept).timestamp()),
        }
        try:
            self._table.put(item, NotExists("pk"))
        except ConditionFailed:
            known = self._table.get(keys.EVENT.key(tenant=event.account, event=event.id))
            return known is not None and known.get("told") is not True
        return True

    def told(self, event: Event) -> None:
        """All deliveries of the event are written."""
        key = keys.EVENT.key(tenant=event.account, event=event.id)
        with suppress(ConditionFailed):  # its time was up meanwhile
            self._table.update(key, Changes(set={"told": True}), Exists("pk"))

    def find(self, tenant_id: str, event_id: str) -> Event:
        """An event that happened. Raises NotFound when it is no longer kept."""
        item = self._table.get(keys.EVENT.key(tenant=tenant_id, event=event_id))
        if item is None:
            raise NotFound(f"The event {event_id} is no longer kept, so it cannot be sent again.")
        return _event(item)

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
        """A tenant's events by time, newest first; `until` not included. Raises UnknownCursor."""
        low, high = stamp(since) if since else "", stamp(until) if until else LATEST
        if low > high:
            return EventPage(())
        sort = SortBetween(low, high) if low else SortBelow(high)
        found: list[Event] = []
        for _ in range(QUERIES_MAX):
            query = keys.EVENTS_BY_TIME.query(
                tenant=tenant_id,
                shard=SHARD,
                sort=sort,
                reverse=True,
                limit=limit - len(found),
                cursor=cursor,
            )
            page = self._table.query(query)
            found += [_event(i) for i in page.items if detail_type in (None, i.get("detail_type"))]
            cursor = page.cursor
            if cursor is None or len(found) >= limit:
                break
        return EventPage(tuple(found), cursor)


def _event(item: Item) -> Event:
    return event_from(orjson.loads(str(item["body"])))
