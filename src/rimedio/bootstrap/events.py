"""Events, put together: bus, outbox, archive, schemas, schedules, webhooks."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput
from rimedio.events.backoff import SteppedBackoff
from rimedio.events.dispatch import Dispatcher, TargetRegistry, workflow_target
from rimedio.events.outbox import OutboxRelay
from rimedio.events.publisher import EventPublisher
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import LOCAL, WEBHOOK, SqliteQueue
from rimedio.events.webhook_delivery import DeliverWebhook, SendToWebhook
from rimedio.events.webhook_log import WebhookLog
from rimedio.events.webhooks import Webhooks, WebhookStore
from rimedio.security.ssrf import PublicUrl, check_public_url

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio

RELAY_IDLE_SECONDS = 0.25
DELIVERY_IDLE_SECONDS = 0.25
WEBHOOK_WORKERS = 4
OF_ONE_WEBHOOK = 2  # deliveries at a time: a slow receiver holds at most half of the workers


class Eventing:
    """What happens when something has happened."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system

    # -- the bus

    @cached_property
    def queue(self) -> SqliteQueue:
        """What is still to be delivered, and the dead letters."""
        return SqliteQueue(self._system.database, self._system.clock)

    @cached_property
    def bus(self) -> SqliteBus:
        """Takes events and enqueues them for whoever listens."""
        return SqliteBus(self._system.database, self.queue, self._system.clock)

    @cached_property
    def publisher(self) -> EventPublisher:
        """Publishes what no write to the table shows."""
        return EventPublisher(self.bus, self._system.clock, self._system.ids)

    @cached_property
    def outbox(self) -> OutboxRelay:
        """Moves the table's changes onto the bus."""
        return OutboxRelay(self._system.changes, self.bus)

    @cached_property
    def targets(self) -> TargetRegistry:
        """Who can be a target. Rooms add theirs: `targets.handlers["name"] = function of the event`."""
        registry = TargetRegistry()
        registry.schemes[WEBHOOK] = self.deliver_webhook
        registry.schemes["workflow"] = workflow_target({"ticket": self._start_ticket})
        return registry

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """Delivers to targets inside this process."""
        return Dispatcher(self.queue, self.targets, self._system.clock, LOCAL)

    def _start_ticket(self, given: Json, _name: str) -> None:
        """Set the ticket going that the input names; twice is once, for it goes by the ticket's id."""
        if not isinstance(given, dict) or not isinstance(given.get("ticket_id"), str):
            raise InvalidInput(
                "The workflow `ticket` wants {tenant_id, ticket_id}. Use an input transformer."
            )
        tenant = str(given.get("tenant_id") or self._system.tenant)
        self._system.runner.start(self._system.tickets.get(tenant, str(given["ticket_id"])))

    # -- webhooks

    @cached_property
    def webhooks(self) -> Webhooks:
        """Use cases: register, list, change the secret, remove."""
        system = self._system
        return Webhooks(
            WebhookStore(system.table),
            self.bus,
            system.identity.cipher,
            self.check_url,
            system.clock,
            system.ids,
        )

    def check_url(self, url: str) -> PublicUrl:
        """A webhook's URL: public and https, or loopback where the settings allow it. Raises InvalidInput."""
        allowed = self._system.settings.loopback_urls
        found = check_public_url(url, allow_loopback=allowed)
        if found.scheme != "https" and not (allowed and all(map(_is_loopback, found.addresses))):
            raise InvalidInput(f"The webhook {url!r} must begin with https://, so that nobody reads along.")
        return found

    @cached_property
    def webhook_log(self) -> WebhookLog:
        """What became of each delivery."""
        return WebhookLog(self._system.table)

    @cached_property
    def deliver_webhook(self) -> DeliverWebhook:
        """The target behind `webhook:ID`."""
        from rimedio.events.webhook_http import HttpWebhookSender

        return DeliverWebhook(self.webhooks, self.webhook_log, HttpWebhookSender(), self._system.clock)

    @cached_property
    def send_to_webhook(self) -> SendToWebhook:
        """Use cases: a test message, a delivery once more."""
        return SendToWebhook(self.webhooks, self.bus, self._system.clock, self._system.ids)

    @cached_property
    def webhook_dispatcher(self) -> Dispatcher:
        """Delivers to webhooks; several workers may run it."""
        return Dispatcher(
            self.queue,
            self.targets,
            self._system.clock,
            WEBHOOK,
            SteppedBackoff(),
            at_once=OF_ONE_WEBHOOK,
            limit=1,
            given_up=self.deliver_webhook.given_up,
        )

    # -- background

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What the service runs in the background: name, and work with its idle seconds."""
        found: dict[str, tuple[Callable[[], int], float]] = {
            "relay events": (self.outbox.run_once, RELAY_IDLE_SECONDS),
            "deliver events": (self.dispatcher.run_once, DELIVERY_IDLE_SECONDS),
        }
        for number in range(1, WEBHOOK_WORKERS + 1):
            worker = partial(self.webhook_dispatcher.run_once)
            found[f"deliver webhooks {number}"] = (worker, DELIVERY_IDLE_SECONDS)
        return found


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")
