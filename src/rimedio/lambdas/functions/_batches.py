"""Partial batch answers: what was not done comes again, what was done does not.

A function that works off a batch names the records that failed (`batchItemFailures`), so that one bad message does
not bring back the others. Of a queue these are messages in any order. Of a stream it is one place: Lambda
delivers again from there on, since changes of an item must stay in order; a change that never can be worked off
goes to the dead letters once its retries are used up, and the stream goes on behind it.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from rimedio.domain.errors import InvalidInput, RimedioError
from rimedio.lambdas.functions._errors import can_be_retried
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.observability import get_logger
from rimedio.storage.streams import Change

LOG = get_logger(__name__)


class ItemFailure(TypedDict):
    """A message id, or the sequence number of a change."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """What Lambda reads where the mapping has ReportBatchItemFailures. Empty: everything is done."""

    batchItemFailures: list[ItemFailure]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an SQS queue. `received` counts this delivery too."""

    message_id: str
    receipt_handle: str
    body: str
    received: int
    record: Mapping[str, Any]

    def json(self) -> Any:
        """The body's value. Raises InvalidInput."""
        try:
            return json.loads(self.body)
        except json.JSONDecodeError as error:
            raise InvalidInput(f"The message {self.message_id} is no JSON: {error}.") from None


def failed(*identifiers: str) -> BatchResponse:
    """The answer that names what is to come again."""
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def messages_of(event: Event) -> list[Message]:
    """The messages of an SQS event. Raises InvalidInput for another event: its mapping is wrong."""
    records = event.get("Records")
    if not isinstance(records, list) or any("messageId" not in record for record in records):
        raise InvalidInput("This is no event of an SQS queue. Look at the function's event source mapping.")
    return [_message(record) for record in records]


def work_off_messages(event: Event, invocation: Invocation, work: Callable[[Message], None]) -> BatchResponse:
    """Each message on its own. What fails, and what there is no time for, comes again."""
    again: list[str] = []
    for message in messages_of(event):
        if not invocation.has_time:
            again.append(message.message_id)
            continue
        try:
            work(message)
        except Exception as error:  # the others are still to be worked off
            _told(error, message_id=message.message_id, attempt=message.received)
            again.append(message.message_id)
    return failed(*again)


def work_off_changes(
    event: Event,
    invocation: Invocation,
    change_of: Callable[[Mapping[str, Any]], Change],
    apply: Callable[[Sequence[Change]], None],
    at_once: int = 25,
) -> BatchResponse:
    """A stream's batch in its order, `at_once` changes together. `apply` may be given a change twice.

    Where a part fails, it is halved until the change stands alone that cannot be worked off: what stands before it
    is done, and Lambda begins with it next time.
    """
    records = event.get("Records")
    if not isinstance(records, list) or any("dynamodb" not in record for record in records):
        raise InvalidInput("This is no event of a DynamoDB stream. Look at the event source mapping.")
    for start in range(0, len(records), at_once):
        part = records[start : start + at_once]
        if not invocation.has_time:
            return failed(_place(part[0]))
        stuck = _first_stuck(part, change_of, apply)
        if stuck is not None:
            return failed(_place(stuck))
    return failed()


def _first_stuck(
    records: Sequence[Mapping[str, Any]],
    change_of: Callable[[Mapping[str, Any]], Change],
    apply: Callable[[Sequence[Change]], None],
) -> Mapping[str, Any] | None:
    """The first record that cannot be worked off; None when all of them were."""
    try:
        apply([change_of(record) for record in records])
    except Exception as error:  # anything at all: the stream must not lose its place
        if len(records) == 1 or _is_outage(error):
            _told(error, sequence=_place(records[0]))
            return records[0]
        half = len(records) // 2
        first = _first_stuck(records[:half], change_of, apply)
        return first if first is not None else _first_stuck(records[half:], change_of, apply)
    return None


def _is_outage(error: BaseException) -> bool:
    """Something is down: looking for the guilty change would only ask it more often."""
    return isinstance(error, RimedioError) and error.code in ("SERVICE_UNAVAILABLE", "RATE_LIMITED")


def _told(error: Exception, **where: object) -> None:
    LOG.error(
        "A record could not be worked off; it comes again.",
        error=error,
        error_type=type(error).__name__,
        retryable=can_be_retried(error),
        **where,
    )


def _place(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _message(record: Mapping[str, Any]) -> Message:
    attributes = record.get("attributes") or {}
    return Message(
        str(record["messageId"]),
        str(record.get("receiptHandle", "")),
        str(record.get("body", "")),
        int(attributes.get("ApproximateReceiveCount", 1)),
        record,
    )
