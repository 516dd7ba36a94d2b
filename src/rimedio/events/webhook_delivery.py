"""Delivers an event to a webhook: signed, logged, and never to one that rests or is disabled."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.codec import Json
from rimedio.domain.errors import ConditionFailed, InvalidInput, PolicyRefused, Unavailable
from rimedio.events.delivery_queue import DirectBus, Invocation
from rimedio.events.detail_types import EVENTS, DetailType
from rimedio.events.dispatch import Delivery, PutOff, is_transformed
from rimedio.events.event import Event, event_id, iso_seconds, new_event
from rimedio.events.signing import signed_headers
from rimedio.events.webhook_log import (
    DeliveryRecord,
    DeliveryStatus,
    WebhookLog,
    event_of_message,
    message_id,
)
from rimedio.events.webhook_sender import HttpAnswer, WebhookSender
from rimedio.events.webhooks import Webhook, Webhooks, target_of
from rimedio.observability.traceparent import ticket_headers

GONE = 410
PLEASE_WAIT = frozenset({429, 503})
RETRY_AFTER_SECONDS_MAX = 3600.0
ERROR_CHARS_MAX = 300


class DeliveryFailed(Unavailable):
    """The receiver did not take the message; it is tried again."""


@dataclass(frozen=True, slots=True)
class DeliverWebhook:
    """The target `webhook:ID` of the bus."""

    webhooks: Webhooks
    log: WebhookLog
    sender: WebhookSender
    clock: Clock

    def __call__(self, delivery: Delivery) -> None:
        """Send it once. Raises DeliveryFailed, PutOff, PolicyRefused (disabled) or InvalidInput (bad URL)."""
        webhook = self.webhooks.store.find(delivery.tenant_id, delivery.name)
        if webhook is None:
            return  # removed meanwhile: nobody wants it any more
        if not webhook.enabled:
            raise PolicyRefused(f"The webhook {webhook.webhook_id} is disabled: {webhook.disabled_reason}")
        now = self.clock.now()
        if webhook.rests_until is not None and webhook.rests_until > now:
            seconds = (webhook.rests_until - now).total_seconds()
            raise PutOff(f"The webhook {webhook.webhook_id} rests after failures.", seconds)
        try:
            answer = self._post(webhook, delivery)
        except (Unavailable, InvalidInput) as error:
            self._note(webhook, delivery, DeliveryStatus.RETRYING, None, str(error))
            self._noted(webhook, self._failed)
            raise
        self._judge(webhook, delivery, answer)

    def _post(self, webhook: Webhook, delivery: Delivery) -> HttpAnswer:
        url = self.webhooks.check_url(webhook.url)  # anew each time: names move, also to where they must not
        body = body_of(delivery.event, delivery.payload if delivery.transformed else None)
        identity = _identity(delivery.event, webhook, delivery.rule if delivery.transformed else None)
        signed = signed_headers(self.webhooks.secrets_of(webhook), identity, self.clock.now(), body)
        return self.sender.post(
            url, {**signed, **ticket_headers(delivery.event.detail.get("ticket_id"))}, body
        )

    def _judge(self, webhook: Webhook, delivery: Delivery, answer: HttpAnswer) -> None:
        if 200 <= answer.status < 300:
            self._note(webhook, delivery, DeliveryStatus.DELIVERED, answer)
            if webhook.failures:
                self._noted(webhook, Webhook.recovered)
            return
        said = _explain(answer)
        self._note(webhook, delivery, DeliveryStatus.RETRYING, answer, said)
        if answer.status == GONE:
            self._noted(webhook, lambda w: self._failed(w).disabled("The receiver answered 410 Gone."))
            raise PolicyRefused(said)
        self._noted(webhook, self._failed)
        if answer.status in PLEASE_WAIT and answer.retry_after_seconds is not None:
            raise PutOff(said, min(answer.retry_after_seconds, RETRY_AFTER_SECONDS_MAX), counted=True)
        raise DeliveryFailed(said)

    def given_up(self, invocation: Invocation, error: str) -> None:
        """Note in the log that a delivery has become a dead letter."""
        webhook = self.webhooks.store.find(invocation.tenant_id, invocation.target.name)
        if webhook is not None:
            event = invocation.event
            rule = invocation.rule if is_transformed(invocation.target) else None
            identity = _identity(event, webhook, rule)
            found = self.log.find(webhook.tenant_id, webhook.webhook_id, event.time, identity)
            record = found or _record(webhook, event, invocation.attempts, self.clock.now(), rule)
            self.log.write(replace(record, status=DeliveryStatus.FAILED, error=error[:ERROR_CHARS_MAX]))

    def _note(
        self,
        webhook: Webhook,
        delivery: Delivery,
        status: DeliveryStatus,
        answer: HttpAnswer | None,
        error: str | None = None,
    ) -> None:
        rule = delivery.rule if delivery.transformed else None
        record = _record(webhook, delivery.event, delivery.attempt, self.clock.now(), rule)
        self.log.write(
            replace(
                record,
                status=status,
                response_code=None if answer is None else answer.status,
                latency_ms=None if answer is None else round(answer.latency_ms, 1),
                error=None if error is None else error[:ERROR_CHARS_MAX],
            )
        )

    def _failed(self, webhook: Webhook) -> Webhook:
        return webhook.failed(self.clock.now())

    def _noted(self, webhook: Webhook, change: Callable[[Webhook], Webhook]) -> None:
        with suppress(ConditionFailed):  # very many end at once: the next one is counted again
            self.webhooks.store.change_health(webhook.tenant_id, webhook.webhook_id, change)


@dataclass(frozen=True, slots=True)
class SendToWebhook:
    """Use cases: a test message, and a delivery once more."""

    webhooks: Webhooks
    bus: DirectBus
    clock: Clock
    ids: Ids

    def test(self, tenant_id: str, webhook_id: str) -> str:
        """Send a test message; its delivery id. Raises NotFound, PolicyRefused when it is disabled."""
        webhook = _enabled(self.webhooks.store.get(tenant_id, webhook_id))
        event = new_event(
            event_id(tenant_id, DetailType.WEBHOOK_TEST, self.ids.new("tst")),
            source=EVENTS,
            detail_type=DetailType.WEBHOOK_TEST,
            tenant_id=tenant_id,
            time=self.clock.now(),
            detail={"webhook_id": webhook_id},
        )
        self.bus.send(event, target_of(webhook))
        return message_id(event.id, webhook_id)

    def again(self, tenant_id: str, webhook_id: str, delivery_id: str) -> None:
        """Deliver once more under the same `webhook-id`. Raises NotFound, PolicyRefused."""
        webhook = _enabled(self.webhooks.store.get(tenant_id, webhook_id))
        event = event_of_message(delivery_id, webhook_id)
        self.bus.send_again(tenant_id, event, target_of(webhook))


def body_of(event: Event, payload: Json = None) -> bytes:
    """The message, in the shape that Standard Webhooks proposes: type, timestamp, data.

    The data is the event's detail, or the payload that a rule made of the event.
    """
    data: Json = dict(event.detail) if payload is None else payload
    message: dict[str, Json] = {"type": event.detail_type, "timestamp": iso_seconds(event.time), "data": data}
    if event.replay_name is not None:
        message["replay_name"] = event.replay_name
    return orjson.dumps(message)


def _enabled(webhook: Webhook) -> Webhook:
    if not webhook.enabled:
        raise PolicyRefused(
            f"The webhook {webhook.webhook_id} is disabled: {webhook.disabled_reason} Enable it first."
        )
    return webhook


def _identity(event: Event, webhook: Webhook, rule: str | None) -> str:
    """The `webhook-id`; a rule that sends another body than the event's sends another message."""
    return message_id(event.id, webhook.webhook_id if rule is None else f"{webhook.webhook_id}/{rule}")


def _record(webhook: Webhook, event: Event, attempts: int, at: datetime, rule: str | None) -> DeliveryRecord:
    return DeliveryRecord(
        delivery_id=_identity(event, webhook, rule),
        webhook_id=webhook.webhook_id,
        tenant_id=webhook.tenant_id,
        event_id=event.id,
        detail_type=event.detail_type,
        event_time=event.time,
        status=DeliveryStatus.RETRYING,
        attempts=attempts,
        at=at,
    )


def _explain(answer: HttpAnswer) -> str:
    if 300 <= answer.status < 400:
        return f"The receiver answered {answer.status}; redirects are not followed. Register the final URL."
    return (
        f"The receiver answered {answer.status}: {answer.reply}"
        if answer.reply
        else (f"The receiver answered {answer.status}.")
    )
