"""Watches the workflow's tasks: ids for log lines, a span, a time, whatever the task is and does."""

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from rimedio.observability.correlation import bound
from rimedio.observability.performance import Performance
from rimedio.observability.traceparent import ticket_place

Payload = TypeVar("Payload")
Answer = TypeVar("Answer")


class RunningTask(Protocol):
    """What an engine tells a task about itself."""

    @property
    def execution_id(self) -> str:
        """Which execution."""
        ...


Running = TypeVar("Running", bound=RunningTask)


class ObservedTasks(Generic[Payload, Running, Answer]):
    """A handler of Lambda-shaped calls around another: `FunctionName` is the task, `Payload` names the ticket."""

    def __init__(self, inner: Callable[[Payload, Running], Answer], performance: Performance) -> None:
        self._inner = inner
        self._performance = performance

    def __call__(self, arguments: Payload, context: Running) -> Answer:
        """The inner handler's answer; raises what it raises."""
        given: Mapping[str, object] = arguments if isinstance(arguments, Mapping) else {}
        payload = given.get("Payload")
        named: Mapping[str, object] = payload if isinstance(payload, Mapping) else {}
        step = str(given.get("FunctionName", "?"))
        tenant, ticket = _text(named.get("tenant_id")), _text(named.get("ticket_id"))
        place = ticket_place(ticket) if ticket else None
        with (
            bound(
                tenant=tenant,
                ticket_id=ticket,
                execution_id=context.execution_id,
                step=step,
                trace_id=place.trace_id if place else None,
                span_id=place.span_id if place else None,
            ),
            self._performance.step(step),
        ):
            return self._inner(arguments, context)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
