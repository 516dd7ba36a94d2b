"""Buses that the contract suite runs against: SQLite in memory and in a file, and EventBridge with SQS on moto.

What only the home on SQLite promises (one process asks its own queue for work) is marked `AT_HOME` in the tests.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.contract.events.schemas_service import SchemasService

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock, RandomIds, SeededIds
from rimedio.events.archive import EventArchive
from rimedio.events.backoff import ExponentialBackoff
from rimedio.events.bus import Rule, Target
from rimedio.events.delivery_queue import LOCAL, WEBHOOK, DeliveryQueue, DirectBus
from rimedio.events.deployed_rules import DELIVERIES, DEPLOYED
from rimedio.events.dispatch import Dispatcher, TargetRegistry
from rimedio.events.event import Event, event_id, new_event
from rimedio.events.eventbridge_archive import EventBridgeArchive
from rimedio.events.eventbridge_bus import EventBridgeBus
from rimedio.events.eventbridge_rules import EventBridgeRules
from rimedio.events.eventbridge_scheduler import EventBridgeScheduler
from rimedio.events.eventbridge_schemas import EventBridgeSchemas
from rimedio.events.replay_records import ReplayRecords
from rimedio.events.schedule import Scheduler
from rimedio.events.schemas import SchemaRegistry
from rimedio.events.sqlite_archive import SqliteArchive
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.events.sqlite_scheduler import SqliteScheduler
from rimedio.events.sqlite_schemas import SqliteSchemas
from rimedio.events.sqs_deliveries import SqsDeliveries
from rimedio.events.sqs_intake import EventIntake, SqsDelivery
from rimedio.events.sqs_queue import SqsQueue
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules
from rimedio.storage.database import Database
from rimedio.storage.dynamodb_definition import create_table
from rimedio.storage.dynamodb_table import DynamoDbTable
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Table

START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
KEPT = timedelta(days=30)
ACCOUNT = "123456789012"
SCHEMAS = SchemasService()  # one for all tests: each has a registry of its own


@dataclass
class BusHome:
    """A bus under test with one handler, `seen`, that keeps what it is given."""

    bus: DirectBus
    queue: DeliveryQueue
    clock: FakeClock
    targets: TargetRegistry
    deliver: Callable[[], int]
    make_archive: Callable[[], EventArchive]
    make_scheduler: Callable[[], Scheduler]
    make_schemas: Callable[[], SchemaRegistry]
    discover: Callable[[SchemaRegistry, Event], object]
    knows_duplicates: bool = True  # at the moment of putting; every bus delivers them once
    region: str = "local"
    many: int = 130  # more than a page; a service behind HTTP gets fewer
    received: list[Event] = field(default_factory=list)

    def event(self, name: str = "one", tenant: str = "acme", **detail: object) -> Event:
        return new_event(
            event_id(name),
            source="rimedio.tickets",
            detail_type="TicketOpened",
            tenant_id=tenant,
            time=self.clock.now(),
            detail={"name": name} | detail,  # type: ignore[arg-type]
        )

    def listen(self, pattern: dict, tenant: str = "acme", name: str = "rule", **target: object) -> None:
        receiver = Target("t", "handler:seen", **target)  # type: ignore[arg-type]
        self.bus.put_rule(Rule(tenant, name, pattern, (receiver,)))

    def work(self) -> None:
        for _ in range(50):
            if not self.deliver():
                return
        raise AssertionError("the queue does not come to rest")


@dataclass
class SqliteHome(BusHome):
    """The home on SQLite, whose parts some tests look into."""

    database: Database = field(kw_only=True)
    dispatcher: Dispatcher = field(kw_only=True)
    queue: SqliteQueue = field(kw_only=True)
    bus: SqliteBus = field(kw_only=True)


HOMES = (
    "sqlite-memory",
    "sqlite-file",
    "eventbridge",
    pytest.param("eventbridge-dynamodb", marks=pytest.mark.slow),
)


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BusHome]:
    clock = FakeClock(START)
    if request.param == "eventbridge-dynamodb":
        yield dynamodb_home(request.getfixturevalue("twin_connections"), clock)
        return
    database = Database(tmp_path / "rimedio.db" if request.param == "sqlite-file" else None)
    if request.param == "eventbridge":
        table = SqliteTable(database, clock)
        yield eventbridge_home(request.getfixturevalue("connections"), table, clock)
    else:
        yield sqlite_home(database, clock)
    database.close()


def dynamodb_home(connections: AwsConnections, clock: FakeClock) -> BusHome:
    """EventBridge and SQS as moto has them, and the table in DynamoDB Local."""
    client, name = connections.client("dynamodb"), f"events-{uuid.uuid4().hex[:8]}"
    create_table(client, name)
    return eventbridge_home(connections, DynamoDbTable(client, name, clock), clock)


def sqlite_home(database: Database, clock: FakeClock) -> SqliteHome:
    queue, targets = SqliteQueue(database, clock), TargetRegistry()
    bus = SqliteBus(database, queue, clock)
    dispatcher = Dispatcher(queue, targets, clock, waits=ExponentialBackoff(first_seconds=10))
    made = SqliteHome(
        clock=clock,
        targets=targets,
        deliver=dispatcher.run_once,
        make_archive=lambda: SqliteArchive(database, bus, clock, SeededIds(1)),
        make_scheduler=lambda: SqliteScheduler(database, bus, clock),
        make_schemas=lambda: SqliteSchemas(database, clock),
        discover=lambda registry, _event: registry.discover(),
        database=database,
        dispatcher=dispatcher,
        queue=queue,
        bus=bus,
    )
    targets.handlers["seen"] = made.received.append
    return made


def eventbridge_home(connections: AwsConnections, table: Table, clock: FakeClock) -> BusHome:
    """EventBridge and SQS as moto has them, on a table of either home."""
    name = f"bus-{uuid.uuid4().hex[:8]}"
    sqs, events = connections.client("sqs"), connections.client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{connections.region}:{ACCOUNT}:{name}"
    bus_arn = events.create_event_bus(Name=name)["EventBusArn"]
    (deployed,) = (rule for rule in DEPLOYED if rule.name == DELIVERIES)
    rule_arn = EventBridgeRules(events, name, {"queue:deliveries": arn}).put(deployed)
    # Time stands still in these tests, and SQS counts real seconds: what is put off stays visible, and the
    # delivery's own due time decides.
    queue = SqsQueue(sqs, url, clock, wait_seconds=0, hidden_seconds_max=0)
    rules, log = TableRules(table, clock), TableEventLog(table, clock, KEPT)
    records, targets = ReplayRecords(table, clock), TargetRegistry()
    deliveries = SqsDeliveries(queue, table, rules, clock)
    intake = EventIntake(log, rules, records, deliveries)
    waits = {LOCAL: ExponentialBackoff(first_seconds=10), WEBHOOK: ExponentialBackoff(first_seconds=10)}
    worker = SqsDelivery(queue, intake, deliveries, targets, clock, waits)
    bus = EventBridgeBus(events, name, rules=rules, log=log, deliveries=deliveries, clock=clock)
    archive = EventBridgeArchive(
        events,
        bus_arn=bus_arn,
        rule_arn=rule_arn,
        default=name,
        log=log,
        rules=rules,
        records=records,
        clock=clock,
        ids=RandomIds(),  # moto remembers replays of other tests by name
    )
    made = BusHome(
        bus=bus,
        queue=deliveries,
        clock=clock,
        targets=targets,
        deliver=worker.run_once,
        make_archive=lambda: archive,
        make_scheduler=lambda: eventbridge_scheduler(connections, name, arn, clock),
        make_schemas=lambda: EventBridgeSchemas(SCHEMAS.attach(connections), name, clock),
        discover=lambda registry, event: registry.learn(event),
        knows_duplicates=False,
        region=connections.region,
        many=12,
    )
    targets.handlers["seen"] = made.received.append
    return made


def eventbridge_scheduler(
    connections: AwsConnections, group: str, queue_arn: str, clock: FakeClock
) -> EventBridgeScheduler:
    client = connections.client("scheduler")
    client.create_schedule_group(Name=group)
    return EventBridgeScheduler(
        client,
        group=group,
        queue_arn=queue_arn,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/scheduler",
        dead_letter_arn=queue_arn,
        clock=clock,
    )
