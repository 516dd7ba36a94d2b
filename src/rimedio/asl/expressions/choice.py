"""Choice rules of JSONPath states: 39 comparison operators, And, Or, Not.

A comparison of unlike types is false. A timestamp is RFC 3339 with an upper-case T and Z or an offset.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias, cast

from rimedio.asl.errors import StatesError
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.payload import compile_path
from rimedio.asl.expressions.query import Missing, Scope
from rimedio.asl.jsontext import JSON

_TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d)(:[0-5]\d)?(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)", re.ASCII
)
_WILDCARD = re.compile(r"\\(.)|(\*)|([^\\*]+|\\)", re.DOTALL)

Holds: TypeAlias = Callable[[Scope], bool]
Comparison: TypeAlias = Callable[[JSON, JSON], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a rule."""

    holds: Holds

    def evaluate(self, scope: Scope) -> JSON:
        """Whether it holds. Raises States.Runtime when a path finds nothing."""
        return self.holds(scope)


def parse_timestamp(text: str) -> datetime | None:
    """The instant of an RFC 3339 timestamp with T and an offset, or None. Nanoseconds are cut."""
    instant = _instant(text)
    return instant and instant[0].replace(microsecond=instant[1] // 1000)


def _instant(value: JSON) -> tuple[datetime, int] | None:
    """Seconds and nanoseconds."""
    found = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    minutes, seconds, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(minutes + (seconds or ":00") + zone.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at, int((fraction or "").ljust(9, "0"))


def _number(value: JSON) -> JSON:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _boolean(value: JSON) -> JSON:
    return value if isinstance(value, bool) else None


def _string(value: JSON) -> bytes | None:
    """UTF-16, whose units are what Java compares by."""
    return value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def _pieces(pattern: str) -> tuple[str, ...]:
    """The texts between the `*`; a backslash takes a star's meaning away."""
    pieces = [""]
    for escaped, star, plain in _WILDCARD.findall(pattern):
        if star:
            pieces.append("")
        else:
            pieces[-1] += escaped or plain
    return tuple(pieces)


def _matches(text: JSON, pattern: JSON) -> bool:
    """Whether the pieces of a pattern follow each other in a text; they are sought from left to right only once."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    first, *between = _pieces(pattern)
    if not between:
        return text == first
    last = between.pop()
    at, end = len(first), len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or at > end:
        return False
    for piece in between:
        at = text.find(piece, at, end) + len(piece)
        if at < len(piece):
            return False
    return True


def _of(key: Callable[[JSON], Any], compare: Callable[[Any, Any], bool]) -> Comparison:
    """A comparison of what `key` makes of two values, false when it is None."""

    def compared(left: JSON, right: JSON) -> bool:
        first, second = key(left), key(right)
        return first is not None and second is not None and compare(first, second)

    return compared


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_KEYS: dict[str, Callable[[JSON], Any]] = {"String": _string, "Numeric": _number, "Timestamp": _instant}

COMPARISONS: dict[str, Comparison] = {
    "BooleanEquals": _of(_boolean, operator.eq),
    "StringMatches": _matches,
    **{f"{kind}{name}": _of(key, order) for kind, key in _KEYS.items() for name, order in _ORDERS.items()},
}

TYPE_TESTS: dict[str, Callable[[JSON], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: _number(value) is not None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: _instant(value) is not None,
}

OPERATORS = frozenset(
    [
        *COMPARISONS,
        *(f"{name}Path" for name in COMPARISONS if name != "StringMatches"),
        *TYPE_TESTS,
        "IsPresent",
    ]
)


def _present(query: JsonPathQuery, scope: Scope) -> JSON:
    value = query.look_up(scope)
    if isinstance(value, Missing):
        what = "The choice state's condition path references an invalid value."
        raise StatesError("States.Runtime", f"Invalid path '{query.path.text}': {what}")
    return value


def compile_rule(body: Mapping[str, JSON]) -> Condition:
    """Compile one rule of `Choices`, or one nested in And, Or, Not."""
    return Condition(_rule(body))


def _rule(body: Mapping[str, Any]) -> Holds:
    for name, combine in (("And", all), ("Or", any)):
        if name in body:
            rules = [_rule(rule) for rule in body[name]]
            return lambda scope, combine=combine: combine(rule(scope) for rule in rules)  # type: ignore[misc]
    if "Not" in body:
        inner = _rule(body["Not"])
        return lambda scope: not inner(scope)
    name = next(key for key in body if key in OPERATORS)
    return _test(name, compile_path(str(body["Variable"]), "Variable"), body[name])


def _test(name: str, variable: JsonPathQuery, operand: JSON) -> Holds:
    if name == "IsPresent":
        return lambda scope: (not isinstance(variable.look_up(scope), Missing)) == operand
    if name in TYPE_TESTS:
        test = TYPE_TESTS[name]
        return lambda scope: test(_present(variable, scope)) == operand
    compare = COMPARISONS[name.removesuffix("Path")]
    if not name.endswith("Path"):
        return lambda scope: compare(_present(variable, scope), operand)
    other = compile_path(cast("str", operand), name)
    return lambda scope: compare(_present(variable, scope), _present(other, scope))
