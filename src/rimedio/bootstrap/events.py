"""Events, put together: bus, outbox, archive, schemas, schedules, webhooks."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput
from rimedio.events.archive import DEFAULT_ARCHIVE, Archive, EventArchive
from rimedio.events.backoff import SteppedBackoff
from rimedio.events.bus import EVERY_TENANT, RetryPolicy, Target
from rimedio.events.delivery_queue import LOCAL, WEBHOOK, DeliveryQueue, DirectBus
from rimedio.events.dispatch import Dispatcher, TargetRegistry, workflow_target
from rimedio.events.event import Event
from rimedio.events.outbox import OutboxRelay
from rimedio.events.permitted import TenantRules
from rimedio.events.publisher import EventPublisher
from rimedio.events.schedule import Schedule, Scheduler
from rimedio.events.schemas import SchemaRegistry
from rimedio.events.sqlite_archive import SqliteArchive
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.events.sqlite_scheduler import SqliteScheduler
from rimedio.events.sqlite_schemas import SqliteSchemas
from rimedio.events.webhook_delivery import DeliverWebhook, SendToWebhook
from rimedio.events.webhook_log import WebhookLog
from rimedio.events.webhooks import Webhooks, WebhookStore
from rimedio.security.ssrf import PublicUrl, check_public_url

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import LaptopRimedio
    from rimedio.bootstrap.system import Rimedio

RELAY_IDLE_SECONDS = 0.25
DELIVERY_IDLE_SECONDS = 0.25
REPLAY_IDLE_SECONDS = 2.0
DISCOVERY_IDLE_SECONDS = 5.0
SCHEDULE_IDLE_SECONDS = 5.0
DEAD_LETTERS_KEPT = timedelta(days=14)  # as the longest of SQS
DEAD_LETTERS_MAX = 10_000  # of a tenant
WEBHOOK_WORKERS = 4
OF_ONE_WEBHOOK = 2  # deliveries at a time: a slow receiver holds at most half of the workers


class Eventing:
    """What happens when something has happened. The parts that a home has of its own kind: see the subclasses."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system

    # -- what each home brings

    @property
    def queue(self) -> DeliveryQueue:
        """What is still to be delivered, and the dead letters."""
        raise NotImplementedError

    @property
    def bus(self) -> DirectBus:
        """Takes events and hands them to whoever listens."""
        raise NotImplementedError

    @property
    def archive(self) -> EventArchive:
        """Events that happened, and their replays."""
        raise NotImplementedError

    @property
    def schemas(self) -> SchemaRegistry:
        """Which shapes events have."""
        raise NotImplementedError

    @property
    def schedules(self) -> Scheduler:
        """When something is to happen."""
        raise NotImplementedError

    def trim(self) -> int:
        """Drop what is past its time, where nothing else does; how many."""
        raise NotImplementedError

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What the service runs in the background: name, and work with its idle seconds."""
        raise NotImplementedError

    # -- the bus

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

    def _start_ticket(self, tenant_id: str, given: Json, _name: str) -> None:
        """Set the ticket going that the input names; twice is once, for it goes by the ticket's id."""
        if not isinstance(given, dict) or not isinstance(given.get("ticket_id"), str):
            raise InvalidInput("The workflow `ticket` wants {ticket_id}. Use an input transformer.")
        self._system.runner.start(self._system.tickets.get(tenant_id, str(given["ticket_id"])))

    @cached_property
    def rules(self) -> TenantRules:
        """Use cases: a tenant's own rules."""
        return TenantRules(self.bus, WebhookStore(self._system.table))

    # -- schedules

    def every(self, name: str, expression: str, run: Callable[[], object]) -> None:
        """Let the system do something on a schedule; after a restart it goes on where it was.

        The run is an event to the handler `name`: what it raises is tried again, then a dead letter.
        """

        def handle(_event: Event) -> None:
            run()

        self.targets.handlers[name] = handle
        target = Target(name, f"handler:{name}", retry=RetryPolicy(maximum_retry_attempts=5))
        schedule = Schedule(EVERY_TENANT, name, expression, target, self._system.clock.now())
        self.schedules.ensure(schedule)

    def _prepare_schedules(self) -> None:
        """The system's own schedules, and those of the other groups.

        `schedules()` of a group gives `{name: (expression, function)}`.
        """
        system = self._system
        self.every("retention-trim", "rate(1 hour)", self.trim)
        self.every("nightly-sweep", "cron(0 3 * * ? *)", system.sweep)
        for group in (system.manuals, system.desk, system.accounts, system.learning, system.identity):
            found: Mapping[str, tuple[str, Callable[[], object]]] = getattr(group, "schedules", dict)()
            for name, (expression, run) in found.items():
                self.every(name, expression, run)

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


class HomeEventing(Eventing):
    """Eventing at home: everything in the one SQLite file, worked off by loops."""

    def __init__(self, system: "LaptopRimedio") -> None:
        super().__init__(system)
        self._database = system.database

    @cached_property
    def queue(self) -> SqliteQueue:
        """What is still to be delivered, and the dead letters."""
        return SqliteQueue(self._database, self._system.clock)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """Delivers to targets inside this process."""
        return Dispatcher(self.queue, self.targets, self._system.clock, LOCAL)

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

    @cached_property
    def bus(self) -> SqliteBus:
        """Takes events and enqueues them for whoever listens."""
        return SqliteBus(self._database, self.queue, self._system.clock)

    @cached_property
    def archive(self) -> SqliteArchive:
        """Events that happened, and their replays."""
        archive = SqliteArchive(self._database, self.bus, self._system.clock, self._system.ids)
        if not self._system.read_only:
            archive.put_archive(Archive(EVERY_TENANT, DEFAULT_ARCHIVE, self._system.settings.event_days))
        return archive

    @cached_property
    def schemas(self) -> SqliteSchemas:
        """Which shapes events have."""
        return SqliteSchemas(self._database, self._system.clock)

    @cached_property
    def schedules(self) -> SqliteScheduler:
        """When something is to happen."""
        return SqliteScheduler(self._database, self.bus, self._system.clock)

    def trim(self) -> int:
        """Drop what is past its time: archived events, dead letters, what the bus remembers; how many."""
        return self.archive.trim() + self.queue.trim(DEAD_LETTERS_KEPT, DEAD_LETTERS_MAX)

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What the service runs in the background: name, and work with its idle seconds."""
        _ = self.archive  # there before the first event is put
        self._prepare_schedules()
        found: dict[str, tuple[Callable[[], int], float]] = {
            "relay events": (self.outbox.run_once, RELAY_IDLE_SECONDS),
            "deliver events": (self.dispatcher.run_once, DELIVERY_IDLE_SECONDS),
            "replay events": (self.archive.run_once, REPLAY_IDLE_SECONDS),
            "discover schemas": (self.schemas.discover, DISCOVERY_IDLE_SECONDS),
            "schedules": (self.schedules.run_once, SCHEDULE_IDLE_SECONDS),
        }
        for number in range(1, WEBHOOK_WORKERS + 1):
            worker = partial(self.webhook_dispatcher.run_once)
            found[f"deliver webhooks {number}"] = (worker, DELIVERY_IDLE_SECONDS)
        return found


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")
