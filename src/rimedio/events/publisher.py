"""Publishes events that no write to the table shows: a model was promoted, a budget has changed its level."""

from collections.abc import Mapping
from dataclasses import dataclass

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import EventBus
from rimedio.events.detail_types import SOURCE_OF, DetailType
from rimedio.events.event import Event, event_id, new_event


@dataclass(frozen=True, slots=True)
class EventPublisher:
    """Puts one event on the bus."""

    bus: EventBus
    clock: Clock
    ids: Ids

    def publish(
        self, tenant_id: str, detail_type: DetailType, detail: Mapping[str, Json], *, key: str | None = None
    ) -> Event:
        """The event as it was put. Raises InvalidInput when the bus refuses it.

        `key` names the happening within its type: the same key again is the same event, told once only.
        """
        name = self.ids.new("evt") if key is None else key
        event = new_event(
            event_id(tenant_id, detail_type, name),
            source=SOURCE_OF[detail_type],
            detail_type=detail_type,
            tenant_id=tenant_id,
            time=self.clock.now(),
            detail=detail,
        )
        (result,) = self.bus.put_events((event,))
        if result.error is not None:
            raise InvalidInput(result.error)
        return event
