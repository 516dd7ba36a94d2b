"""What an expression may see, and what every compiled expression can do."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from rimedio.asl.clock import Clock, Randomness, SystemClock
from rimedio.asl.jsontext import JSON


class Missing:
    """The type of `MISSING`: no value at all, which is not null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@dataclass(frozen=True)
class Services:
    """What functions reach beyond their arguments: time and chance."""

    clock: Clock
    randomness: Randomness


PLAIN_SERVICES = Services(SystemClock(), random.Random(0))  # noqa: S311 - the default for tests of expressions


class Scope:
    """The values in reach of one field's expressions.

    `root` is JSONPath's `$`; `states` are the members of JSONata's `$states` except `context`, which is
    built only when an expression asks for it.
    """

    __slots__ = ("_context", "_make_context", "nulled", "root", "services", "states", "variables")

    def __init__(
        self,
        root: JSON,
        states: dict[str, JSON],
        variables: Mapping[str, JSON],
        make_context: Callable[[], dict[str, JSON]],
        services: Services = PLAIN_SERVICES,
    ) -> None:
        self.root = root
        self.states = states
        self.variables = variables
        self.services = services
        self._make_context = make_context
        self._context: dict[str, JSON] | None = None
        self.nulled: dict[str, object] = {}

    @property
    def context(self) -> dict[str, JSON]:
        """The context object (`$$`, `$states.context`)."""
        if self._context is None:
            self._context = self._make_context()
        return self._context

    def use_context(self, context: dict[str, JSON]) -> None:
        """Replace the context object."""
        self._context = context


class Query(Protocol):
    """A compiled expression or payload template."""

    def evaluate(self, scope: Scope) -> JSON:
        """Its value. Raises StatesError."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: JSON

    def evaluate(self, scope: Scope) -> JSON:
        """The literal itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class ObjectTemplate:
    """An object some of whose values are computed."""

    members: tuple[tuple[str, Query], ...]

    def evaluate(self, scope: Scope) -> JSON:
        """A new object with every member's value."""
        return {key: query.evaluate(scope) for key, query in self.members}


@dataclass(frozen=True, slots=True)
class ArrayTemplate:
    """An array some of whose elements are computed."""

    elements: tuple[Query, ...]

    def evaluate(self, scope: Scope) -> JSON:
        """A new array with every element's value."""
        return [query.evaluate(scope) for query in self.elements]


def gathered_object(members: list[tuple[str, Query]], literal: JSON) -> Query:
    """A constant when nothing in it is computed, so that its value is shared and never rebuilt."""
    if all(isinstance(query, Constant) for _, query in members):
        return Constant(literal)
    return ObjectTemplate(tuple(members))


def gathered_array(elements: list[Query], literal: JSON) -> Query:
    """As `gathered_object`, for arrays."""
    if all(isinstance(query, Constant) for query in elements):
        return Constant(literal)
    return ArrayTemplate(tuple(elements))
