"""Spans: who worked how long inside what. OpenTelemetry does the work where tracing is on; nothing where it is off.

`Tracer.span` is the only door. Off, it costs a microsecond and imports nothing. On, spans go to the exporter
that the setting `traces` names; none of them uses the network unless OTLP is asked for.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Protocol

from rimedio.observability.correlation import bound, current
from rimedio.observability.traceparent import TraceParent

Attribute = str | int | float | bool


class Span(Protocol):
    """A span in progress. `recorded` is False where nobody will ever see it."""

    @property
    def recorded(self) -> bool:
        """Whether noting something is worth the work."""
        ...

    def set(self, name: str, value: Attribute) -> None:
        """Note something about it."""
        ...


class Tracer(Protocol):
    """Opens spans."""

    def span(
        self, name: str, attributes: Mapping[str, Attribute] | None = None, parent: TraceParent | None = None
    ) -> AbstractContextManager[Span]:
        """A span for as long as the context lasts, below the current one or `parent`.

        An exception marks it as failed and goes through.
        """
        ...

    def flush(self) -> None:
        """Send what is left, and go on: before a function's process is frozen."""
        ...

    def close(self) -> None:
        """Send what is left, and stop."""
        ...


class _NoSpan:
    """Notes nothing. One for all, so that being off costs nothing."""

    __slots__ = ()
    recorded = False

    def set(self, name: str, value: Attribute) -> None:
        pass

    def __enter__(self) -> "_NoSpan":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


_NO_SPAN = _NoSpan()


class NoTracer:
    """A `Tracer` that is off."""

    def span(
        self, name: str, attributes: Mapping[str, Attribute] | None = None, parent: TraceParent | None = None
    ) -> AbstractContextManager[Span]:
        return _NO_SPAN

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def parent_now() -> TraceParent | None:
    """Where the current thread stands in a trace, by its correlation."""
    found = current()
    if found.trace_id is None or found.span_id is None:
        return None
    return TraceParent(found.trace_id, found.span_id)


@contextmanager
def in_trace(parent: TraceParent) -> Iterator[None]:
    """Log lines and spans inside belong to this place of a trace."""
    with bound(trace_id=parent.trace_id, span_id=parent.span_id):
        yield
