"""The port behind the bus: what is still to be delivered, and what could not be.

An invocation is one event on its way to one target. It is kept until the target has taken the event, or ends as
a dead letter; what is claimed and not finished, because its process died, is due again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from rimedio.events.bus import DeadLetter, DeadLetterPage, EventBus, Reason, Target
from rimedio.events.event import Event

LOCAL = "local"
WEBHOOK = "webhook"
DIRECT = "(direct)"  # in place of a rule, for what is sent to one target only; no rule can be called so
ERROR_CHARS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event on its way to one target. `attempts` counts those that failed."""

    invocation_id: str
    event: Event
    tenant_id: str
    rule_tenant: str
    rule: str
    target: Target
    attempts: int
    created_at: datetime
    ingested_at: datetime


def lane_of(target: Target) -> str:
    """Which workers deliver to a target: those that wait for other machines, or those that do not."""
    return WEBHOOK if target.scheme == WEBHOOK else LOCAL


class DeliveryQueue(Protocol):
    """The deliveries of a bus, and its dead letters."""

    def done(self, invocation: Invocation) -> None:
        """The target has taken it."""
        ...

    def retry(self, invocation: Invocation, due_at: datetime, *, counted: bool = True) -> None:
        """It failed, and is due again at `due_at`; `counted` says whether this was an attempt."""
        ...

    def bury(self, invocation: Invocation, reason: Reason, error: str) -> None:
        """It is given up: a dead letter from now on."""
        ...

    def release(self, invocation: Invocation) -> None:
        """Nobody works on it any more; it stays due as it is."""
        ...

    def dead_letters(self, tenant_id: str, *, limit: int = 25, cursor: str | None = None) -> DeadLetterPage:
        """A tenant's dead letters, newest first. Raises InvalidInput for a cursor of another list."""
        ...

    def redrive(self, tenant_id: str, dead_letter_id: str) -> DeadLetter:
        """Send one again, with all its attempts before it. Raises NotFound."""
        ...

    def trim(self, dead_letters_kept: timedelta, most: int) -> int:
        """Drop dead letters older than that, and the oldest beyond `most` a tenant; how many.

        0 where their own time ends them.
        """
        ...


class PolledQueue(DeliveryQueue, Protocol):
    """A queue that is asked for work; on AWS the queue calls whoever works instead."""

    def claim(self, lane: str, *, limit: int, at_once: int) -> Sequence[Invocation]:
        """Up to `limit` due deliveries; they belong to the caller until `done`, `retry`, `bury`, `release`."""
        ...


class DirectBus(EventBus, Protocol):
    """A bus that also sends to one target, whatever the rules say."""

    def send(self, event: Event, target: Target) -> None:
        """Deliver an event to one target. Raises InvalidInput."""
        ...

    def send_again(self, tenant_id: str, event_id: str, target: Target) -> None:
        """Deliver an event that happened before to one target. Raises NotFound when it is no longer kept."""
        ...
