"""A queue of Amazon SQS: sending in batches, long polling, putting off, moving dead letters back.

Standard queues deliver at least once and in no promised order; a FIFO queue (its name ends in `.fifo`) keeps the
order within a message group and drops what comes twice within five minutes. A message that is received stays
hidden for the queue's visibility timeout, and comes again unless it is deleted; after `maxReceiveCount` receives
the queue itself moves it to its dead-letter queue.

Limits (botocore's model of SQS): 10 messages and 1 MiB a batch, 15 minutes of delay, 12 hours of invisibility
from the receipt on (ChangeMessageVisibility in the service's API reference: what goes beyond is refused).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rimedio.aws import Client, error_code, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import Unavailable
from rimedio.events.partial_failures import EntryFailure, PartialBatches

SERVICE = "Amazon SQS"
RECEIVE_MAX = 10
WAIT_SECONDS = 20  # long polling: an empty answer takes so long, and costs one request
DELAY_SECONDS_MAX = 900
VISIBILITY_SECONDS_MAX = 42_000  # 12 hours count from the receipt on, and working on it took a while already
ELSEWHERE = frozenset(
    {"MessageNotInflight", "ReceiptHandleIsInvalid", "AWS.SimpleQueueService.MessageNotInflight"}
)
FIFO = ".fifo"
GONE = "Message does not exist or is not available"  # InvalidParameterValue, as for a wrong parameter


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. `group` and `deduplication` are for FIFO queues; without the latter the body decides."""

    body: str
    delay_seconds: int = 0
    group: str | None = None
    deduplication: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was received. `receives` counts this time too."""

    message_id: str
    body: str
    receipt: str
    receives: int = 1
    sent_at: datetime | None = None


class SqsQueue:
    """One queue. Thread-safe."""

    def __init__(
        self,
        client: Client,
        url: str,
        clock: Clock,
        *,
        wait_seconds: int = WAIT_SECONDS,
        hidden_seconds_max: int = VISIBILITY_SECONDS_MAX,
    ) -> None:
        self._client = client
        self.url = url
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._hidden_seconds_max = hidden_seconds_max

    @property
    def fifo(self) -> bool:
        """Whether it keeps order within groups."""
        return self.url.endswith(FIFO)

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Send all of them. Raises Unavailable when some were not taken; then send all again."""
        refused = PartialBatches(self._send, _bytes_of, self._clock).send(messages)
        for place, failure in refused.items():
            raise Unavailable(f"{SERVICE} refused message {place}: {failure.code} {failure.message}")

    def receive(self, most: int = RECEIVE_MAX, *, wait_seconds: int | None = None) -> tuple[Message, ...]:
        """Up to ten messages, hidden from others for a while; none after waiting in vain."""
        with translated(SERVICE, "receiving messages"):
            answer = self._client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(most, RECEIVE_MAX),
                WaitTimeSeconds=self._wait_seconds if wait_seconds is None else wait_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return tuple(_message(plain) for plain in answer.get("Messages", ()))

    def delete(self, messages: Sequence[Message]) -> None:
        """They are done with. Deleting twice does no harm."""
        PartialBatches(self._delete, lambda _message: 1, self._clock).send(messages)

    def put_off(self, message: Message, seconds: float) -> None:
        """Hide a received message for so long, at most nearly twelve hours; 0 shows it at once.

        Nothing happens where it came twice, and whoever had it too has deleted it or lets it be seen.
        """
        with translated(SERVICE, "putting a message off"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self.url,
                    ReceiptHandle=message.receipt,
                    VisibilityTimeout=max(0, min(int(seconds), self._hidden_seconds_max)),
                )
            except Exception as error:
                if error_code(error) not in ELSEWHERE and GONE not in str(error):
                    raise

    def depth(self) -> int:
        """About how many messages wait."""
        with translated(SERVICE, "counting messages"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def _send(self, messages: Sequence[Outgoing]) -> list[EntryFailure]:
        entries = [self._entry(place, message) for place, message in enumerate(messages)]
        with translated(SERVICE, "sending messages"):
            answer = self._client.send_message_batch(QueueUrl=self.url, Entries=entries)
        return _failures(answer)

    def _entry(self, place: int, message: Outgoing) -> dict[str, Any]:
        entry: dict[str, Any] = {"Id": str(place), "MessageBody": message.body}
        if self.fifo:  # delays are the queue's there, not the message's
            digest = hashlib.sha256(message.body.encode()).hexdigest()
            entry["MessageGroupId"] = message.group or "all"
            entry["MessageDeduplicationId"] = message.deduplication or digest
        elif message.delay_seconds:
            entry["DelaySeconds"] = min(message.delay_seconds, DELAY_SECONDS_MAX)
        return entry

    def _delete(self, messages: Sequence[Message]) -> list[EntryFailure]:
        entries = [{"Id": str(n), "ReceiptHandle": m.receipt} for n, m in enumerate(messages)]
        with translated(SERVICE, "deleting messages"):
            answer = self._client.delete_message_batch(QueueUrl=self.url, Entries=entries)
        return _failures(answer)


def message_of(record: dict[str, Any]) -> Message:
    """The message of a record that Lambda received from a queue."""
    attributes = record.get("attributes", {})
    return Message(
        record["messageId"],
        record["body"],
        record["receiptHandle"],
        int(attributes.get("ApproximateReceiveCount", 1)),
        _instant(attributes.get("SentTimestamp")),
    )


def _message(plain: dict[str, Any]) -> Message:
    attributes = plain.get("Attributes", {})
    return Message(
        plain["MessageId"],
        plain["Body"],
        plain["ReceiptHandle"],
        int(attributes.get("ApproximateReceiveCount", 1)),
        _instant(attributes.get("SentTimestamp")),
    )


def _instant(milliseconds: str | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _failures(answer: dict[str, Any]) -> list[EntryFailure]:
    """What a batch call did not do. A sender's fault stays one however often it is sent."""
    return [
        EntryFailure(int(f["Id"]), f["Code"], f.get("Message", ""), may_work_later=not f["SenderFault"])
        for f in answer.get("Failed", ())
    ]


def _bytes_of(message: Outgoing) -> int:
    return len(message.body.encode())
