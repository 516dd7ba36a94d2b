"""Records of DynamoDB Streams as changes: those of the API, and those that a Lambda function is called with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from rimedio.domain.errors import InvalidInput
from rimedio.storage.dynamodb_values import item_of
from rimedio.storage.streams import Change, ChangeKind
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
