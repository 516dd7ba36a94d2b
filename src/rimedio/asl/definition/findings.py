"""Collects what validation finds, and says on which line of the text it stands."""

import re
from collections.abc import Iterator
from typing import TypeAlias

import orjson

from rimedio.asl.errors import Diagnostic
from rimedio.asl.jsontext import JSON

Object: TypeAlias = dict[str, JSON]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\]:,"]+', re.DOTALL)
_LAST_STEP = re.compile(r"(\[\d+\]|/[^/]*)$|^[^/\[]+$")


class Findings:
    """Diagnostics in the order in which they were found."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def add(self, code: str, message: str, location: str | None, severity: str = "ERROR") -> None:
        """One finding."""
        self.found.append(Diagnostic(code, message, location, severity))

    def schema(self, message: str, location: str) -> None:
        """A finding about fields and their values."""
        self.add("SCHEMA_VALIDATION_FAILED", message, location)


def line_of(text: str, location: str | None) -> tuple[int, int] | None:
    """Line and column, both from 1, of a diagnostic's location in the text of a definition.

    A place that is not there (a missing field) is told by the object that should hold it. None: no place at all.
    """
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return error.lineno, error.colno
    if location is None:
        return None
    places = dict(_places(text))
    while location not in places:
        location = _LAST_STEP.sub("", location)
    start = places[location]
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def _places(text: str) -> Iterator[tuple[str, int]]:
    """Every location in a JSON text, and where it begins: a member at its name, an element at its value."""
    within: list[str] = []  # the objects and arrays that are open
    counts: list[int] = []  # elements of each so far; -1 for an object
    member = ""  # the one whose value follows
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in ("}", "]"):
            within.pop()
            counts.pop()
        elif counts and counts[-1] < 0 and not member:
            member = f"{within[-1]}/{orjson.loads(word)}"
            yield member, token.start()
        else:
            here = member or (f"{within[-1]}[{counts[-1]}]" if within else "")
            if not member:
                yield here, token.start()
                counts[-1:] = [count + 1 for count in counts[-1:]]
            member = ""
            if word in ("{", "["):
                within.append(here)
                counts.append(-1 if word == "{" else 0)
