"""JSON values, their text, and AWS's limit on their size."""

import json
from collections.abc import Mapping
from typing import TypeAlias, Union

import orjson

from rimedio.asl.errors import InvalidInput, StatesError

JSON: TypeAlias = Union[bool, int, float, str, list["JSON"], dict[str, "JSON"], None]  # noqa: UP007 - recursive

PAYLOAD_BYTES_MAX = 262_144
VARIABLES_BYTES_MAX = 10_485_760


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
        raise _over(what, PAYLOAD_BYTES_MAX)
    return text


def _over(what: str, limit: int) -> StatesError:
    cause = f"The {what} exceeded the maximum number of bytes service limit ({limit})."
    return StatesError("States.DataLimitExceeded", cause)


def is_too_long(text: str) -> bool:
    """Whether a payload has more than 262,144 UTF-8 bytes. It is measured only where it may: at four a character."""
    return len(text) > PAYLOAD_BYTES_MAX // 4 and len(text.encode()) > PAYLOAD_BYTES_MAX


def check_variables(assigned: Mapping[str, str], known: Mapping[str, JSON]) -> None:
    """Raise States.DataLimitExceeded when variables are too large.

    `assigned`: the texts that one Assign gives its variables, 262,144 bytes each and all together at most. With
    the variables `known` before, a state may see 10 MiB; no forty variables can hold more.
    """
    if is_too_long("".join(assigned.values())):
        large = next((f"variable '{name}'" for name, text in assigned.items() if is_too_long(text)), None)
        raise _over(large or "sum of the variables of 'Assign'", PAYLOAD_BYTES_MAX)
    if len({*assigned, *known}) <= VARIABLES_BYTES_MAX // PAYLOAD_BYTES_MAX:
        return
    texts = {**{name: dumps(value) for name, value in known.items() if name not in assigned}, **assigned}
    if sum(len(text.encode()) for text in texts.values()) > VARIABLES_BYTES_MAX:
        raise _over("sum of all variables", VARIABLES_BYTES_MAX)


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
