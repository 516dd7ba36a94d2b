"""The matcher beside a slow one that is written straight from the documented meaning and shares nothing with it.

The slow one knows no paths and no trees. It goes through every way of taking one element out of each array of the
event; what is left has no arrays, and a pattern is a plain question to it. Absence is asked of events without
arrays only, where nobody can mean two things by it.
"""

import ipaddress
import itertools
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest

from rimedio.events.operators import InvalidPattern
from rimedio.events.pattern import Pattern

CASES = 1000
TEXTS = ["", "a", "A", "ab", "aB", "ba", "b", "1", "null", "10.0.0.1", "10.0.1.1", "::1", "è", "È"]
NUMBERS = [0, -0.0, 1, 1.0, 2, 0.5, -1, 5_000_000_000, 6_000_000_000]
KEYS = ["a", "b", "c"]
WILDCARDS = ["*", "a*", "*b", "a*b", "*a*", "ab", "\\*"]
NETWORKS = ["10.0.0.0/24", "10.0.0.0/8", "::/64", "0.0.0.0/0"]


class Chance:
    """Patterns and events by the numbers of one seed, so that every run asks the same."""

    def __init__(self, seed: int, *, absent: bool, arrays: bool) -> None:
        self._random = random.Random(seed)
        self._absent = absent
        self._arrays = arrays

    def pattern(self, depth: int = 3) -> Any:
        """A pattern; it may ask for a field twice."""
        if self._random.random() < 0.25:
            return {"$or": [self.pattern(depth - 1) for _ in range(self._random.randint(2, 3))]}
        keys = self._random.sample([*KEYS, "$or"] if depth > 1 else KEYS, self._random.randint(1, 2))
        return {key: self._below(key, depth) for key in keys}

    def _below(self, key: str, depth: int) -> Any:
        if key == "$or":
            return [self.pattern(depth - 1) for _ in range(2)]
        if depth > 1 and self._random.random() < 0.4:
            return self.pattern(depth - 1)
        return [self._accepted() for _ in range(self._random.randint(1, 3))]

    def _accepted(self) -> Any:
        one = self._random.choice
        kinds = [
            self._plain,
            self._plain,
            lambda: {"exists": True},
            lambda: {one(["prefix", "suffix", "equals-ignore-case"]): one(TEXTS)},
            lambda: {one(["prefix", "suffix"]): {"equals-ignore-case": one(TEXTS)}},
            lambda: {"wildcard": one(WILDCARDS)},
            lambda: {"anything-but": one([one(TEXTS), one(NUMBERS), self._texts()])},
            lambda: {"anything-but": {one(["prefix", "suffix", "equals-ignore-case"]): self._texts()}},
            lambda: {"anything-but": {"wildcard": one(WILDCARDS)}},
            lambda: {"numeric": [one(["=", "<", "<=", ">", ">="]), one(NUMBERS[:-1])]},
            lambda: {"numeric": [">", -1, "<=", 1]},
            lambda: {"cidr": one(NETWORKS)},
            *[lambda: {"exists": False}] * (2 * self._absent),
        ]
        return one(kinds)()

    def _texts(self) -> list[str]:
        return self._random.sample(TEXTS[1:], self._random.randint(1, 2))

    def _plain(self) -> Any:
        return self._random.choice([*TEXTS, *NUMBERS, True, False, None])

    def event(self) -> Any:
        """An object."""
        return {key: self._value(3) for key in self._random.sample(KEYS, self._random.randint(1, 3))}

    def _value(self, depth: int) -> Any:
        kind = self._random.random() if depth else 1.0
        if kind < 0.3:
            return {
                key: self._value(depth - 1) for key in self._random.sample(KEYS, self._random.randint(0, 3))
            }
        if kind < 0.6 and self._arrays:
            return [self._value(depth - 1) for _ in range(self._random.randint(0, 3))]
        return self._plain()


_NOTHING = object()


def _choices(node: Any) -> Iterator[Any]:
    """Every event that is left when one element is taken out of each array."""
    if isinstance(node, list):
        if not node:
            yield _NOTHING
        for element in node:
            yield from _choices(element)
    elif isinstance(node, dict):
        for chosen in itertools.product(*(list(_choices(value)) for value in node.values())):
            yield {key: value for key, value in zip(node, chosen, strict=True) if value is not _NOTHING}
    else:
        yield node


def _satisfied(pattern: Any, node: Any) -> bool:
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(_satisfied(branch, node) for branch in wanted):
                return False
            continue
        value = node.get(key, _NOTHING) if isinstance(node, dict) else _NOTHING
        if isinstance(wanted, dict):
            if not _satisfied(wanted, value):
                return False
        elif not any(_accepted(one, value) for one in wanted):
            return False
    return True


def _accepted(one: Any, value: Any) -> bool:
    there = value is not _NOTHING and not isinstance(value, dict)
    if isinstance(one, dict):
        ((name, argument),) = one.items()
        return not there if one == {"exists": False} else there and _answer(name, argument, value)
    return there and _same(one, value)


def _number(value: Any) -> Fraction | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else Fraction(value)


def _same(one: Any, other: Any) -> bool:
    if _number(one) is not None or _number(other) is not None:
        return _number(one) == _number(other)
    return type(one) is type(other) and one == other


def _answer(name: str, argument: Any, value: Any) -> bool:
    if name == "exists":
        return True
    if name == "anything-but":
        ((inner, refused),) = argument.items() if isinstance(argument, dict) else (("", argument),)
        listed = refused if isinstance(refused, list) else [refused]
        return not any(_answer(inner, one, value) if inner else _same(one, value) for one in listed)
    if name == "numeric":
        number = _number(value)
        return (
            number is not None
            and abs(number) <= 5 * 10**9
            and all(
                _compares(sign, number, Fraction(bound))
                for sign, bound in zip(argument[::2], argument[1::2], strict=True)
            )
        )
    if not isinstance(value, str):
        return False
    if name == "cidr":
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(argument)
        except ValueError:
            return False
    if isinstance(argument, dict):
        return _answer(name, argument["equals-ignore-case"].upper(), value.upper())
    if name == "wildcard":
        return _like(argument, value)
    if name == "equals-ignore-case":
        return argument.upper() == value.upper()
    return (
        value[: len(argument)] == argument
        if name == "prefix"
        else value[len(value) - len(argument) :] == argument
    )


def _compares(sign: str, one: Fraction, other: Fraction) -> bool:
    return (
        (sign[-1] == "=" and one == other)
        or (sign[0] == "<" and one < other)
        or (sign[0] == ">" and one > other)
    )


def _like(wildcard: str, value: str) -> bool:
    if not wildcard:
        return not value
    if wildcard[0] == "*":
        return any(_like(wildcard[1:], value[at:]) for at in range(len(value) + 1))
    literal, rest = (wildcard[1], wildcard[2:]) if wildcard[0] == "\\" else (wildcard[0], wildcard[1:])
    return value[:1] == literal and _like(rest, value[1:])


def _agree(chance: Chance, expected: Callable[[Any, Any], bool]) -> None:
    matched = compared = 0
    while compared < CASES:
        pattern, event = chance.pattern(), chance.event()
        try:
            compiled = Pattern.compile(pattern)
        except InvalidPattern as refused:  # asked for a field twice, or for very much
            reason = refused.reason
            if "multiple times" in reason or "too complex" in reason or "$or expands" in reason:
                continue
            raise
        answer = compiled.matches(event)
        if answer is not expected(pattern, event):
            pytest.fail(f"{pattern!r} on {event!r}: {answer}")
        compared, matched = compared + 1, matched + answer
    assert CASES / 20 < matched < CASES * 19 / 20  # both answers were tried


def test_over_arrays_any_choice_of_elements_may_match() -> None:
    _agree(
        Chance(1, absent=False, arrays=True),
        lambda pattern, event: any(_satisfied(pattern, choice) for choice in _choices(event)),
    )


def test_without_arrays_absence_is_absence() -> None:
    _agree(Chance(2, absent=True, arrays=False), _satisfied)
