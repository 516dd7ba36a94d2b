"""A cursor over the text of a path or of a call."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from rimedio.asl.jsontext import JSON

PARTS_MAX = 200  # steps, operands and calls in one text
NESTING_MAX = 20

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORDS: dict[str, JSON] = {"true": True, "false": False, "null": None}


class PathSyntaxError(ValueError):
    """The text is no JSONPath, or no call of an intrinsic function."""


class TextReader:
    """Takes one token after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.parts = 0
        self.depth = 0

    def fail(self, what: str) -> PathSyntaxError:
        """The error to raise at this place."""
        return PathSyntaxError(f"{what} at position {self.at} of {self.text!r}")

    def count(self) -> None:
        """One more part. Raises PathSyntaxError when they are too many."""
        self.parts += 1
        if self.parts > PARTS_MAX:
            raise self.fail(f"More than {PARTS_MAX} parts")

    @contextmanager
    def nested(self, levels: int = NESTING_MAX) -> Iterator[None]:
        """One level deeper."""
        self.depth += 1
        if self.depth > levels:
            raise self.fail(f"Nested more than {levels} deep")
        yield
        self.depth -= 1

    def ahead(self, token: str) -> bool:
        """Whether a token stands at the cursor."""
        return self.text.startswith(token, self.at)

    def skip(self) -> None:
        """Pass white space."""
        while self.at < len(self.text) and self.text[self.at] in " \t\n\r":
            self.at += 1

    def take(self, token: str) -> bool:
        """Pass white space, and a token if it follows."""
        self.skip()
        if not self.ahead(token):
            return False
        self.at += len(token)
        return True

    def need(self, token: str) -> None:
        """Pass a token that must be here."""
        if not self.take(token):
            raise self.fail(f"Expected {token!r}")

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Pass what a pattern matches here."""
        found = pattern.match(self.text, self.at)
        if not found or not found[0]:
            return None
        self.at = found.end()
        return found[0]

    def quoted(self) -> str | None:
        """A string in single or double quotes; a backslash escapes the quote and itself."""
        self.skip()
        quote = self.text[self.at : self.at + 1]
        if quote not in ("'", '"') or not quote:
            return None
        end, taken = self.at + 1, []
        while end < len(self.text) and self.text[end] != quote:
            if self.text[end] == "\\" and self.text[end + 1 : end + 2] in (quote, "\\"):
                end += 1
            taken.append(self.text[end : end + 1])
            end += 1
        if end >= len(self.text):
            raise self.fail("Unterminated string")
        self.at = end + 1
        return "".join(taken)

    def literal(self) -> JSON:
        """true, false, null or a number."""
        self.skip()
        for word, value in _WORDS.items():
            if self.take(word):
                return value
        number = self.match(_NUMBER)
        if number is None:
            raise self.fail("Expected a value")
        value = float(number) if any(c in number for c in ".eE") or len(number) > 18 else int(number)
        if value in (float("inf"), float("-inf")):
            raise self.fail("The number is too large")
        return value
