"""Listen to a chat model while it writes, without anything in between knowing.

Routing, metering and repair work on whole replies. Who wants to see a reply grow installs a listener for the
calls of its own context; a model that can stream then tells it every piece, and still returns the whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Listener(Protocol):
    """Hears a reply grow."""

    def begin(self) -> None:
        """A reply begins; one that was heard before is of no more use."""
        ...

    def hear(self, piece: str) -> None:
        """More of the reply."""
        ...


_LISTENER: ContextVar[Listener | None] = ContextVar("rimedio_listener", default=None)


@contextmanager
def overheard_by(listener: Listener) -> Iterator[None]:
    """Replies of calls inside are told to `listener`."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def current_listener() -> Listener | None:
    """Who listens to the calls of this context."""
    return _LISTENER.get()
