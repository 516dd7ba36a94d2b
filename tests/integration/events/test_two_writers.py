"""Two processes at one place of the bus on AWS at one moment: the second comes in between two calls of the first."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.events.schemas_service import SchemasService
from tests.engines import ACCOUNT

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import ConditionFailed
from rimedio.events.archive import Archive
from rimedio.events.bus import RULES_MAX, Reason, Rule, Target
from rimedio.events.event import Event, event_id, new_event
from rimedio.events.eventbridge_archive import EventBridgeArchive
from rimedio.events.eventbridge_scheduler import EventBridgeScheduler
from rimedio.events.eventbridge_schemas import EventBridgeSchemas
from rimedio.events.replay_records import ReplayRecords
from rimedio.events.schedule import Schedule
from rimedio.events.sqs_deliveries import SqsDeliveries
from rimedio.events.sqs_queue import Outgoing, SqsQueue
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Table

START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
TENANT = "acme"
SEEN = Target("t", "handler:seen")


class Interrupted:
    """A client; before its nth call of an operation somebody else does something whole."""

    def __init__(self, client: Any, operation: str, work: Callable[[], object], nth: int = 1) -> None:
        self._client, self._operation, self._work, self._left = client, operation, work, nth

    def __getattr__(self, name: str) -> Any:
        if name == self._operation:
            self._left -= 1
            if self._left == 0:
                self._work()
        return getattr(self._client, name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def table(clock: FakeClock) -> Iterator[Table]:
    database = Database(None)
    yield SqliteTable(database, clock)
    database.close()


@pytest.fixture
def name() -> str:
    return f"two-{uuid.uuid4().hex[:8]}"


# -- deliveries


class Ground:
    """A queue, and two processes that take its deliveries."""

    def __init__(self, connections: AwsConnections, table: Table, clock: FakeClock, name: str) -> None:
        client = connections.client("sqs")
        self.queue = SqsQueue(
            client,
            client.create_queue(QueueName=name)["QueueUrl"],
            clock,
            wait_seconds=0,
            hidden_seconds_max=0,
        )
        self.rules = TableRules(table, clock)
        self.rules.put(Rule(TENANT, "rule", {"source": ["rimedio.tickets"]}, (SEEN,)))
        self.one, self.two = (SqsDeliveries(self.queue, table, self.rules, clock) for _ in range(2))

    def claimed(self, event: Event) -> Any:
        """A delivery that the first process works on, and whose rule goes meanwhile: the second one drops it."""
        for _ in range(2):  # its message came twice
            self.one.add(event, (TENANT, "rule"), (SEEN,))
        message, again = self.queue.receive()
        invocation = self.one.take(message)
        self.rules.remove(TENANT, "rule")
        assert self.two.take(again) is None
        return invocation


ENDS: dict[str, Callable[[SqsDeliveries, Any, datetime], object]] = {
    "done": lambda queue, invocation, _: queue.done(invocation),
    "retry": lambda queue, invocation, now: queue.retry(invocation, now + timedelta(seconds=10)),
    "bury": lambda queue, invocation, _: queue.bury(invocation, Reason.RETRIES_EXHAUSTED, "not wanted"),
    "release": lambda queue, invocation, _: queue.release(invocation),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_delivery_dropped_while_it_is_made_stays_dropped(
    connections: AwsConnections, table: Table, clock: FakeClock, name: str, end: str
) -> None:
    ground = Ground(connections, table, clock, name)
    event = new_event(
        event_id(name), source="rimedio.tickets", detail_type="TicketOpened", tenant_id=TENANT,
        time=START, detail={"name": name},
    )  # fmt: skip
    invocation = ground.claimed(event)
    ENDS[end](ground.one, invocation, clock.now())
    assert ground.one.dead_letters(TENANT).items == ()
    for message in ground.queue.receive():  # whoever comes later finds nothing, and nothing broken
        assert ground.two.take(message) is None


def test_a_message_that_somebody_else_has_deleted_is_put_off_without_a_complaint(
    connections: AwsConnections, clock: FakeClock, name: str
) -> None:
    client = connections.client("sqs")
    queue = SqsQueue(client, client.create_queue(QueueName=name)["QueueUrl"], clock, wait_seconds=0)
    queue.send((Outgoing("{}"),))
    [message] = queue.receive()
    queue.put_off(
        message, 100_000
    )  # the longest time there is, though a moment has passed since it was received
    assert queue.receive() == ()
    queue.delete((message,))
    queue.put_off(message, 10)


def test_a_rule_that_came_over_the_limit_because_two_were_put_at_once_is_a_rule(
    table: Table, clock: FakeClock
) -> None:
    rules = TableRules(table, clock)
    for number in range(RULES_MAX - 1):
        rules.put(Rule(TENANT, f"rule{number:03d}", {"source": ["a"]}, (SEEN,)))
    reading = rules._read
    second = Rule(TENANT, "zz-second", {"source": ["a"]}, (SEEN,))
    other = TableRules(table, clock)

    def read_then_another(tenant_id: str) -> Any:
        found = reading(tenant_id)
        rules._read = reading  # type: ignore[method-assign]
        other.put(second)
        return found

    rules._read = read_then_another  # type: ignore[method-assign]
    rules.put(Rule(TENANT, "aa-first", {"source": ["a"]}, (SEEN,)))
    assert {"aa-first", "zz-second"} <= {rule.name for rule in rules.all(TENANT)}


def test_an_event_that_ended_before_it_was_told_leaves_nothing(table: Table, clock: FakeClock) -> None:
    log = TableEventLog(table, clock, timedelta(days=1))
    event = new_event(
        event_id("short"), source="rimedio.tickets", detail_type="TicketOpened", tenant_id=TENANT,
        time=START, detail={},
    )  # fmt: skip
    assert log.write(event, told=False)
    clock.advance(2 * 86_400)
    log.told(event)
    assert log.write(event, told=False)


# -- schedules


def a_schedule(description: str = "") -> Schedule:
    return Schedule(TENANT, "nightly", "rate(1 day)", SEEN, START, description=description)


class Schedules:
    """Schedulers of several processes in one group."""

    def __init__(self, connections: AwsConnections, clock: FakeClock, group: str) -> None:
        self.client, self.clock, self.group = connections.client("scheduler"), clock, group
        self.client.create_schedule_group(Name=group)

    def on(self, client: Any) -> EventBridgeScheduler:
        return EventBridgeScheduler(
            client,
            group=self.group,
            queue_arn=f"arn:aws:sqs:eu-south-1:{ACCOUNT}:q",
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/scheduler",
            clock=self.clock,
        )


def test_a_schedule_that_two_make_at_once_is_made_once_as_the_later_one_says(
    connections: AwsConnections, clock: FakeClock, name: str
) -> None:
    ground = Schedules(connections, clock, name)
    other = ground.on(ground.client)
    meeting = Interrupted(ground.client, "create_schedule", lambda: other.ensure(a_schedule("first")))
    ground.on(meeting).ensure(a_schedule("second"))
    [found] = other.list(TENANT)
    assert found.schedule.description == "second"


def test_a_schedule_that_is_removed_while_it_is_changed_is_there_afterwards(
    connections: AwsConnections, clock: FakeClock, name: str
) -> None:
    ground = Schedules(connections, clock, name)
    other = ground.on(ground.client)
    other.put(a_schedule("first"))
    meeting = Interrupted(ground.client, "update_schedule", lambda: other.remove(TENANT, "nightly"))
    ground.on(meeting).put(a_schedule("second"))
    [found] = other.list(TENANT)
    assert found.schedule.description == "second"


# -- archives and replays


class Archives:
    """Archives of several processes on one bus."""

    def __init__(self, connections: AwsConnections, table: Table, clock: FakeClock, bus: str) -> None:
        self.client, self.table, self.clock, self.bus = connections.client("events"), table, clock, bus
        self.arn = self.client.create_event_bus(Name=bus)["EventBusArn"]
        self.client.create_archive(ArchiveName=bus, EventSourceArn=self.arn)
        self.rule = self.client.put_rule(
            Name="all", EventBusName=bus, EventPattern='{"source": [{"prefix": ""}]}'
        )["RuleArn"]
        self.records = ReplayRecords(table, clock)

    def on(self, client: Any, records: ReplayRecords | None = None) -> EventBridgeArchive:
        return EventBridgeArchive(
            client,
            bus_arn=self.arn,
            rule_arn=self.rule,
            default=self.bus,
            log=TableEventLog(self.table, self.clock, timedelta(days=1)),
            rules=TableRules(self.table, self.clock),
            records=records or self.records,
            clock=self.clock,
            ids=SeededIds(),
        )


def test_an_archive_that_two_make_at_once_is_made_once_as_the_later_one_says(
    connections: AwsConnections, table: Table, clock: FakeClock, name: str
) -> None:
    ground = Archives(connections, table, clock, name)
    other = ground.on(ground.client)
    meeting = Interrupted(
        ground.client, "create_archive", lambda: other.put_archive(Archive(TENANT, "mine", 7))
    )
    ground.on(meeting).put_archive(Archive(TENANT, "mine", 30))
    assert [(a.name, a.retention_days) for a in other.archives(TENANT)] == [("mine", 30)]


def test_a_replay_that_two_ask_for_at_once_is_one_replay(
    connections: AwsConnections, table: Table, clock: FakeClock, name: str
) -> None:
    ground = Archives(connections, table, clock, name)
    asked = TENANT, START - timedelta(hours=2), START - timedelta(hours=1)
    found = []

    class Meeting(ReplayRecords):
        """Between looking for a record and writing it, somebody else asks for the same replay."""

        def add(self, replay: Any) -> None:
            found.append(ground.on(ground.client).start_replay(*asked, name=name))
            super().add(replay)

    found.append(ground.on(ground.client, Meeting(table, clock)).start_replay(*asked, name=name))
    assert len({replay.replay_id for replay in found}) == 1
    assert len(ground.records.all(TENANT)) == 1
    with pytest.raises(ConditionFailed):
        ground.records.add(found[0])


# -- schemas


def seen(clock: FakeClock, **detail: object) -> Event:
    return new_event(
        event_id(*detail), source="rimedio.tickets", detail_type="TicketOpened", tenant_id=TENANT,
        time=clock.now(), detail=detail,
    )  # type: ignore[arg-type]  # fmt: skip


def fields_of(registry: EventBridgeSchemas) -> set[str]:
    found = registry.schema(TENANT, "rimedio.tickets@TicketOpened").content
    return set(found["properties"]["detail"]["properties"]) - {"metadata"}  # type: ignore[index,call-overload,arg-type]


def test_of_two_who_widen_a_schema_at_once_neither_takes_away_what_the_other_found(
    connections: AwsConnections, clock: FakeClock, name: str
) -> None:
    client = SchemasService().attach(connections)
    other = EventBridgeSchemas(client, name, clock)
    other.learn(seen(clock, known=1))
    meeting = Interrupted(client, "update_schema", lambda: other.learn(seen(clock, theirs=1)))
    assert EventBridgeSchemas(meeting, name, clock).learn(seen(clock, mine=1))
    assert fields_of(other) == {"known", "theirs", "mine"}


def test_of_two_who_write_the_first_version_at_once_the_second_widens_it(
    connections: AwsConnections, clock: FakeClock, name: str
) -> None:
    client = SchemasService().attach(connections)
    other = EventBridgeSchemas(client, name, clock)
    meeting = Interrupted(client, "create_schema", lambda: other.learn(seen(clock, theirs=1)))
    assert EventBridgeSchemas(meeting, name, clock).learn(seen(clock, mine=1))
    assert fields_of(other) == {"theirs", "mine"}
