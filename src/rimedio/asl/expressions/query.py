"""What an expression may see, and what every compiled expression can do."""

import random
from collections.abc import Callable, Iterable, Mapping
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
class Template:
    """An array, or with names an object, some of whose parts are computed."""

    parts: tuple[Query, ...]
    names: tuple[str, ...] | None

    def evaluate(self, scope: Scope) -> JSON:
        """A new array or object with every part's value."""
        values = [part.evaluate(scope) for part in self.parts]
        return values if self.names is None else dict(zip(self.names, values, strict=True))


def gathered(literal: JSON, parts: list[Query], names: Iterable[str] | None = None) -> Query:
    """A template; a constant when nothing in it is computed, so that its value is shared and never rebuilt."""
    if all(isinstance(part, Constant) for part in parts):
        return Constant(literal)
    return Template(tuple(parts), None if names is None else tuple(names))
