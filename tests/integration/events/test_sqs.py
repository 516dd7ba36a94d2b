"""Queues as moto has them: batches, FIFO, redrive, runs of schedules."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import Target
from rimedio.events.dispatch import TargetRegistry
from rimedio.events.event import event_id, new_event
from rimedio.events.eventbridge_scheduler import EventBridgeScheduler, run_of
from rimedio.events.replay_records import ReplayRecords
from rimedio.events.schedule import Schedule
from rimedio.events.sqs_deliveries import SqsDeliveries
from rimedio.events.sqs_intake import EventIntake, SqsDelivery
from rimedio.events.sqs_queue import Outgoing, SqsQueue, message_of
from rimedio.events.sqs_redrive import TIMES_MAX, DeadLetterRedrive
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
ACCOUNT = "123456789012"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


def queue(connections: AwsConnections, clock: FakeClock, name: str = "", **attributes: str) -> SqsQueue:
    client = connections.client("sqs")
    made = client.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}{name}", Attributes=attributes)
    return SqsQueue(client, made["QueueUrl"], clock, wait_seconds=0, hidden_seconds_max=0)


class Worker:
    """A queue of deliveries and what works through it."""

    def __init__(self, connections: AwsConnections, clock: FakeClock, table: SqliteTable) -> None:
        self.queue = queue(connections, clock)
        rules, log = TableRules(table, clock), TableEventLog(table, clock, timedelta(days=1))
        self.deliveries = SqsDeliveries(self.queue, table, rules, clock)
        self.intake = EventIntake(log, rules, ReplayRecords(table, clock), self.deliveries)
        self.seen: list = []
        targets = TargetRegistry(handlers={"seen": self.seen.append})
        self.delivery = SqsDelivery(self.queue, self.intake, self.deliveries, targets, clock)


@pytest.fixture
def worker(connections, clock):
    database = Database(None)
    yield Worker(connections, clock, SqliteTable(database, clock))
    database.close()


def event(name: str = "one", **detail: object):
    return new_event(
        event_id(name),
        source="rimedio.tickets",
        detail_type="TicketStatusChanged",
        tenant_id="acme",
        time=START,
        detail=detail,  # type: ignore[arg-type]
    )


def record(body: str, message_id: str = "m1") -> dict:
    return {"messageId": message_id, "receiptHandle": "r", "body": body, "attributes": {}}


def test_messages_are_sent_in_batches_and_deleted(connections, clock) -> None:
    one = queue(connections, clock)
    one.send([Outgoing(f"message {n}") for n in range(23)])
    assert one.depth() == 23
    found = set()
    while messages := one.receive():
        found |= {m.body for m in messages}
        one.delete(messages)
    assert found == {f"message {n}" for n in range(23)}
    assert one.depth() == 0


def test_a_message_that_is_put_off_comes_again_and_counts_its_receives(connections, clock) -> None:
    one = queue(connections, clock)
    one.send([Outgoing("again")])
    for receives in (1, 2, 3):
        (message,) = one.receive()
        assert message.receives == receives
        assert message.sent_at is not None
        one.put_off(message, 0)


def test_a_fifo_queue_keeps_the_order_of_a_group_and_drops_what_comes_twice(connections, clock) -> None:
    one = queue(connections, clock, ".fifo", FifoQueue="true")
    assert one.fifo
    bodies = ["first", "second", "first", "third"]
    one.send([Outgoing(body, group="ticket") for body in bodies])
    assert [m.body for m in one.receive()] == ["first", "second", "third"]


def test_a_functions_records_are_worked_off_and_failures_named(worker, connections) -> None:
    worker.deliveries.add(event("a"), ("acme", "(direct)"), (Target("t", "handler:seen"),))
    worker.deliveries.add(event("b"), ("acme", "(direct)"), (Target("t", "handler:nobody"),))
    worker.deliveries.add(event("c"), ("acme", "(direct)"), (Target("t", "handler:flaky"),))
    worker.delivery.targets.handlers["flaky"] = lambda _event: 1 / 0
    messages = worker.queue.receive()
    records = [
        {"messageId": m.message_id, "receiptHandle": m.receipt, "body": m.body, "attributes": {}}
        for m in messages
    ]
    failed = worker.delivery.handle([*records, record("no json", "bad")])
    flaky = {m.message_id for m in messages if event("c").id in m.body}
    assert set(failed) == flaky | {"bad"}
    assert [e.id for e in worker.seen] == [event("a").id]
    assert [x.event.id for x in worker.deliveries.dead_letters("acme").items] == [event("b").id]


def test_a_schedules_run_is_delivered_once_however_often_it_is_sent(worker, connections, clock) -> None:
    client = connections.client("scheduler")
    scheduler = EventBridgeScheduler(
        client, group="default", queue_arn=f"arn:aws:sqs:eu-south-1:{ACCOUNT}:q",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/scheduler", clock=clock,
    )  # fmt: skip
    target = Target("t", "handler:seen", input={"deep": True})
    scheduler.put(Schedule("acme", "night", "rate(1 day)", target, START))
    (found,) = client.list_schedules(GroupName="default")["Schedules"]
    stored = client.get_schedule(GroupName="default", Name=found["Name"])["Target"]["Input"]
    due = stored.replace("<aws.scheduler.scheduled-time>", "2026-02-01T08:30:00Z")
    for _ in range(2):  # the scheduler promises at least once
        worker.queue.send([Outgoing(due)])
    later = stored.replace("<aws.scheduler.scheduled-time>", "2026-02-02T08:30:00Z")
    worker.queue.send([Outgoing(later)])
    while worker.delivery.run_once():
        pass
    assert sorted(e.detail["scheduled_at"][:10] for e in worker.seen) == ["2026-02-01", "2026-02-02"]
    assert worker.seen[0].detail["input"] == {"deep": True}
    assert scheduler.get("acme", "night").schedule.target == target


def test_a_run_that_the_scheduler_never_sent_is_refused() -> None:
    for broken in (
        {"schedule_run": {}},
        {"schedule_run": {"tenant": "acme", "name": "n", "scheduled_at": "soon"}},
    ):
        with pytest.raises(InvalidInput):
            run_of(broken)


def test_dead_letters_go_back_and_what_always_fails_stays(worker, connections, clock) -> None:
    dead = queue(connections, clock)
    worker.deliveries.add(event("a"), ("acme", "(direct)"), (Target("t", "handler:seen"),))
    (message,) = worker.queue.receive()
    worker.queue.delete([message])  # SQS moves it to the dead letters
    dead.send([Outgoing(message.body), Outgoing("no json")])
    done = DeadLetterRedrive(dead, worker.queue).run()
    assert (done.sent, done.left) == (1, 1)
    while worker.delivery.run_once():
        pass
    assert [e.id for e in worker.seen] == [event("a").id]


def test_documents_that_could_not_be_read_go_back_to_their_own_queue_and_not_for_ever(
    worker, connections, clock
) -> None:
    dead, documents = queue(connections, clock, VisibilityTimeout="0"), queue(connections, clock)
    put = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"object": {"key": "objects/a/originals/d"}},
    }
    named = {"tenant_id": "acme", "document_id": "doc_1"}
    dead.send([Outgoing(json.dumps(put)), Outgoing(json.dumps(named))])
    redrive = DeadLetterRedrive(dead, worker.queue, documents)
    for times in range(1, TIMES_MAX + 1):
        assert (redrive.run().sent, worker.queue.depth()) == (2, 0)
        found = documents.receive()
        assert {json.loads(m.body)["redriven"] for m in found} == {times}
        documents.delete(found)
        dead.send([Outgoing(m.body) for m in found])
    assert redrive.run().sent == 0


def test_what_goes_round_too_often_or_is_not_ours_is_left_to_be_looked_at(worker, connections, clock) -> None:
    dead = queue(connections, clock, VisibilityTimeout="0")
    strange = '{"Records": [{"eventSource": "aws:s3"}]}'
    dead.send([Outgoing(event().as_json().decode()), Outgoing(strange)])
    redrive = DeadLetterRedrive(dead, worker.queue)
    for _ in range(TIMES_MAX):
        done = redrive.run()
        assert (done.sent, done.left) == (1, 1)
        (message,) = worker.queue.receive()
        worker.queue.delete([message])
        dead.send([Outgoing(message.body)])  # it failed again
    assert redrive.run().sent == 0
    assert worker.queue.depth() == 0


def test_a_record_of_lambda_is_a_message() -> None:
    found = message_of(record("{}") | {"attributes": {"ApproximateReceiveCount": "4", "SentTimestamp": "0"}})
    assert (found.receives, found.sent_at) == (4, datetime(1970, 1, 1, tzinfo=UTC))
