"""Which request, ticket and execution the current thread works for: said in every log line and span.

The values live in a context variable, so they follow a call through all rooms without standing in any
signature, and two threads never see each other's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Correlation:
    """Ids of the work in hand; those that are not known are None."""

    tenant: str | None = None
    request_id: str | None = None
    ticket_id: str | None = None
    execution_id: str | None = None
    step: str | None = None  # state of the workflow, or "ask"
    trace_id: str | None = None  # 32 hexadecimal digits
    span_id: str | None = None  # 16 hexadecimal digits


NOTHING = Correlation()
_CURRENT: ContextVar[Correlation] = ContextVar("rimedio_correlation", default=NOTHING)


def current() -> Correlation:
    """The ids of the work in hand."""
    return _CURRENT.get()


@contextmanager
def bound(**ids: str | None) -> Iterator[Correlation]:
    """Add ids for as long as the context lasts; the names are those of `Correlation`."""
    found = replace(_CURRENT.get(), **ids)
    token = _CURRENT.set(found)
    try:
        yield found
    finally:
        _CURRENT.reset(token)
