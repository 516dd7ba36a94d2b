"""Choice rules of JSONPath states: 39 comparison operators, And, Or, Not.

A comparison of unlike types is false. A timestamp is RFC 3339 with an upper-case T and Z or an offset.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from rimedio.asl.errors import StatesError
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.payload import compile_path
from rimedio.asl.expressions.query import Missing, Query, Scope
from rimedio.asl.jsontext import JSON

_TIMESTAMP = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})"
)

Comparison = Callable[[JSON, JSON], bool]


def parse_timestamp(text: str) -> datetime | None:
    """The instant of an RFC 3339 timestamp with T and an offset, or None. Nanoseconds are cut."""
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        return None
    fraction = (found[2] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if found[3] == "Z" else found[3]
    seconds = found[1] if found[1].count(":") == 2 else f"{found[1]}:00"
    try:
        return datetime.fromisoformat(f"{seconds}.{fraction}{zone}")
    except ValueError:
        return None


def _is_number(value: JSON) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_timestamp(value: JSON) -> bool:
    return isinstance(value, str) and parse_timestamp(value) is not None


def _is_string(value: JSON) -> bool:
    return isinstance(value, str)


def _is_boolean(value: JSON) -> bool:
    return isinstance(value, bool)


def _of(accepts: Callable[[JSON], bool], compare: Callable[[JSON, JSON], bool]) -> Comparison:
    return lambda left, right: accepts(left) and accepts(right) and compare(left, right)


def _on_timestamps(compare: Callable[[datetime, datetime], bool]) -> Comparison:
    def compared(left: JSON, right: JSON) -> bool:
        first, second = parse_timestamp(cast("str", left)), parse_timestamp(cast("str", right))
        return first is not None and second is not None and compare(first, second)

    return compared


@lru_cache(maxsize=1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    parts, at = [], 0
    while at < len(pattern):
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
            parts.append(re.escape(pattern[at]))
        else:
            parts.append(".*" if pattern[at] == "*" else re.escape(pattern[at]))
        at += 1
    return re.compile("".join(parts), re.DOTALL)


def _matches(left: JSON, right: JSON) -> bool:
    return _wildcard(cast("str", right)).fullmatch(cast("str", left)) is not None


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}

COMPARISONS: dict[str, Comparison] = {
    "BooleanEquals": _of(_is_boolean, operator.eq),
    "StringMatches": _of(_is_string, _matches),
    **{f"String{name}": _of(_is_string, order) for name, order in _ORDERS.items()},
    **{f"Numeric{name}": _of(_is_number, order) for name, order in _ORDERS.items()},
    **{f"Timestamp{name}": _of(_is_string, _on_timestamps(order)) for name, order in _ORDERS.items()},
}

TYPE_TESTS: dict[str, Callable[[JSON], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": _is_number,
    "IsString": _is_string,
    "IsBoolean": _is_boolean,
    "IsTimestamp": _is_timestamp,
}

OPERATORS = frozenset(
    [
        *COMPARISONS,
        *(f"{name}Path" for name in COMPARISONS if name != "StringMatches"),
        *TYPE_TESTS,
        "IsPresent",
    ]
)


@dataclass(frozen=True, slots=True)
class Comparing:
    """`Variable` against a fixed value or another path."""

    variable: JsonPathQuery
    compare: Comparison
    value: JSON = None
    path: JsonPathQuery | None = None

    def evaluate(self, scope: Scope) -> JSON:
        """Whether it holds. Raises States.Runtime when a path finds nothing."""
        other = self.value if self.path is None else _present(self.path, scope)
        return self.compare(_present(self.variable, scope), other)


@dataclass(frozen=True, slots=True)
class Testing:
    """`Variable` has, or has not, a type; or is present."""

    variable: JsonPathQuery
    test: Callable[[JSON], bool] | None
    expected: JSON

    def evaluate(self, scope: Scope) -> JSON:
        """Whether it holds."""
        if self.test is None:
            return (not isinstance(self.variable.look_up(scope), Missing)) == self.expected
        return self.test(_present(self.variable, scope)) == self.expected


@dataclass(frozen=True, slots=True)
class Combining:
    """And, Or, Not of other rules."""

    combine: str
    rules: tuple[Query, ...]

    def evaluate(self, scope: Scope) -> JSON:
        """Whether it holds; stops as soon as that is known."""
        if self.combine == "Not":
            return not self.rules[0].evaluate(scope)
        results = (bool(rule.evaluate(scope)) for rule in self.rules)
        return all(results) if self.combine == "And" else any(results)


def _present(query: JsonPathQuery, scope: Scope) -> JSON:
    value = query.look_up(scope)
    if isinstance(value, Missing):
        what = "The choice state's condition path references an invalid value."
        raise StatesError("States.Runtime", f"Invalid path '{query.path.text}': {what}")
    return value


def compile_rule(body: Mapping[str, JSON]) -> Query:
    """Compile one rule of `Choices`, or one nested in And, Or, Not."""
    for combine in ("And", "Or"):
        if combine in body:
            inner = cast("list[Mapping[str, JSON]]", body[combine])
            return Combining(combine, tuple(compile_rule(rule) for rule in inner))
    if "Not" in body:
        return Combining("Not", (compile_rule(cast("Mapping[str, JSON]", body["Not"])),))
    name = next(key for key in body if key in OPERATORS)
    variable = compile_path(str(body["Variable"]), "Variable")
    value = body[name]
    if name == "IsPresent" or name in TYPE_TESTS:
        return Testing(variable, TYPE_TESTS.get(name), value)
    if name.endswith("Path"):
        return Comparing(variable, COMPARISONS[name[:-4]], path=compile_path(str(value), name))
    return Comparing(variable, COMPARISONS[name], value)
