"""The log of webhook deliveries: what was sent where, what came back, how often it was tried."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rimedio.domain.errors import NotFound
from rimedio.events.event import event_id
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.keys import stamp
from rimedio.storage.table import EXPIRES_AT, Table

DELIVERED_KEPT = timedelta(days=7)
FAILED_KEPT = timedelta(days=30)
PREFIX = "msg_"
_MARK_CHARS = 8


class DeliveryStatus(StrEnum):
    """How far a delivery has come."""

    DELIVERED = "DELIVERED"
    RETRYING = "RETRYING"
    FAILED = "FAILED"  # given up; it stands among the dead letters


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One event to one webhook. `delivery_id` is the `webhook-id` that the receiver sees."""

    delivery_id: str
    webhook_id: str
    tenant_id: str
    event_id: str
    detail_type: str
    event_time: datetime
    status: DeliveryStatus
    attempts: int
    at: datetime  # of the last attempt
    response_code: int | None = None
    latency_ms: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, newest event first; the cursor of the next page, None at the end."""

    items: tuple[DeliveryRecord, ...]
    cursor: str | None = None


def message_id(event: str, webhook_id: str) -> str:
    """The `webhook-id` of an event for a webhook: the same pair, the same id, for ever.

    It is the event's id and eight characters that stand for the webhook.
    """
    try:
        of_event = uuid.UUID(event).hex
    except ValueError:
        of_event = uuid.UUID(event_id("message", event)).hex
    mark = event_id("webhook", webhook_id).replace("-", "")[:_MARK_CHARS]
    return f"{PREFIX}{of_event}{mark}"


def event_of_message(delivery_id: str, webhook_id: str) -> str:
    """The event behind a `webhook-id`. Raises NotFound when it is none of this webhook's."""
    given = delivery_id.removeprefix(PREFIX)[:-_MARK_CHARS]
    try:
        event = str(uuid.UUID(given))
    except ValueError:
        event = ""
    if not event or message_id(event, webhook_id) != delivery_id:
        raise NotFound(f"The webhook {webhook_id} has no delivery {delivery_id}. List its deliveries.")
    return event


class WebhookLog:
    """Delivery records in the table; they end by themselves."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write(self, record: DeliveryRecord) -> None:
        """Keep what the last attempt found; the same delivery replaces."""
        kept = DELIVERED_KEPT if record.status is DeliveryStatus.DELIVERED else FAILED_KEPT
        self._table.put(
            to_attributes(record)
            | keys.DELIVERY.attributes(
                tenant=record.tenant_id,
                webhook=record.webhook_id,
                created=stamp(record.event_time),
                delivery=record.delivery_id,
            )
            | {EXPIRES_AT: int((record.at + kept).timestamp())}
        )

    def find(
        self, tenant_id: str, webhook_id: str, event_time: datetime, delivery_id: str
    ) -> DeliveryRecord | None:
        """One record, or None."""
        item = self._table.get(
            keys.DELIVERY.key(
                tenant=tenant_id, webhook=webhook_id, created=stamp(event_time), delivery=delivery_id
            )
        )
        return None if item is None else from_item(DeliveryRecord, item)

    def list(
        self, tenant_id: str, webhook_id: str, *, limit: int = 25, cursor: str | None = None
    ) -> DeliveryPage:
        """A webhook's deliveries, newest event first."""
        query = keys.DELIVERIES_OF_WEBHOOK.query(
            reverse=True, limit=limit, cursor=cursor, tenant=tenant_id, webhook=webhook_id
        )
        page = self._table.query(query)
        return DeliveryPage(tuple(from_item(DeliveryRecord, item) for item in page.items), page.cursor)
