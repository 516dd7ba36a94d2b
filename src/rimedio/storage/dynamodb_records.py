"""Records of DynamoDB Streams as changes, and a function's batch of them as a stream of its own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from rimedio.domain.errors import InvalidInput
from rimedio.storage.dynamodb_values import item_of
from rimedio.storage.streams import RETENTION, Change, ChangeKind
from rimedio.storage.table import Key
from rimedio.storage.values import Item

StreamRecord: TypeAlias = Mapping[
    str, Any
]  # JSON of the service: a record of GetRecords or of a Lambda event
SEQUENCE_DIGITS = 40  # DynamoDB's are 21 to 40 long; padded, text order is their order
TTL_PRINCIPAL = "dynamodb.amazonaws.com"
CHECKPOINTS = "STREAM#"  # partitions in which a stream keeps the places of its consumers


def change_of(record: StreamRecord) -> Change:
    """The change that a record tells of. Raises InvalidInput when it is no record of a table of Rimedio's.

    Knows both spellings: of the Streams API (bytes, datetimes) and of Lambda events (base64, epoch seconds).
    """
    try:
        told = record["dynamodb"]
        key = item_of(told["Keys"])
        return Change(
            sequence=str(told["SequenceNumber"]).rjust(SEQUENCE_DIGITS, "0"),
            kind=ChangeKind(record["eventName"]),
            key=Key(str(key["pk"]), str(key["sk"])),
            old=_image(told, "OldImage"),
            new=_image(told, "NewImage"),
            at=_moment(told["ApproximateCreationDateTime"]),
            expired=_by_time_to_live(record),
        )
    except (KeyError, ValueError, TypeError) as error:
        msg = f"This is no record of a table's stream with old and new images ({error!r}). Check the trigger."
        raise InvalidInput(msg) from error


def is_checkpoint(change: Change) -> bool:
    """Whether the change is a stream's own bookkeeping, of which nobody needs to hear."""
    return change.key.pk.startswith(CHECKPOINTS)


class BatchStream:
    """The records that a Lambda function was called with, as a `ChangeStream`: the laptop's consumers run on it.

    Lambda keeps the place in the shard. `failures` is what the function answers, so that it goes on there.
    """

    def __init__(self, records: Sequence[StreamRecord]) -> None:
        self._told = [(change_of(record), str(record["dynamodb"]["SequenceNumber"])) for record in records]
        self._done: dict[str, int] = {}

    def read(self, consumer: str, limit: int = 100) -> Sequence[Change]:
        start = self._done.get(consumer, 0)
        waiting = [change for change, _ in self._told[start:] if not is_checkpoint(change)]
        return waiting[:limit]

    def acknowledge(self, consumer: str, change: Change) -> None:
        for place, (told, _) in enumerate(self._told):
            if told.sequence == change.sequence:
                self._done[consumer] = max(self._done.get(consumer, 0), place + 1)

    def trim(self, keep: timedelta = RETENTION) -> int:
        return 0

    def forget(self, consumer: str) -> None:
        self._done.pop(consumer, None)

    def failures(self, consumers: Sequence[str]) -> list[dict[str, str]]:
        """`batchItemFailures`: the first record that one of the consumers is not done with; empty when all are."""
        first = min((self._place(consumer) for consumer in consumers), default=len(self._told))
        if first >= len(self._told):
            return []
        return [{"itemIdentifier": self._told[first][1]}]

    def _place(self, consumer: str) -> int:
        """The first record that the consumer has still to see; bookkeeping needs no acknowledgement."""
        start = self._done.get(consumer, 0)
        behind = range(start, len(self._told))
        return next((place for place in behind if not is_checkpoint(self._told[place][0])), len(self._told))


def _image(told: StreamRecord, name: str) -> Item | None:
    image = told.get(name)
    return None if image is None else item_of(image)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def _by_time_to_live(record: StreamRecord) -> bool:
    """Developer guide, "DynamoDB Streams and Time to Live": such a removal is the service's own."""
    who = record.get("userIdentity") or {}
    named = {str(name).lower(): value for name, value in who.items()}
    return named.get("type") == "Service" and named.get("principalid") == TTL_PRINCIPAL
