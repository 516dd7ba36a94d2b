"""The event envelope, field for field that of Amazon EventBridge.

Source: Amazon EventBridge User Guide, "AWS service event structure"; PutEvents in the API reference.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput

LOCAL_REGION = "local"
EVENT_BYTES_MAX = 256 * 1024  # of one PutEvents entry
NAME_CHARS_MAX = 256  # of source; detail-type may have 128
DETAIL_TYPE_CHARS_MAX = 128
METADATA = "metadata"
_NAMESPACE = uuid.UUID("6f0d8c1e-3f0b-5c8e-9d52-6a1f6f0e7c11")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    `account` is the tenant. The id says which happening it is: the same happening, published twice, has the
    same id. EventBridge gives ids of its own, so `detail.metadata.event_id` repeats it for receivers there.
    """

    id: str
    source: str
    detail_type: str
    account: str
    time: datetime
    detail: Mapping[str, Json]
    region: str = LOCAL_REGION
    resources: tuple[str, ...] = ()
    replay_name: str | None = None

    def envelope(self) -> dict[str, Json]:
        """What patterns are matched against and what targets receive."""
        found: dict[str, Json] = {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": iso_seconds(self.time),
            "region": self.region,
            "resources": list(self.resources),
            "detail": dict(self.detail),
        }
        if self.replay_name is not None:
            found["replay-name"] = self.replay_name
        return found

    def as_json(self) -> bytes:
        """The envelope as compact JSON."""
        return orjson.dumps(self.envelope())

    def replayed(self, name: str) -> "Event":
        """The same event as the replay `name` delivers it."""
        return replace(self, replay_name=name)


def event_from(envelope: Mapping[str, object]) -> Event:
    """The event of an envelope. Raises InvalidInput naming the field that is missing or wrong."""
    texts = {name: _text(envelope, name) for name in ("id", "detail-type", "source", "account", "time")}
    detail, resources = envelope.get("detail"), envelope.get("resources", [])
    if not isinstance(detail, Mapping):
        raise InvalidInput("The event's `detail` is not an object. Send the JSON object of the event.")
    if not isinstance(resources, list | tuple) or not all(isinstance(r, str) for r in resources):
        raise InvalidInput("The event's `resources` is not a list of texts. Send [] when there is none.")
    replay, region = envelope.get("replay-name"), envelope.get("region")
    return Event(
        id=texts["id"],
        source=texts["source"],
        detail_type=texts["detail-type"],
        account=texts["account"],
        time=parse_time(texts["time"]),
        detail=dict(detail),
        region=region if isinstance(region, str) else LOCAL_REGION,
        resources=tuple(resources),
        replay_name=replay if isinstance(replay, str) else None,
    )


def new_event(
    event_id: str,
    *,
    source: str,
    detail_type: str,
    tenant_id: str,
    time: datetime,
    detail: Mapping[str, Json],
    resources: tuple[str, ...] = (),
) -> Event:
    """An event of Rimedio's own, with its id and tenant repeated in `detail.metadata`."""
    metadata: dict[str, Json] = {"event_id": event_id, "tenant_id": tenant_id}
    told = {**detail, METADATA: metadata}
    return Event(event_id, source, detail_type, tenant_id, time, told, resources=resources)


def event_id(*parts: object) -> str:
    """The id of the happening that `parts` name: equal parts, equal id (a UUID of version 5)."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(map(str, parts))))


def check_event(event: Event) -> None:
    """Raises InvalidInput where PutEvents would refuse the entry: empty or long names, too many bytes."""
    for name, value, most in (
        ("source", event.source, NAME_CHARS_MAX),
        ("detail-type", event.detail_type, DETAIL_TYPE_CHARS_MAX),
        ("account", event.account, NAME_CHARS_MAX),
        ("id", event.id, NAME_CHARS_MAX),
    ):
        if not 1 <= len(value) <= most:
            raise InvalidInput(f"The event's `{name}` has {len(value)} characters; give 1 to {most}.")
    try:
        size = len(event.as_json())
    except TypeError as error:
        raise InvalidInput(f"The event's `detail` cannot be written as JSON: {error}.") from error
    if size > EVENT_BYTES_MAX:
        msg = f"The event {event.id} has {size} bytes; {EVENT_BYTES_MAX} are allowed. Send a link instead."
        raise InvalidInput(msg)


def iso_seconds(at: datetime) -> str:
    """A time as EventBridge writes it: UTC, whole seconds, Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """A time in ISO 8601; without a zone it counts as UTC. Raises InvalidInput."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is not a time. Write it as 2026-01-31T08:30:00Z."
        raise InvalidInput(msg) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _text(envelope: Mapping[str, object], name: str) -> str:
    value = envelope.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"The event has no `{name}`. Every event needs one.")
    return value
