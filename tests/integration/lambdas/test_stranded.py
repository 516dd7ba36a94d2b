"""Changes that the stream's functions gave up, out of DynamoDB Local's own stream: told again, once, or told as lost."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.lambdas.aws_events import given_up
from tests.integration.lambdas.test_on_aws import call, received, system, ticket  # noqa: F401 - a fixture

from rimedio.bootstrap.aws import AwsRimedio
from rimedio.lambdas.functions._function import LambdaFunction
from rimedio.lambdas.functions._invocation import FakeContext
from rimedio.lambdas.functions.follow import build_follow
from rimedio.lambdas.functions.redrive import build_redrive
from rimedio.lambdas.functions.relay import build_relay

CHANGES = {"parts": ["changes"]}
RELAY, FOLLOW = "rimedio-dev-relay", "rimedio-dev-follow"


class Stream:
    """The table's one shard, and the queue into which Lambda puts places in it."""

    def __init__(self, system: AwsRimedio) -> None:  # noqa: F811
        self._system = system
        client = system.connections.client
        table = client("dynamodb").describe_table(TableName=system.settings.table_name)["Table"]
        self._streams, self.arn = client("dynamodbstreams"), table["LatestStreamArn"]
        (shard,) = self._streams.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        self.shard = shard["ShardId"]

    def records(self) -> list[dict[str, Any]]:
        at = self._streams.get_shard_iterator(
            StreamArn=self.arn, ShardId=self.shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[dict[str, Any]] = self._streams.get_records(ShardIterator=at)["Records"]
        return found

    def strand(self, function: str, numbers: list[str], **changes: Any) -> None:
        told = given_up(function, self.arn, self.shard, numbers)
        told["DDBStreamBatchInfo"] |= changes
        self.send(json.dumps(told))

    def send(self, body: str) -> None:
        url = self._system.settings.stranded_queue_url
        self._system.connections.client("sqs").send_message(QueueUrl=url, MessageBody=body)

    def waiting(self, url: str | None = None) -> list[dict[str, Any]]:
        """What a queue holds, hidden messages too: they are shown first."""
        sqs, url = self._system.connections.client("sqs"), url or self._system.settings.stranded_queue_url
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        shown = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        hidden = int(counts["ApproximateNumberOfMessagesNotVisible"])
        return [json.loads(m["Body"]) for m in shown] + [{"hidden": True}] * hidden


@pytest.fixture
def stream(system: AwsRimedio) -> Iterator[Stream]:  # noqa: F811
    system.eventing.thorough_wait_seconds = 0
    return Stream(system)


def numbers(records: list[dict[str, Any]]) -> list[str]:
    return [r["dynamodb"]["SequenceNumber"] for r in records]


def of_ticket(records: list[dict[str, Any]], ticket_id: str) -> list[dict[str, Any]]:
    return [r for r in records if ticket_id in r["dynamodb"]["Keys"]["pk"]["S"]]


def told(system: AwsRimedio) -> list[str]:  # noqa: F811
    """Tickets of which the bus has told that they were opened."""
    bodies = [json.loads(record["body"]) for record in received(system)["Records"]]
    return [b["detail"]["ticket_id"] for b in bodies if b["detail-type"] == "TicketOpened"]


def test_changes_that_the_relay_gave_up_are_read_from_the_stream_and_told_and_no_others(
    system: AwsRimedio,  # noqa: F811
    stream: Stream,
) -> None:
    written = [ticket(system).ticket_id for _ in range(3)]
    middle = of_ticket(stream.records(), written[1])
    stream.strand(RELAY, numbers(middle))
    done = call(system, build_redrive, CHANGES)
    assert done["changes"] == {"recovered": len(middle), "waiting": 0, "lost": 0}
    assert told(system) == [written[1]]
    assert stream.waiting() == []
    assert call(system, build_redrive, CHANGES)["changes"] == {"recovered": 0, "waiting": 0, "lost": 0}
    assert told(system) == []


def test_the_live_queue_hears_of_no_late_change(system: AwsRimedio, stream: Stream) -> None:  # noqa: F811
    ticket(system)
    stream.strand(RELAY, numbers(stream.records()))
    before = len(stream.records())
    call(system, build_redrive, CHANGES)
    assert len(stream.records()) == before  # a move would have been written into the table


def test_changes_that_follow_gave_up_are_counted_once_however_often_their_place_is_told(
    system: AwsRimedio,  # noqa: F811
    stream: Stream,
) -> None:
    for _ in range(3):
        ticket(system)
    found = stream.records()
    for _ in range(2):
        stream.strand(FOLLOW, numbers(found))
    assert call(system, build_redrive, CHANGES)["changes"]["recovered"] == 2 * len(found)
    assert call(system, build_follow, {"Records": found}) == {"batchItemFailures": []}
    assert system.accounts.insights.tickets("acme").by_status["NEW"] == 3


def test_a_change_that_still_fails_waits_on_alone_while_all_around_it_is_told(
    system: AwsRimedio,  # noqa: F811
    stream: Stream,
) -> None:
    first = ticket(system).ticket_id
    broken = {"pk": {"S": "T#acme#X"}, "sk": {"S": "X"}, "of": {"SS": ["a set, which Rimedio never writes"]}}
    system.connections.client("dynamodb").put_item(TableName=system.settings.table_name, Item=broken)
    last = ticket(system).ticket_id
    found = stream.records()
    stream.strand(RELAY, numbers(found))
    assert call(system, build_redrive, CHANGES)["changes"] == {
        "recovered": len(found) - 1,
        "waiting": 1,
        "lost": 0,
    }
    assert told(system) == [first, last]
    (left,) = stream.waiting()
    (stuck,) = [r for r in found if r["dynamodb"]["Keys"]["pk"]["S"] == "T#acme#X"]
    place = left["DDBStreamBatchInfo"]
    assert (place["startSequenceNumber"], place["batchSize"]) == (stuck["dynamodb"]["SequenceNumber"], 1)
    assert left["requestContext"]["functionArn"].endswith(f":{RELAY}:live")


def test_a_place_of_one_change_that_still_fails_stays_as_it_is(system: AwsRimedio, stream: Stream) -> None:  # noqa: F811
    broken = {"pk": {"S": "T#acme#X"}, "sk": {"S": "X"}, "of": {"SS": ["a set"]}}
    system.connections.client("dynamodb").put_item(TableName=system.settings.table_name, Item=broken)
    stream.strand(RELAY, numbers(stream.records()))
    assert call(system, build_redrive, CHANGES)["changes"] == {"recovered": 0, "waiting": 1, "lost": 0}
    assert stream.waiting() == [{"hidden": True}]  # until its visibility ends


def test_changes_of_a_shard_that_is_gone_are_lost_loudly(
    system: AwsRimedio,  # noqa: F811
    stream: Stream,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = ticket(system).ticket_id
    found = numbers(stream.records())
    stream.strand(RELAY, found, shardId="shardId-00000001000000000000-00000000", batchSize=7)
    stream.strand(RELAY, found)
    done = call(system, build_redrive, CHANGES)
    assert done["changes"] == {"recovered": len(found), "waiting": 0, "lost": 7}
    assert told(system) == [kept]  # one place that is gone holds up no other
    assert stream.waiting() == []
    (letter,) = stream.waiting(system.settings.dead_letter_queue_url)
    assert letter["lost"] == 7
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    (counted,) = [line for line in said if "changes_lost" in line]
    assert counted["changes_lost"] == 7
    assert counted["service"] == "rimedio-dev"  # the stage's own: stages may share an account


def test_the_daily_redrive_leaves_a_lost_place_among_the_dead_letters(
    system: AwsRimedio,  # noqa: F811
    stream: Stream,
) -> None:
    stream.strand(RELAY, ["1".rjust(21, "0")], shardId="shardId-00000001000000000000-00000000")
    assert call(system, build_redrive, {})["returned"] == 0
    assert stream.waiting(system.settings.dead_letter_queue_url) == [{"hidden": True}]


def test_a_message_that_is_no_place_goes_to_the_dead_letters(system: AwsRimedio, stream: Stream) -> None:  # noqa: F811
    ticket(system)
    found = numbers(stream.records())
    stream.send('"no place"')
    stream.strand("rimedio-dev-api", found)
    stream.strand(RELAY, found, startSequenceNumber="none")
    assert call(system, build_redrive, CHANGES)["changes"] == {"recovered": 0, "waiting": 0, "lost": 0}
    assert stream.waiting() == []
    assert len(stream.waiting(system.settings.dead_letter_queue_url)) == 3
    assert told(system) == []


def test_without_time_a_place_waits_for_the_next_run(system: AwsRimedio, stream: Stream) -> None:  # noqa: F811
    ticket(system)
    stream.strand(RELAY, numbers(stream.records()))
    redrive = LambdaFunction("test", build_redrive, find_system=lambda: system)
    assert redrive(CHANGES, FakeContext(remaining_ms=10))["changes"]["recovered"] == 0
    assert len(stream.waiting()) == 1


def test_what_was_told_in_time_and_then_again_reaches_no_one_twice(
    system: AwsRimedio,  # noqa: F811
    stream: Stream,
) -> None:
    ticket(system)
    found = stream.records()
    assert call(system, build_relay, {"Records": found}) == {"batchItemFailures": []}
    stream.strand(RELAY, numbers(found))
    call(system, build_redrive, CHANGES)
    ids = {json.loads(r["body"])["detail"]["metadata"]["event_id"] for r in received(system)["Records"]}
    assert len(ids) == 1  # told twice, under one id: the intake knows it
