"""Changes that a reader of the table's stream gave up: read back from the stream, and given to that reader again.

Lambda puts the places of such a batch into a queue of their own, without the changes. Each place has one of these ends:
all of it was worked off, and its message goes; some changes still fail, and wait on as places of their own; or DynamoDB
has dropped some meanwhile, which is logged, counted and put into the dead letters. Until then nothing is lost.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from rimedio.domain.errors import RimedioError, StorageFailed
from rimedio.lambdas.functions._batches import work_off_changes
from rimedio.lambdas.functions._invocation import Invocation
from rimedio.observability import get_logger
from rimedio.observability.catalogue import CHANGES_LOST
from rimedio.observability.metrics import Metrics
from rimedio.storage.streams import Change

if TYPE_CHECKING:
    from rimedio.aws import Client
    from rimedio.events.sqs_queue import Message, Outgoing, SqsQueue
    from rimedio.storage.dynamodb_records import StreamRecord
    from rimedio.storage.dynamodb_spans import Span

MESSAGES_MAX = 1000  # of one run
STUCK_MAX = 10  # of one place: more than that is no fault of single changes
PLACES = "DDBStreamBatchInfo"
LOST = "lost"
LOG = get_logger(__name__)

Reader = Callable[[Sequence[Change]], None]


class Recovered(TypedDict):
    """What a run did: changes worked off now, places that wait on, and changes that are no more."""

    recovered: int
    waiting: int
    lost: int


@dataclass(frozen=True, slots=True)
class StrandedChanges:
    """Works off the queue of places. `readers` are the stream's functions by the last word of their names."""

    places: "SqsQueue"
    dead_letters: "SqsQueue"
    streams: "Client"
    readers: Mapping[str, Reader]
    metrics: Metrics

    def run(self, invocation: Invocation) -> Recovered:
        """Look at every place once, while there is time. Raises Unavailable where the queue does not answer."""
        done = Recovered(recovered=0, waiting=0, lost=0)
        seen: set[str] = set()
        narrowed: list[tuple[Message, list[Outgoing]]] = []
        while len(seen) < MESSAGES_MAX and invocation.has_time:
            fresh = [m for m in self.places.receive() if m.message_id not in seen]
            if not fresh:
                break
            for message in fresh:
                seen.add(message.message_id)
                if alone := self._take(message, done, invocation):
                    narrowed.append((message, alone))
        for message, alone in narrowed:  # at the end, or this run would look at them once more
            self.places.send(alone)
            self.places.delete([message])
        return done

    def _take(self, message: "Message", done: Recovered, invocation: Invocation) -> "list[Outgoing]":
        """The changes of a place that wait on without the others; the message stays until they were sent."""
        try:
            return self._work(message, done, invocation)
        except RimedioError as error:  # the other places must have their turn
            LOG.error("A place in the stream waits on", error=error, error_type=type(error).__name__)
            done["waiting"] += 1
            return []

    def _work(self, message: "Message", done: Recovered, invocation: Invocation) -> "list[Outgoing]":
        from rimedio.events.sqs_queue import Outgoing
        from rimedio.storage.dynamodb_spans import read_back

        told = _told(message.body)
        reader, span = self.readers.get(_function(told).rpartition("-")[2]), _span(told)
        if reader is None or span is None:
            LOG.error("A message is no place in the stream of a reader", message_id=message.message_id)
            self.dead_letters.send([Outgoing(message.body)])
            self.places.delete([message])
            return []
        found = read_back(self.streams, span)
        stuck = self._again(found.records, reader, invocation)
        if found.lost:
            self._mourn(message, told, found.lost)
        done["recovered"] += len(found.records) - len(stuck)
        done["waiting"] += len(stuck)
        done["lost"] += found.lost
        if not stuck:
            self.places.delete([message])
        elif len(stuck) < span.size:
            return [Outgoing(json.dumps(_narrowed(told, record))) for record in stuck]
        return []

    def _again(
        self, records: "Sequence[StreamRecord]", reader: Reader, invocation: Invocation
    ) -> "list[StreamRecord]":
        """The records that cannot be worked off now either. Raises StorageFailed where it is more than these."""
        from rimedio.storage.dynamodb_records import change_of
        from rimedio.storage.dynamodb_spans import number_of

        rest, stuck = list(records), list["StreamRecord"]()
        while rest:
            failures = work_off_changes({"Records": rest}, invocation, change_of, reader)["batchItemFailures"]
            if not failures:
                break
            if not invocation.has_time or len(stuck) == STUCK_MAX:
                raise StorageFailed(f"{len(rest)} changes of a place were not worked off. They come again.")
            at = next(n for n, r in enumerate(rest) if number_of(r) == failures[0]["itemIdentifier"])
            stuck.append(rest[at])  # the stream has gone on behind it long ago, and so do we
            rest = rest[at + 1 :]
        return stuck

    def _mourn(self, message: "Message", told: Mapping[str, Any], lost: int) -> None:
        """Loudly: a log line with the hours to look at, a metric with an alarm, a dead letter that stays."""
        from rimedio.events.sqs_queue import Outgoing

        place = told[PLACES]
        LOG.error(
            "Changes of the table are lost: the stream keeps them for 24 hours. "
            "See infra/RUNBOOKS.md, changes-lost, for what can be told again.",
            lost=lost,
            function=_function(told),
            shard=place.get("shardId"),
            since=place.get("approximateArrivalOfFirstRecord"),
            until=place.get("approximateArrivalOfLastRecord"),
            message_id=message.message_id,
        )
        self.dead_letters.send([Outgoing(json.dumps({**told, LOST: lost}))])
        self.metrics.count(CHANGES_LOST, lost)


def _told(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _function(told: Mapping[str, Any]) -> str:
    """Name of the function: the part of its ARN behind `function`; empty where there is none."""
    context = told.get("requestContext")
    parts = str(context.get("functionArn", "") if isinstance(context, dict) else "").split(":")
    return parts[6] if len(parts) > 6 else ""


def _span(told: Mapping[str, Any]) -> "Span | None":
    from rimedio.storage.dynamodb_spans import Span

    try:
        place = told[PLACES]
        return Span(
            str(place["streamArn"]),
            str(place["shardId"]),
            _number(place["startSequenceNumber"]),
            _number(place["endSequenceNumber"]),
            int(place["batchSize"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _number(value: object) -> str:
    """A sequence number as it was written. Raises ValueError."""
    int(str(value))
    return str(value)


def _narrowed(told: Mapping[str, Any], record: "StreamRecord") -> dict[str, Any]:
    """The same message about one record alone."""
    number = str(record["dynamodb"]["SequenceNumber"])
    place = {"startSequenceNumber": number, "endSequenceNumber": number, "batchSize": 1}
    return {**told, PLACES: {**told[PLACES], **place}}
