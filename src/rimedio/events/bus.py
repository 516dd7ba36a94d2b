"""The port of the event bus: who puts events, who asks for them, and what is tried when a target fails.

Promises of every adapter (tests/contract/events): an event that was accepted reaches each matching target at
least once, or ends as a dead letter; the same event id, put again, is delivered no further time. No order is
promised between events, as EventBridge promises none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput
from rimedio.events.event import Event
from rimedio.events.transformer import InputTransformer

EVERY_TENANT = "*"  # owner of the rules that the system itself needs
TARGETS_MAX = 5  # of a rule, as EventBridge
RULES_MAX = 300  # of a bus and tenant, as EventBridge
ATTEMPTS_MAX = 185
AGE_SECONDS_MIN = 60
AGE_SECONDS_MAX = 86_400


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a target is tried. Defaults and limits are EventBridge's."""

    maximum_retry_attempts: int = ATTEMPTS_MAX
    maximum_event_age_seconds: int = AGE_SECONDS_MAX

    def __post_init__(self) -> None:
        if not 0 <= self.maximum_retry_attempts <= ATTEMPTS_MAX:
            given = self.maximum_retry_attempts
            raise InvalidInput(f"MaximumRetryAttempts is {given}; give 0 to {ATTEMPTS_MAX}.")
        if not AGE_SECONDS_MIN <= self.maximum_event_age_seconds <= AGE_SECONDS_MAX:
            given = self.maximum_event_age_seconds
            msg = f"MaximumEventAgeInSeconds is {given}; give {AGE_SECONDS_MIN} to {AGE_SECONDS_MAX}."
            raise InvalidInput(msg)


@dataclass(frozen=True, slots=True)
class Target:
    """Who receives a rule's events.

    `address` is `handler:NAME`, `webhook:ID`, `workflow:NAME` or `log:`. The event goes as it is, or as the
    constant `input`, or the part at `input_path`, or what the transformer makes of it: one of them at most.
    """

    id: str
    address: str
    input: Json = None
    input_path: str | None = None
    transformer: InputTransformer | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        if not self.id or ":" not in self.address:
            msg = f"The target {self.id!r} at {self.address!r} needs an id and an address like handler:NAME."
            raise InvalidInput(msg)
        chosen = [c for c in (self.input, self.input_path, self.transformer) if c is not None]
        if len(chosen) > 1:
            raise InvalidInput("Only one of Input, InputPath, or InputTransformer must be provided.")

    @property
    def scheme(self) -> str:
        """Kind of target: handler, webhook, workflow, log."""
        return self.address.partition(":")[0]

    @property
    def name(self) -> str:
        """Which one of its kind."""
        return self.address.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Rule:
    """Which events go to which targets. A tenant's rule sees that tenant's events only."""

    tenant_id: str
    name: str
    pattern: Mapping[str, Json]
    targets: tuple[Target, ...] = ()
    enabled: bool = True
    description: str = ""
    managed_by: str | None = None  # a part of Rimedio that keeps the rule for itself

    def __post_init__(self) -> None:
        if (
            not 1 <= len(self.name) <= 64
            or not self.name.replace("-", "").replace("_", "").replace(".", "").isalnum()
        ):
            raise InvalidInput(f"{self.name!r} is no name of a rule: 1 to 64 letters, digits, '.', '-', '_'.")
        if len(self.targets) > TARGETS_MAX:
            msg = f"The rule {self.name} has {len(self.targets)} targets; {TARGETS_MAX} are allowed."
            raise InvalidInput(msg)
        if len({target.id for target in self.targets}) < len(self.targets):
            raise InvalidInput(f"Two targets of the rule {self.name} have the same id. Rename one.")


@dataclass(frozen=True, slots=True)
class PutResult:
    """What became of one event that was put: accepted, known already, or refused with a reason."""

    event_id: str
    duplicate: bool = False
    error: str | None = None


class EventBus(Protocol):
    """Takes events and hands them to the targets of the rules that match."""

    def put_events(self, events: Sequence[Event]) -> Sequence[PutResult]:
        """Accept events, each on its own: a refused one does not hold back the others."""
        ...

    def put_rule(self, rule: Rule) -> None:
        """Make or replace a rule. Raises InvalidPattern, InvalidInput."""
        ...

    def remove_rule(self, tenant_id: str, name: str) -> None:
        """Remove a rule; what waits for its targets is dropped. Nothing happens when it is absent."""
        ...

    def rules(self, tenant_id: str) -> Sequence[Rule]:
        """The rules of a tenant, by name; those of the system under `EVERY_TENANT`."""
        ...


class Reason(StrEnum):
    """Why an event ended as a dead letter."""

    RETRIES_EXHAUSTED = "RETRIES_EXHAUSTED"
    EVENT_TOO_OLD = "EVENT_TOO_OLD"
    NOT_RETRYABLE = "NOT_RETRYABLE"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be delivered to a target."""

    dead_letter_id: str
    tenant_id: str
    event: Event
    rule: str
    target: Target
    reason: Reason
    attempts: int
    error: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Some dead letters, newest first; the cursor of the next page, None at the end."""

    items: tuple[DeadLetter, ...]
    cursor: str | None = None


class DeadLetterQueue(Protocol):
    """Keeps what could not be delivered, until it is sent again or its time is up."""

    def dead_letters(self, tenant_id: str, *, limit: int = 25, cursor: str | None = None) -> DeadLetterPage:
        """A tenant's dead letters, newest first."""
        ...

    def redrive(self, tenant_id: str, dead_letter_id: str) -> DeadLetter:
        """Send one again, with all its attempts before it. Raises NotFound."""
        ...
