"""Values on their way into the evaluator and out of it: it tells null from undefined by a marker of its own."""

import math
from typing import Any

import orjson
from jsonata.utils import Utils

from rimedio.asl.expressions.query import MISSING, Missing
from rimedio.asl.jsontext import JSON

_SCALARS = frozenset({str, int, bool})


class NoJson(Exception):
    """A function or a regular expression is no result."""


def handed(value: JSON) -> Any:
    """A value for the evaluator; as it is when it holds no null, for a look at its text costs a tenth of a copy."""
    try:
        plain = b"null" not in orjson.dumps(value)
    except TypeError:
        plain = False
    return value if plain else with_null(value)


def with_null(value: JSON) -> Any:
    """A copy with the evaluator's null."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {key: with_null(member) for key, member in value.items()}
    return [with_null(member) for member in value] if isinstance(value, list) else value


def taken(value: Any) -> JSON | Missing:
    """What the evaluator answers, as JSON. Raises NoJson."""
    return MISSING if value is None else _json(value)


def _json(value: Any) -> JSON:
    kind = type(value)
    if kind in _SCALARS:
        return value  # type: ignore[no-any-return]
    if kind is dict:
        return {key: _json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_json(member) for member in value]
    if kind is float:  # JSON has no infinity: AWS writes JavaScript's names
        return (
            value
            if math.isfinite(value)
            else str(value).title().replace("Inf", "Infinity").replace("Nan", "NaN")
        )
    if value is None or value is Utils.NULL_VALUE:
        return None
    raise NoJson
