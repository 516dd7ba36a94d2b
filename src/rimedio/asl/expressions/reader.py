"""A cursor over the text of a path or of a call."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rimedio.asl.jsontext import JSON, loads

NESTING_MAX = 10  # calls in calls, as at AWS; filters and parentheses in each other

_LITERAL = re.compile(r"(?:true|false|null)\b|-?\d+(\.\d+)?([eE][+-]?\d+)?")
_QUOTED = re.compile(r"(['\"])((?:\\.|(?!\1).)*)\1", re.DOTALL)

Part = TypeVar("Part")


class PathSyntaxError(ValueError):
    """The text is no JSONPath, or no call of an intrinsic function."""


class TextReader:
    """Takes one token after the other. `shorthand`: names after a dot are of letters, digits and `_` only."""

    def __init__(self, text: str, *, shorthand: bool = False) -> None:
        self.text = text
        self.shorthand = shorthand
        self.at = 0
        self.depth = 0

    def fail(self, what: str) -> PathSyntaxError:
        """The error to raise at this place."""
        return PathSyntaxError(f"{what} at position {self.at} of {self.text!r}")

    def whole(self, read: Callable[["TextReader"], Part]) -> Part:
        """What `read` makes of the text, which must end there."""
        part = read(self)
        if self.at != len(self.text):
            raise self.fail("Unexpected text")
        return part

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level deeper."""
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise self.fail(f"Nested more than {NESTING_MAX} deep")
        yield
        self.depth -= 1

    def ahead(self, token: str) -> bool:
        """Whether a token stands at the cursor."""
        return self.text.startswith(token, self.at)

    def take(self, token: str) -> bool:
        """Pass white space, and a token if it follows."""
        while self.text[self.at : self.at + 1] in (" ", "\t", "\n", "\r"):
            self.at += 1
        taken = self.ahead(token)
        self.at += len(token) * taken
        return taken

    def need(self, token: str) -> None:
        """Pass a token that must be here."""
        if not self.take(token):
            raise self.fail(f"Expected {token!r}")

    def separated(self, read: Callable[["TextReader"], Part], end: str) -> list[Part]:
        """Parts between commas, up to `end`."""
        parts: list[Part] = []
        while not self.take(end):
            if parts:
                self.need(",")
            parts.append(read(self))
        return parts

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Pass white space, and what a pattern matches if it does."""
        self.take("")
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def quoted(self) -> str | None:
        """A string in single or double quotes; a backslash escapes the quote and itself."""
        found = self.match(_QUOTED)
        return found and re.sub(rf"\\([{found[1]}\\])", r"\1", found[2])

    def literal(self) -> JSON:
        """true, false, null or a number."""
        found = self.match(_LITERAL)
        try:
            return loads(found[0] if found else "")
        except ValueError as error:
            raise self.fail("Expected a value") from error
