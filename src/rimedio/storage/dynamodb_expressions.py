"""Conditions, sort conditions and changes as DynamoDB's expressions, with a placeholder for every name and value.

Placeholders keep reserved words (`status` is one) and values out of the text. An item whose time is up counts
as absent, so each condition is joined with one on `expires_at` against the port's own clock.
"""

from typing import assert_never

from rimedio.storage.conditions import (
    And,
    AtLeast,
    AtMost,
    AttributeIn,
    BeginsWith,
    Between,
    Condition,
    Contains,
    Equals,
    Exists,
    GreaterThan,
    LessThan,
    Not,
    NotExists,
    Or,
    holds,
)
from rimedio.storage.dynamodb_values import attribute_of
from rimedio.storage.table import (
    EXPIRES_AT,
    Changes,
    SortAbove,
    SortBeginsWith,
    SortBelow,
    SortBetween,
    SortCondition,
    SortEquals,
)
from rimedio.storage.values import Value, canonical, canonical_number

_SIGNS = {LessThan: "<", AtMost: "<=", GreaterThan: ">", AtLeast: ">="}


class Expression:
    """Names and values of one request; each is given a placeholder once."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, object]] = {}

    def name(self, attribute: str) -> str:
        """The placeholder of an attribute's name."""
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: Value, where: str = "condition") -> str:
        """The placeholder of a value. Raises InvalidInput for one that no item can hold."""
        mark = f":{len(self._values)}"
        self._values[mark] = attribute_of(canonical(value, where))
        return mark

    def arguments(self) -> dict[str, object]:
        """The two mappings of a request; left out when empty, as DynamoDB wants."""
        found: dict[str, object] = {}
        if self._names:
            found["ExpressionAttributeNames"] = {mark: name for name, mark in self._names.items()}
        if self._values:
            found["ExpressionAttributeValues"] = self._values
        return found

    def alive(self, now: float) -> str:
        """The item's time is not up at `now` (epoch seconds); true of an absent item."""
        name = self.name(EXPIRES_AT)
        return f"(attribute_not_exists({name}) OR {name} > {self.value(now)})"

    def expired(self, now: float) -> str:
        """The item is stored, but its time is up."""
        return f"{self.name(EXPIRES_AT)} <= {self.value(now)}"

    def guard(self, condition: Condition, now: float) -> str:
        """`condition` on an item that counts as absent once its time is up."""
        wanted = self.condition(condition)
        if holds(condition, None):
            return f"{self.expired(now)} OR ({wanted})"
        return f"{self.alive(now)} AND ({wanted})"

    def condition(self, condition: Condition) -> str:  # noqa: PLR0911 - one return a kind
        """The condition alone."""
        match condition:
            case And(conditions):
                return " AND ".join(f"({self.condition(inner)})" for inner in conditions)
            case Or(conditions):
                return " OR ".join(f"({self.condition(inner)})" for inner in conditions)
            case Not(inner):
                return f"NOT ({self.condition(inner)})"
            case Exists(attribute):
                return f"attribute_exists({self.name(attribute)})"
            case NotExists(attribute):
                return f"attribute_not_exists({self.name(attribute)})"
            case Equals(attribute, value):
                return f"{self.name(attribute)} = {self.value(value, attribute)}"
            case AttributeIn(attribute, values):
                several = ", ".join(self.value(value, attribute) for value in values)
                return f"{self.name(attribute)} IN ({several})"
            case Between(attribute, low, high):
                return f"{self.name(attribute)} BETWEEN {self.value(low)} AND {self.value(high)}"
            case BeginsWith(attribute, prefix):
                return f"begins_with({self.name(attribute)}, {self.value(prefix)})"
            case Contains(attribute, value):
                return f"contains({self.name(attribute)}, {self.value(value, attribute)})"
            case (
                LessThan(attribute, value)
                | AtMost(attribute, value)
                | GreaterThan(attribute, value)
                | AtLeast(attribute, value)
            ):
                return f"{self.name(attribute)} {_SIGNS[type(condition)]} {self.value(value)}"
        assert_never(condition)

    def key(self, partition: tuple[str, str], sort: tuple[str, SortCondition | None]) -> str:
        """A key condition: (attribute, value) of the partition, (attribute, condition) of the sort key."""
        text = f"{self.name(partition[0])} = {self.value(partition[1])}"
        attribute, condition = sort
        if condition is None:
            return text
        return f"{text} AND {self._sort(self.name(attribute), condition)}"

    def _sort(self, name: str, condition: SortCondition) -> str:
        match condition:
            case SortEquals(value):
                return f"{name} = {self.value(value)}"
            case SortBeginsWith(prefix):
                return f"begins_with({name}, {self.value(prefix)})"
            case SortBetween(low, high):
                return f"{name} BETWEEN {self.value(low)} AND {self.value(high)}"
            case SortBelow(value, inclusive):
                return f"{name} {'<=' if inclusive else '<'} {self.value(value)}"
            case SortAbove(value, inclusive):
                return f"{name} {'>=' if inclusive else '>'} {self.value(value)}"
        assert_never(condition)

    def changes(self, changes: Changes) -> str:
        """An update expression."""
        parts = []
        if changes.set:
            pairs = (f"{self.name(name)} = {self.value(value, name)}" for name, value in changes.set.items())
            parts.append("SET " + ", ".join(pairs))
        if changes.add:
            steps = (
                f"{self.name(name)} {self.value(canonical_number(step, name))}"
                for name, step in changes.add.items()
            )
            parts.append("ADD " + ", ".join(steps))
        if changes.remove:
            parts.append("REMOVE " + ", ".join(self.name(name) for name in changes.remove))
        return " ".join(parts)
