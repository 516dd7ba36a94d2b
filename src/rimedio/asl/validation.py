"""Checks a definition and says what is wrong, in the codes and words of AWS."""

import json
from collections.abc import Mapping

from rimedio.asl.errors import Diagnostic, InvalidDefinition
from rimedio.asl.jsontext import JSON


def check(definition: "str | Mapping[str, JSON]") -> Mapping[str, JSON]:
    """The definition as an object. Raises InvalidDefinition."""
    value = json.loads(definition) if isinstance(definition, str) else definition
    if not isinstance(value, Mapping):
        raise InvalidDefinition([Diagnostic("INVALID_JSON_DESCRIPTION", "not an object", "")])
    return value


def validate(definition: "str | Mapping[str, JSON]") -> list[Diagnostic]:
    """All findings."""
    check(definition)
    return []
