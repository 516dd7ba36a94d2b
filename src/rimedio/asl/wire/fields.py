"""The members of a request that passed its check; pages of a list."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from rimedio.asl.integrations.activities import NAME
from rimedio.asl.jsontext import JSON, loads
from rimedio.asl.wire.faults import Fault

PAGE = 100
ARN_PARTS = 6
_T = TypeVar("_T")


class Fields:
    """The members of one request, whose types `requests.check` has seen to."""

    def __init__(self, body: Mapping[str, JSON]) -> None:
        self._body = body

    def has(self, name: str) -> bool:
        """Whether a member was sent."""
        return self._body.get(name) is not None

    def raw(self, name: str) -> JSON:
        """A member as it was sent."""
        return self._body.get(name)

    def text(self, name: str) -> str:
        """A text; empty when it was left out."""
        return cast("str", self._body.get(name) or "")

    def text_or_none(self, name: str) -> str | None:
        """A text, or None."""
        return cast("str | None", self._body.get(name))

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        return cast("bool", self._body[name]) if self.has(name) else default

    def number(self, name: str, default: int = 0) -> int:
        """A number."""
        return cast("int", self._body[name]) if self.has(name) else default

    def objects(self, name: str) -> list["Fields"]:
        """A list of objects; empty when it was left out."""
        return [Fields(element) for element in cast("list[dict[str, JSON]]", self._body.get(name) or [])]

    def structure(self, name: str) -> dict[str, JSON]:
        """An object as it was sent; empty when it was left out."""
        return cast("dict[str, JSON]", self._body.get(name) or {})

    def object(self, name: str) -> "Fields":
        """An object; empty when it was left out."""
        return Fields(self.structure(name))

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty when it was left out."""
        return cast("list[str]", self._body.get(name) or [])

    @property
    def wants_data(self) -> bool:
        """Whether `includedData` asks for more than metadata."""
        return self.text("includedData") != "METADATA_ONLY"

    def json(self, name: str, fault: str, what: str, default: str = "{}") -> JSON:
        """A member that holds JSON text. Raises `fault`, which names `what` is invalid."""
        try:
            return loads(self.text_or_none(name) or default)
        except ValueError as error:
            raise Fault(fault, f"Invalid {what}: '{error}'") from error

    def name(self) -> str:
        """A name that Step Functions accepts. Raises InvalidName."""
        value = self.text("name")
        if NAME.fullmatch(value):
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

    def listed(self, key: str, rows: Sequence[_T], row: Callable[[_T], JSON]) -> dict[str, JSON]:
        """The page that was asked for, as the service lists it. Raises InvalidToken."""
        page, more = self.page(rows)
        return {key: [row(found) for found in page], **more}

    def page(self, rows: Sequence[_T]) -> tuple[Sequence[_T], dict[str, JSON]]:
        """The rows of the page that was asked for, and `nextToken` where more follow. Raises InvalidToken."""
        begin, end = self.bounds()
        return rows[begin:end], {"nextToken": _token(end)} if end < len(rows) else {}

    def bounds(self) -> tuple[int, int]:
        """First row of the page that was asked for, and the one behind it. Raises InvalidToken."""
        begin = _place(self.text_or_none("nextToken"))
        return begin, begin + (self.number("maxResults") or PAGE)


def present(**members: JSON) -> dict[str, JSON]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


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
    raise Fault("InvalidToken", "Invalid Token: 'Invalid token'")
