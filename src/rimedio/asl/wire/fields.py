"""The fields of a request, read with the service's own complaints; pages of a list."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from rimedio.asl.jsontext import JSON, loads
from rimedio.asl.wire.faults import Fault

_NAME = re.compile(r"[^\s?*<>{}\[\]\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_T = TypeVar("_T")
PAGE, PAGE_MAX = 100, 1000
ARN_PARTS = 6


class Fields:
    """The members of one request."""

    def __init__(self, body: Mapping[str, JSON]) -> None:
        self._body = body

    def has(self, name: str) -> bool:
        """Whether a member was sent."""
        return self._body.get(name) is not None

    def text(self, name: str) -> str:
        """A text that must be there. Raises ValidationException."""
        value = self._body.get(name)
        if isinstance(value, str):
            return value
        shown = "null" if value is None else repr(value)
        raise invalid(f"Value {shown} at '{name}' failed to satisfy constraint: Member must be a string")

    def text_or_none(self, name: str) -> str | None:
        """A text that may be left out. Raises ValidationException."""
        return self.text(name) if self.has(name) else None

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false. Raises ValidationException."""
        value = self._body.get(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        raise invalid(f"Value {value!r} at '{name}' failed to satisfy constraint: Member must be a boolean")

    def number(self, name: str, default: int = 0) -> int:
        """A whole number from 0. Raises ValidationException."""
        value = self._body.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise invalid(f"Value {value!r} at '{name}' failed to satisfy constraint: Member must be a number")

    def objects(self, name: str) -> list["Fields"]:
        """A list of objects; empty when it was left out. Raises ValidationException."""
        value = self._body.get(name) or []
        if isinstance(value, list) and all(isinstance(element, dict) for element in value):
            return [Fields(element) for element in value if isinstance(element, dict)]
        raise invalid(f"Value at '{name}' failed to satisfy constraint: Member must be a list of structures")

    def object(self, name: str) -> "Fields":
        """An object; empty when it was left out. Raises ValidationException."""
        value = self._body.get(name) or {}
        if isinstance(value, dict):
            return Fields(value)
        raise invalid(f"Value at '{name}' failed to satisfy constraint: Member must be a structure")

    def raw(self, name: str) -> JSON:
        """A member as it was sent."""
        return self._body.get(name)

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of some words, the first of them by default. Raises ValidationException."""
        value = self.text_or_none(name) or allowed[0]
        if value in allowed:
            return value
        wanted = ", ".join(allowed)
        raise invalid(
            f"Value '{value}' at '{name}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{wanted}]"
        )

    def json(self, name: str, fault: str, default: str = "{}") -> JSON:
        """A member that holds JSON text. Raises `fault`."""
        text = self.text_or_none(name) or default
        try:
            return loads(text)
        except ValueError as error:
            raise Fault(fault, f"Invalid {name}: '{error}'") from error

    def name(self, name: str = "name") -> str:
        """A name that Step Functions accepts. Raises InvalidName."""
        value = self.text(name)
        if _NAME.fullmatch(value):
            return value
        raise Fault("InvalidName", f"Invalid Name: '{value}'")

    def arn(self, name: str, *kinds: str) -> str:
        """The ARN of one of some kinds of resource. Raises InvalidArn."""
        value = self.text(name)
        parts = value.split(":")
        if len(parts) <= ARN_PARTS or parts[0] != "arn" or parts[2] != "states":
            raise Fault("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {value}'")
        if parts[5] not in kinds:
            raise Fault("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'")
        return value

    def page(self, rows: Sequence[_T]) -> tuple[Sequence[_T], dict[str, JSON]]:
        """The rows of the page that was asked for, and `nextToken` where more follow. Raises InvalidToken."""
        begin, end = self.bounds()
        return rows[begin:end], {"nextToken": _token(end)} if end < len(rows) else {}

    def bounds(self) -> tuple[int, int]:
        """First row of the page that was asked for, and the one behind it. Raises InvalidToken."""
        begin = _place(self.text_or_none("nextToken"))
        wanted = self.number("maxResults")
        if wanted > PAGE_MAX:
            raise invalid(
                f"Value '{wanted}' at 'maxResults' failed to satisfy constraint: "
                f"Member must have value less than or equal to {PAGE_MAX}"
            )
        return begin, begin + (wanted or PAGE)


def invalid(message: str) -> Fault:
    """A ValidationException, worded as AWS's."""
    return Fault("ValidationException", f"1 validation error detected: {message}")


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"row {place}".encode()).decode()


def _place(token: str | None) -> int:
    if token is None:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
        if word == "row":
            return int(number)
    except (ValueError, binascii.Error, UnicodeError):
        pass
    raise Fault("InvalidToken", f"Invalid Token: '{token}'")
