"""Events as EventBridge takes and delivers them.

EventBridge gives an event an id, an account and a region of its own. Rimedio's id and tenant travel in
`detail.metadata`; whoever receives an event puts them back, so that both homes see the same happening.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from rimedio.domain.codec import Json
from rimedio.events.event import METADATA, Event, event_from

TIME_BYTES = 14  # of an entry, whatever it is (EventBridge User Guide, "Calculating PutEvents entry sizes")


def entry_of(event: Event, bus: str) -> dict[str, Any]:
    """The event as an entry of PutEvents."""
    detail: dict[str, Json] = dict(event.detail)
    metadata = detail.get(METADATA)
    known = metadata if isinstance(metadata, Mapping) else {}
    detail[METADATA] = {**known, "event_id": event.id, "tenant_id": event.account}
    return {
        "EventBusName": bus,
        "Source": event.source,
        "DetailType": event.detail_type,
        "Time": event.time,
        "Resources": list(event.resources),
        "Detail": orjson.dumps(detail).decode(),
    }


def bytes_of(entry: Mapping[str, Any]) -> int:
    """The size of an entry as PutEvents counts it."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"], *entry["Resources"])
    return TIME_BYTES + sum(len(text.encode()) for text in texts)


def received_event(envelope: Mapping[str, object]) -> Event:
    """The event of an envelope that EventBridge delivered, under Rimedio's id and tenant. Raises InvalidInput."""
    found = dict(envelope)
    detail = found.get("detail")
    metadata = detail.get(METADATA) if isinstance(detail, Mapping) else None
    known = metadata if isinstance(metadata, Mapping) else {}
    if isinstance(known.get("event_id"), str):
        found["id"] = known["event_id"]
    if isinstance(known.get("tenant_id"), str):
        found["account"] = known["tenant_id"]
    return event_from(found)
