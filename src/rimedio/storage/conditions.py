"""Conditions of conditional writes, as data: SQLite evaluates them in Python, DynamoDB renders them.

Every class has a counterpart in DynamoDB's condition expressions, and means the same here: a comparison
with a missing attribute or one of another type is false. Conditions speak of top-level attributes only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rimedio.domain.errors import InvalidInput
from rimedio.storage.values import Item, Number, Value, order, same

Comparable: TypeAlias = Number | str | bytes

IN_MAX = 100
NODES_MAX = 100  # DynamoDB: 300 operators and 4 KB an expression


@dataclass(frozen=True, slots=True)
class Exists:
    """The attribute is there. `Exists("pk")` means that the item is there."""

    attribute: str


@dataclass(frozen=True, slots=True)
class NotExists:
    """The attribute is not there. `NotExists("pk")` means that the item is not there."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Equals:
    """The attribute has this very value and type."""

    attribute: str
    value: Value


@dataclass(frozen=True, slots=True)
class AttributeIn:
    """The attribute has one of these values, at most 100."""

    attribute: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.values) <= IN_MAX:
            msg = f"AttributeIn({self.attribute!r}) has {len(self.values)} values; give 1 to {IN_MAX}."
            raise InvalidInput(msg)


@dataclass(frozen=True, slots=True)
class LessThan:
    """The attribute is below the value; both text, both numbers or both bytes."""

    attribute: str
    value: Comparable

    def __post_init__(self) -> None:
        _comparable(self.attribute, self.value)


@dataclass(frozen=True, slots=True)
class AtMost:
    """The attribute is below or equal to the value."""

    attribute: str
    value: Comparable

    def __post_init__(self) -> None:
        _comparable(self.attribute, self.value)


@dataclass(frozen=True, slots=True)
class GreaterThan:
    """The attribute is above the value."""

    attribute: str
    value: Comparable

    def __post_init__(self) -> None:
        _comparable(self.attribute, self.value)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The attribute is above or equal to the value."""

    attribute: str
    value: Comparable

    def __post_init__(self) -> None:
        _comparable(self.attribute, self.value)


@dataclass(frozen=True, slots=True)
class Between:
    """The attribute lies between the two, both included."""

    attribute: str
    low: Comparable
    high: Comparable

    def __post_init__(self) -> None:
        _comparable(self.attribute, self.low)
        direction = order(self.low, self.high)
        if direction is None or direction > 0:
            msg = f"Between({self.attribute!r}) runs from {self.low!r} to {self.high!r}; swap them."
            raise InvalidInput(msg)


@dataclass(frozen=True, slots=True)
class BeginsWith:
    """The attribute is text that begins with `prefix`."""

    attribute: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Contains:
    """The attribute is a text with this part, or a list with this element."""

    attribute: str
    value: Value


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    conditions: tuple["Condition", ...]

    def __post_init__(self) -> None:
        _some(self.conditions, "And")


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    conditions: tuple["Condition", ...]

    def __post_init__(self) -> None:
        _some(self.conditions, "Or")


@dataclass(frozen=True, slots=True)
class Not:
    """The other does not hold."""

    condition: "Condition"


Comparison: TypeAlias = LessThan | AtMost | GreaterThan | AtLeast
Leaf: TypeAlias = Exists | NotExists | Equals | AttributeIn | Comparison | Between | BeginsWith | Contains
Condition: TypeAlias = Leaf | And | Or | Not


_DIRECTIONS: Mapping[type[Comparison], tuple[int, ...]] = {
    LessThan: (-1,),
    AtMost: (-1, 0),
    GreaterThan: (1,),
    AtLeast: (0, 1),
}


def all_of(*conditions: Condition) -> And:
    """`And`, written without the tuple."""
    return And(conditions)


def any_of(*conditions: Condition) -> Or:
    """`Or`, written without the tuple."""
    return Or(conditions)


def holds(condition: Condition, item: Item | None) -> bool:
    """Whether the stored item, or its absence, satisfies the condition."""
    match condition:
        case And(conditions):
            return all(holds(c, item) for c in conditions)
        case Or(conditions):
            return any(holds(c, item) for c in conditions)
        case Not(inner):
            return not holds(inner, item)
        case NotExists(attribute):
            return item is None or attribute not in item
    if item is None or condition.attribute not in item:
        return False
    return _leaf_holds(condition, item[condition.attribute])


def _leaf_holds(leaf: Leaf, found: Value) -> bool:  # noqa: PLR0911 - one return a kind
    match leaf:
        case Equals(_, value):
            return same(found, value)
        case AttributeIn(_, values):
            return any(same(found, value) for value in values)
        case Between(_, low, high):
            return order(found, low) in (0, 1) and order(found, high) in (-1, 0)
        case BeginsWith(_, prefix):
            return isinstance(found, str) and found.startswith(prefix)
        case Contains(_, value):
            return _contains(found, value)
        case LessThan(_, value) | AtMost(_, value) | GreaterThan(_, value) | AtLeast(_, value):
            return order(found, value) in _DIRECTIONS[type(leaf)]
        case Exists() | NotExists():
            return isinstance(leaf, Exists)


def _contains(found: Value, value: Value) -> bool:
    if isinstance(found, str):
        return isinstance(value, str) and value in found
    if isinstance(found, bytes):
        return isinstance(value, bytes) and value in found
    return isinstance(found, list | tuple) and any(same(element, value) for element in found)


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every single comparison of a condition, from left to right."""
    match condition:
        case And(conditions) | Or(conditions):
            for inner in conditions:
                yield from leaves(inner)
        case Not(inner):
            yield from leaves(inner)
        case _:
            yield condition


def describe(condition: Condition) -> str:
    """The condition in words, for error messages; attribute names, never the values."""
    names = sorted({f"{type(leaf).__name__}({leaf.attribute})" for leaf in leaves(condition)})
    return ", ".join(names)


def _comparable(attribute: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | bytes):
        msg = f"{attribute!r} cannot be compared with {value!r}; only text, numbers and bytes have an order."
        raise InvalidInput(msg)


def _some(conditions: tuple[Condition, ...], name: str) -> None:
    count = sum(1 for c in conditions for _ in leaves(c))
    if not 1 <= count <= NODES_MAX:
        raise InvalidInput(f"{name} joins {count} comparisons; give 1 to {NODES_MAX}.")
