"""A task: a typed function of the workflow, called with JSON and answering JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rimedio.domain.codec import Json, from_json, to_json
from rimedio.tickets.parts import TaskParts

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class TicketRef:
    """Which ticket."""

    tenant_id: str
    ticket_id: str


@dataclass(frozen=True)
class Task(Generic[In, Out]):
    """A function with the types of its input and output; the codec stands between them and JSON."""

    name: str
    takes: type[In]
    gives: object  # a type, also a generic alias
    function: Callable[[TaskParts, In], Out]

    def __call__(self, parts: TaskParts, payload: object) -> Json:
        """Run on JSON. Raises InvalidInput for a payload of another shape, and what the function raises."""
        return to_json(self.function(parts, from_json(self.takes, payload)), self.gives)
