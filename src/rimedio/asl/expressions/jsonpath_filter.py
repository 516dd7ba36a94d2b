"""What the filters of JSONPath compare with: Jayway's operators, and regular expressions within a time."""

import operator
import re
import time
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from rimedio.asl.errors import StatesError
from rimedio.asl.expressions.jsonpath import Found, Walk
from rimedio.asl.expressions.query import Missing
from rimedio.asl.jsontext import JSON, dumps

Comparison: TypeAlias = Callable[[Any, Any], bool]

VISITS_PER_SECOND = 1_000_000  # what the time of a regular expression counts as


class Pattern:
    """A regular expression that a whole text must match. Raises ValueError."""

    def __init__(self, source: str, flags: str) -> None:
        import regex  # type: ignore[import-untyped]

        try:
            self._compiled = regex.compile(f"(?{flags}:{source})" if flags else source)
        except (regex.error, RecursionError, OverflowError) as error:
            raise ValueError(str(error)) from error

    def matches(self, value: Found, walk: Walk) -> bool:
        """Whether a value, or one of an array's, matches. Raises States.Runtime when it takes too long."""
        texts = [_text(member) for member in (value if isinstance(value, list) else [value])]
        return any(self._match(text, walk) for text in texts)

    def _match(self, text: str, walk: Walk) -> bool:
        begun = time.perf_counter()
        try:
            found = self._compiled.fullmatch(text, timeout=max(walk.left, 1) / VISITS_PER_SECOND)
        except TimeoutError as error:
            what = "A regular expression in the JSONPath takes too long."
            raise StatesError("States.Runtime", what) from error
        walk.visit(1 + int((time.perf_counter() - begun) * VISITS_PER_SECOND))
        return found is not None


def _text(value: Found) -> str:
    if isinstance(value, str):
        return value
    return dumps(value) if isinstance(value, (bool, int, float)) else ""


def weight(value: Found) -> int:
    """What comparing a value costs."""
    return 1 + len(value) if isinstance(value, list) else 1


def _is_number(value: Found) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_text(value: Found) -> bool:
    return isinstance(value, str)


def _equal(left: Found, right: Found) -> bool:
    """A number equals a text that writes it: as number when it stands left, as text when it stands right."""
    if isinstance(left, Missing) or isinstance(left, bool) != isinstance(right, bool):
        return False
    if _is_number(left) and isinstance(right, str):
        try:
            return float(right) == left
        except ValueError:
            return False
    if isinstance(left, str) and _is_number(right):
        return left == dumps(cast("JSON", right))
    return left == right


def _same(left: Found, right: Found) -> bool:
    return isinstance(left, str) == isinstance(right, str) and _equal(left, right)


def _ordered(compare: Comparison) -> Comparison:
    def ordered(left: Found, right: Found) -> bool:
        numbers, texts = (all(map(kind, (left, right))) for kind in (_is_number, _is_text))
        return (numbers or texts) and compare(left, right)

    return ordered


def _among(value: Found, members: Found) -> bool:
    return isinstance(members, list) and any(_equal(member, value) for member in members)


def _each(quantify: Callable[[list[bool]], bool]) -> Comparison:
    """Operators on two arrays: what holds of the left one's members."""

    def compared(left: Found, right: Found) -> bool:
        if not isinstance(left, list) or not isinstance(right, list):
            return False
        return quantify([_among(member, right) for member in left])

    return compared


def _contains(left: Found, right: Found) -> bool:
    return right in left if isinstance(left, str) and isinstance(right, str) else _among(right, left)


def _measured(measure: Callable[[int], object]) -> Comparison:
    return lambda left, right: isinstance(left, (list, str, dict)) and measure(len(left)) == right


OPERATORS: dict[str, Comparison] = {
    "===": _same,
    "!==": lambda left, right: not _same(left, right),
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
    "in": _among,
    "nin": lambda left, right: not _among(left, right),
    "contains": _contains,
    "all": lambda left, right: _each(all)(right, left),
    "anyof": _each(any),
    "noneof": _each(lambda found: not any(found)),
    "subsetof": _each(all),
    "size": _measured(lambda length: length),
    "empty": _measured(lambda length: length == 0),
}

OPERATOR = re.compile(
    "=~|" + "|".join(rf"{name}\b" if name.isalpha() else name for name in OPERATORS), re.IGNORECASE
)
