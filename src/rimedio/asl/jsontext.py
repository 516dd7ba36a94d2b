"""JSON values, their text, and AWS's limit on their size."""

import json
from typing import TypeAlias, Union

import orjson

from rimedio.asl.errors import InvalidInput, StatesError

JSON: TypeAlias = Union[bool, int, float, str, list["JSON"], dict[str, "JSON"], None]  # noqa: UP007 - recursive

PAYLOAD_BYTES_MAX = 262_144


def dumps(value: JSON) -> str:
    """Compact JSON text, keys in their order; integers of any size."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def loads(text: str | bytes) -> JSON:
    """Parse JSON text; integers beyond 64 bits become floating point, as in AWS. Raises ValueError."""
    value: JSON = orjson.loads(text)
    return value


def checked_text(value: JSON, what: str) -> str:
    """The text of `value`. Raises States.DataLimitExceeded above 262,144 UTF-8 bytes.

    `what` names the value in the message.
    """
    text = dumps(value)
    if is_too_long(text):
        cause = f"The {what} exceeded the maximum number of bytes service limit ({PAYLOAD_BYTES_MAX})."
        raise StatesError("States.DataLimitExceeded", cause)
    return text


def is_too_long(text: str) -> bool:
    """Whether a payload has more than 262,144 UTF-8 bytes. It is measured only where it may: at four a character."""
    return len(text) > PAYLOAD_BYTES_MAX // 4 and len(text.encode()) > PAYLOAD_BYTES_MAX


def parsed_input(value: JSON) -> tuple[JSON, str]:
    """A private copy of what a caller handed in, and its text. Raises InvalidInput."""
    try:
        text = checked_text(value, "input")
    except StatesError as error:
        raise InvalidInput(str(error.cause)) from error
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"The input is not JSON ({error}). Pass dicts, lists, strings, numbers."
        ) from error
    return loads(text), text


def kind_of(value: JSON) -> str:
    """JSON's name for the type of `value`, as AWS writes it in messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
