"""Collects what validation finds."""

from collections.abc import Mapping
from typing import TypeAlias

from rimedio.asl.errors import Diagnostic
from rimedio.asl.jsontext import JSON

Object: TypeAlias = Mapping[str, JSON]


class Findings:
    """Diagnostics in the order in which they were found."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def add(self, code: str, message: str, location: str, severity: str = "ERROR") -> None:
        """One finding."""
        self.found.append(Diagnostic(code, message, location, severity))

    def schema(self, message: str, location: str) -> None:
        """A finding about fields and their values."""
        self.add("SCHEMA_VALIDATION_FAILED", message, location)
