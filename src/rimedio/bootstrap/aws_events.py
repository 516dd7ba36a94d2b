"""Events on AWS, put together: EventBridge carries, SQS keeps time, the table knows what happened and who wants it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from rimedio.bootstrap.events import Eventing
from rimedio.domain.errors import InvalidSetting
from rimedio.events.eventbridge_archive import EventBridgeArchive
from rimedio.events.eventbridge_bus import EventBridgeBus
from rimedio.events.eventbridge_scheduler import EventBridgeScheduler
from rimedio.events.eventbridge_schemas import EventBridgeSchemas
from rimedio.events.outbox import relay_changes
from rimedio.events.replay_records import ReplayRecords
from rimedio.events.schemas import NoSchemas
from rimedio.events.sns_topic import SnsTopic
from rimedio.events.sqs_deliveries import SqsDeliveries
from rimedio.events.sqs_intake import EventIntake, SqsDelivery
from rimedio.events.sqs_queue import SqsQueue
from rimedio.events.sqs_redrive import DeadLetterRedrive
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules
from rimedio.storage.streams import Change

if TYPE_CHECKING:
    from rimedio.bootstrap.aws import AwsRimedio

RECEIVE_SECONDS = 30.0  # a long poll takes 20
POLL_IDLE_SECONDS = 0.5


class AwsEventing(Eventing):
    """Eventing on AWS. Functions call `relay_changes`, `delivery.handle`, `notices.post`, `redrive`."""

    def __init__(self, system: "AwsRimedio") -> None:
        super().__init__(system)
        self._home = system
        self._settings = system.settings
        self._connections = system.connections

    # -- the bus

    @cached_property
    def event_rules(self) -> TableRules:
        """Rules of tenants and of the system, in the table."""
        return TableRules(self._home.table, self._home.clock)

    @cached_property
    def log(self) -> TableEventLog:
        """What happened, and what was told."""
        return TableEventLog(self._home.table, self._home.clock, timedelta(days=self._settings.event_days))

    @cached_property
    def delivery_queue(self) -> SqsQueue:
        """The queue that EventBridge fills, and deliveries wait in. Raises InvalidSetting."""
        return self._queue(self._needed("webhook_queue_url"))

    @cached_property
    def queue(self) -> SqsDeliveries:
        """What is still to be delivered, and the dead letters."""
        return SqsDeliveries(self.delivery_queue, self._home.table, self.event_rules, self._home.clock)

    @cached_property
    def bus(self) -> EventBridgeBus:
        """Takes events."""
        return EventBridgeBus(
            self._connections.client("events"),
            self._settings.event_bus,
            rules=self.event_rules,
            log=self.log,
            deliveries=self.queue,
            clock=self._home.clock,
        )

    def relay_changes(self, changes: Sequence[Change]) -> None:
        """Put the events of these changes onto the bus. Raises; then the same changes come again."""
        relay_changes(changes, self.bus)

    @cached_property
    def replay_records(self) -> ReplayRecords:
        """Who asked for which replay."""
        return ReplayRecords(self._home.table, self._home.clock)

    @cached_property
    def intake(self) -> EventIntake:
        """Takes events off the queue and writes their deliveries."""
        found = self.schemas
        learn = found.learn if isinstance(found, EventBridgeSchemas) else None
        return EventIntake(self.log, self.event_rules, self.replay_records, self.queue, learn)

    @cached_property
    def delivery(self) -> SqsDelivery:
        """Works through the queue's messages: `handle(records)` in a function, `run_once()` elsewhere."""
        return SqsDelivery(
            self.delivery_queue,
            self.intake,
            self.queue,
            self.targets,
            self._home.clock,
            given_up=self.deliver_webhook.given_up,
        )

    # -- what is kept

    @cached_property
    def archive(self) -> EventBridgeArchive:
        """Events that happened, and their replays. Raises InvalidSetting."""
        return EventBridgeArchive(
            self._connections.client("events"),
            bus_arn=self._needed("event_bus_arn"),
            rule_arn=self._needed("event_rule_arn"),
            default=self._settings.event_archive,
            log=self.log,
            rules=self.event_rules,
            records=self.replay_records,
            clock=self._home.clock,
            ids=self._home.ids,
        )

    @cached_property
    def schemas(self) -> EventBridgeSchemas | NoSchemas:
        """Which shapes events have, where a registry is deployed."""
        registry = self._settings.schema_registry
        if registry is None:
            return NoSchemas()
        return EventBridgeSchemas(self._connections.client("schemas"), registry, self._home.clock)

    def trim(self) -> int:
        """Nothing: everything here ends by its own time."""
        return 0

    # -- schedules

    @cached_property
    def schedules(self) -> EventBridgeScheduler:
        """When something is to happen. Raises InvalidSetting."""
        return EventBridgeScheduler(
            self._connections.client("scheduler"),
            group=self._settings.schedule_group,
            queue_arn=self._needed("webhook_queue_arn"),
            role_arn=self._needed("event_scheduler_role"),
            dead_letter_arn=self._settings.dead_letter_queue_arn,
            clock=self._home.clock,
        )

    # -- people, and what went wrong

    @cached_property
    def notices(self) -> SnsTopic:
        """Tells people on duty. Raises InvalidSetting."""
        return SnsTopic(self._connections.client("sns"), self._needed("notification_topic_arn"))

    @cached_property
    def dead_letter_redrive(self) -> DeadLetterRedrive:
        """Sends back what no function could take. Raises InvalidSetting."""
        documents = self._settings.ingestion_queue_url
        return DeadLetterRedrive(
            self.dead_letters, self.delivery_queue, None if documents is None else self._queue(documents)
        )

    @cached_property
    def dead_letters(self) -> SqsQueue:
        """Where everything ends that could not be done. Raises InvalidSetting."""
        return self._queue(self._needed("dead_letter_queue_url"), self.thorough_wait_seconds)

    @cached_property
    def stranded(self) -> SqsQueue | None:
        """The places in the table's stream that no function could work off, where a queue keeps them."""
        url = self._settings.stranded_queue_url
        return None if url is None else self._queue(url, self.thorough_wait_seconds)

    # -- background

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What a process that is no function runs, such as the twin on a workbench; functions are called."""
        return {
            "relay events": (self.outbox.run_once, POLL_IDLE_SECONDS),
            "deliver events": (self.delivery.run_once, POLL_IDLE_SECONDS),
        }

    def _queue(self, url: str, wait_seconds: int | None = None) -> SqsQueue:
        client = self._connections.client("sqs", read_seconds=RECEIVE_SECONDS)
        wait = self.wait_seconds if wait_seconds is None else wait_seconds
        return SqsQueue(client, url, self._home.clock, wait_seconds=wait)

    wait_seconds = 0  # of a poll; a function never polls, and a loop has its own idle time
    thorough_wait_seconds = 1  # any wait at all asks all of SQS's servers, none only some of them

    def _needed(self, name: str) -> str:
        value = getattr(self._settings, name)
        if not value:
            msg = f"On AWS the setting `{name}` must be set. Its environment: RIMEDIO_{name.upper()}."
            raise InvalidSetting(msg)
        return str(value)
