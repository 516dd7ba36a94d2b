"""Events under faults at every call between the table's change and the handler: none lost, none told as another.

The path is the one that runs on AWS: outbox, PutEvents, the deployed rule, the queue, intake, deliveries. moto is
the service; faults stand between the clients and it, or in the table. botocore tries each call once here: what a
fault breaks is mended by Rimedio's own retries, or by the message that comes again.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.aws import AwsConnections
from rimedio.aws.faults import Fault, Faults, NoConnection, Reply, Reset, Sent, ServerError, Throttle, Timeout
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Forbidden, RimedioError, Unavailable
from rimedio.events.bus import Rule, Target
from rimedio.events.deployed_rules import DEPLOYED
from rimedio.events.dispatch import TargetRegistry
from rimedio.events.event import Event
from rimedio.events.eventbridge_bus import EventBridgeBus
from rimedio.events.eventbridge_rules import EventBridgeRules
from rimedio.events.outbox import OutboxRelay
from rimedio.events.replay_records import ReplayRecords
from rimedio.events.sqs_deliveries import SqsDeliveries
from rimedio.events.sqs_intake import EventIntake, SqsDelivery
from rimedio.events.sqs_queue import SqsQueue
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules
from rimedio.events.translation import events_of
from rimedio.storage.database import Database
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable

START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
TICKETS = 4
TURNS = 60


class ShakyTable:
    """A table whose writes fail now and then, before or after they are done."""

    def __init__(self, table: SqliteTable, fails: set[int], *, after: bool) -> None:
        self._table = table
        self._fails = fails
        self._after = after
        self.writes = 0

    def __getattr__(self, name: str):
        method = getattr(self._table, name)
        if name not in ("put", "update", "delete"):
            return method

        def write(*given, **more):
            self.writes += 1
            fails = self.writes in self._fails
            if fails and not self._after:
                raise Unavailable("the table does not answer")
            found = method(*given, **more)
            if fails:
                raise Unavailable("the table's answer is lost")
            return found

        return write


class Path:
    """Everything between a change of the table and a handler."""

    def __init__(self, connections: AwsConnections, faulty: AwsConnections, table_faults=None) -> None:
        self.clock, self.database = FakeClock(START), Database(None)
        table = SqliteTable(self.database, self.clock)
        self.source = table
        shaky = table if table_faults is None else table_faults(table)
        name = f"bus-{uuid.uuid4().hex[:8]}"
        made = connections.client("sqs").create_queue(QueueName=name, Attributes={"VisibilityTimeout": "0"})
        connections.client("events").create_event_bus(Name=name)
        arn = f"arn:aws:sqs:{connections.region}:123456789012:{name}"
        EventBridgeRules(connections.client("events"), name, {"queue:deliveries": arn}).put(DEPLOYED[0])
        queue = SqsQueue(
            faulty.client("sqs", attempts=1),
            made["QueueUrl"],
            self.clock,
            wait_seconds=0,
            hidden_seconds_max=0,
        )
        rules, log = TableRules(shaky, self.clock), TableEventLog(shaky, self.clock, timedelta(days=1))
        self.deliveries = SqsDeliveries(queue, shaky, rules, self.clock)
        bus = EventBridgeBus(
            faulty.client("events", attempts=1),
            name,
            rules=rules,
            log=log,
            deliveries=self.deliveries,
            clock=self.clock,
        )
        self.seen: list[Event] = []
        intake = EventIntake(log, rules, ReplayRecords(shaky, self.clock), self.deliveries)
        targets = TargetRegistry(handlers={"seen": self.seen.append})
        self.worker = SqsDelivery(queue, intake, self.deliveries, targets, self.clock)
        self.stream = SqliteChangeStream(self.database, self.clock)
        self.relay = OutboxRelay(self.stream, bus)
        TableRules(table, self.clock).put(
            Rule("acme", "all", {"source": ["rimedio.tickets"]}, (Target("t", "handler:seen"),))
        )

    def open_tickets(self) -> dict[str, Event]:
        """Write tickets; the events that this means, by id."""
        for n in range(TICKETS):
            item = {
                "entity": "ticket",
                "tenant_id": "acme",
                "ticket_id": f"tkt_{n}",
                "version": 1,
                "status": "NEW",
            }
            self.source.put(item | {"pk": f"T#acme#TICKET#tkt_{n}", "sk": "META"})
        changes = self.stream.read("wanted", 1000)
        return {event.id: event for change in changes for event in events_of(change)}

    def run(self) -> None:
        """Work until all has come to rest, whatever fails."""
        idle = 0
        for _ in range(TURNS):
            done = sum(map(self._tried, (self.relay.run_once, self.worker.run_once)))
            idle = 0 if done else idle + 1
            if idle and len({event.id for event in self.seen}) >= TICKETS:
                return
            self.clock.advance(300)

    def _tried(self, work) -> int:
        try:
            return work()
        except RimedioError:
            return 1

    def close(self) -> None:
        self.database.close()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def faulty(connections, moto_endpoint, faults) -> Iterator[AwsConnections]:
    made = AwsConnections(connections.region, {"*": moto_endpoint}, prepare=faults.attach)
    yield made
    made.close()


def half_refused(sent: Sent) -> dict[str, object]:
    """Every second entry fails for a moment, and the service did nothing with the others' either."""
    entries = sent.parameters()["Entries"]
    if sent.service == "events":
        failed = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        return {"FailedEntryCount": len(entries), "Entries": [failed for _ in entries]}
    failures = [{"Id": e["Id"], "SenderFault": False, "Code": "InternalError"} for e in entries]
    return {"Successful": [], "Failed": failures}


FAULTS: tuple[Fault, ...] = (
    Throttle(),
    ServerError(503, "ServiceUnavailable"),
    Timeout(carried_out=True),
    NoConnection(),
    Timeout(),
    Reset(carried_out=True),
)
PARTLY = (("events", "PutEvents"), ("sqs", "SendMessageBatch"), ("sqs", "DeleteMessageBatch"))
CALLS = (*PARTLY, ("sqs", "ReceiveMessage"))


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_every_event_is_delivered_once_whatever_call_fails(
    connections, faulty, faults, service, operation
) -> None:
    met = (*FAULTS, Reply(half_refused)) if (service, operation) in PARTLY else FAULTS
    for call, fault in enumerate(met, start=1):
        faults.on(service, operation, fault, calls=(call,))
    path = Path(connections, faulty)
    wanted = path.open_tickets()
    path.run()
    path.close()
    assert faults.count(service, operation) > len(met)
    assert Counter(event.id for event in path.seen) == Counter([*wanted])
    assert all(event.detail == wanted[event.id].detail for event in path.seen)


@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("start", [1, 3])
def test_every_event_is_delivered_though_the_tables_writes_fail(connections, faulty, start, after) -> None:
    fails = set(range(start, 200, 7))
    path = Path(connections, faulty, lambda table: ShakyTable(table, fails, after=after))
    wanted = path.open_tickets()
    path.run()
    path.close()
    seen = Counter(event.id for event in path.seen)
    assert set(seen) == set(wanted)
    assert all(event.detail == wanted[event.id].detail for event in path.seen)


def test_a_bus_that_may_not_be_used_is_told_and_nothing_counts_as_relayed(
    connections, faulty, faults
) -> None:
    from rimedio.aws.faults import Denied

    faults.on("events", "PutEvents", Denied(), calls=(1,))
    path = Path(connections, faulty)
    wanted = path.open_tickets()
    with pytest.raises(Forbidden):
        path.relay.run_once()
    path.run()
    path.close()
    assert {event.id for event in path.seen} == set(wanted)


def test_a_bus_that_stays_down_loses_nothing(connections, faulty, faults) -> None:
    faults.on("events", "PutEvents", ServerError())
    path = Path(connections, faulty)
    wanted = path.open_tickets()
    for _ in range(5):
        with pytest.raises(Unavailable):
            path.relay.run_once()
    assert path.seen == []
    faults.clear()
    path.run()
    path.close()
    assert Counter(event.id for event in path.seen) == Counter([*wanted])
