"""The ports to an execution that waits or runs: wake it, stop it, start another."""

from typing import Protocol

from rimedio.domain.codec import Json
from rimedio.domain.ticket import Ticket


class Waker(Protocol):
    """Wakes a waiting execution."""

    def send_task_success(self, token: str, output: Json) -> None:
        """The task behind `token` has this output. Raises Conflict when nothing waits for it any more."""
        ...


class Executions(Protocol):
    """Begins and breaks off a ticket's executions."""

    def start(self, ticket: Ticket) -> str:
        """Set a ticket going; the same ticket at the same version twice is one execution. Its id.

        Raises Unavailable; `Runner.recover` starts it later.
        """
        ...

    def stop(self, ticket: Ticket, reason: str) -> None:
        """Break off the execution that works on a ticket or waits for it; nothing happens when it is over."""
        ...
