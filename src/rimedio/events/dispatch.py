"""Hands events to targets, tries again when one fails, gives up as the retry policy says.

EventBridge's rules: what may work later (throttling, a service down, a timeout) is tried again with exponential
backoff and jitter for 24 hours and up to 185 times; what cannot (no such target, no permission, bad input) goes
to the dead letters at once.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from rimedio.domain.clock import Clock
from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput, NotFound, PolicyRefused, Unavailable
from rimedio.events.backoff import ExponentialBackoff, Waits
from rimedio.events.bus import Reason, Target
from rimedio.events.delivery_queue import LOCAL, DeliveryQueue, Invocation, PolledQueue
from rimedio.events.event import Event
from rimedio.events.transformer import RuleContext, find

AT_ONCE = 20  # deliveries taken from the queue together

_log = logging.getLogger(__name__)


class PutOff(Unavailable):
    """The target takes nothing now: try again after `seconds`; not counted as an attempt unless `counted`."""

    def __init__(self, message: str, seconds: float, *, counted: bool = False) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.counted = counted


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a target gets: the event, what the rule made of it, and which attempt this is, from 1.

    `transformed` says that the payload is something else than the event's envelope.
    """

    event: Event
    payload: Json
    rule: str
    name: str  # of the target, after its scheme
    tenant_id: str
    attempt: int
    transformed: bool = False


Deliver = Callable[[Delivery], None]


@dataclass
class TargetRegistry:
    """Who stands behind a scheme; rooms add their handlers by name."""

    schemes: dict[str, Deliver] = field(default_factory=dict)
    handlers: dict[str, Callable[[Event], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schemes.setdefault("handler", self._call_handler)
        self.schemes.setdefault("log", log_event)

    def deliver(self, scheme: str, delivery: Delivery) -> None:
        """Hand it over. Raises NotFound when nobody stands there, and whatever the target raises."""
        found = self.schemes.get(scheme)
        if found is None:
            known = ", ".join(sorted(self.schemes))
            raise NotFound(f"There are no targets of the kind {scheme!r}. There are: {known}.")
        found(delivery)

    def knows(self, scheme: str, name: str) -> bool:
        """Whether a target of this address can be reached at all."""
        return scheme in self.schemes and (scheme != "handler" or name in self.handlers)

    def _call_handler(self, delivery: Delivery) -> None:
        handler = self.handlers.get(delivery.name)
        if handler is None:
            raise NotFound(f"There is no handler {delivery.name!r}. Register it where the rule is made.")
        handler(delivery.event)


def log_event(delivery: Delivery) -> None:
    """The target that writes a line into the log, as a CloudWatch log group would."""
    _log.info("event %s %s by rule %s", delivery.event.detail_type, delivery.event.id, delivery.rule)


@dataclass(frozen=True)
class Deliverer:
    """Makes one attempt to deliver, and tells the queue how it ended."""

    queue: DeliveryQueue
    targets: TargetRegistry
    clock: Clock
    waits: Waits = field(default_factory=ExponentialBackoff)
    given_up: Callable[[Invocation, str], None] | None = None  # told of each new dead letter

    def work(self, invocation: Invocation) -> None:
        """Try it once; then it is done, due again, or a dead letter."""
        try:
            self.targets.deliver(invocation.target.scheme, delivery_of(invocation))
        except PutOff as later:
            self._again(invocation, later, later.seconds, counted=later.counted)
        except (InvalidInput, NotFound, PolicyRefused) as refusal:
            self._bury(invocation, Reason.NOT_RETRYABLE, refusal)
        except Exception as error:  # a target may fail in any way; none stops the others
            self._again(invocation, error, self.waits(invocation.attempts + 1), counted=True)
        else:
            self.queue.done(invocation)

    def _again(self, invocation: Invocation, error: Exception, seconds: float, *, counted: bool) -> None:
        policy, now = invocation.target.retry, self.clock.now()
        age = now - invocation.created_at
        if counted and invocation.attempts >= policy.maximum_retry_attempts:
            self._bury(invocation, Reason.RETRIES_EXHAUSTED, error)
        elif age.total_seconds() + seconds > policy.maximum_event_age_seconds:
            self._bury(invocation, Reason.EVENT_TOO_OLD, error)
        else:
            self.queue.retry(invocation, now + timedelta(seconds=seconds), counted=counted)

    def _bury(self, invocation: Invocation, reason: Reason, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}"
        _log.warning(
            "event %s could not be delivered to %s: %s", invocation.event.id, invocation.target.address, said
        )
        if self.given_up is not None:
            self.given_up(invocation, said)
        self.queue.bury(invocation, reason, said)


@dataclass(frozen=True)
class Dispatcher:
    """Works off one lane of the queue. Several may share a lane: nothing is delivered by two at a time."""

    queue: PolledQueue
    targets: TargetRegistry
    clock: Clock
    lane: str = LOCAL
    waits: Waits = field(default_factory=ExponentialBackoff)
    at_once: int = AT_ONCE  # of one address
    limit: int = AT_ONCE
    given_up: Callable[[Invocation, str], None] | None = None  # told of each new dead letter

    def run_once(self) -> int:
        """Deliver what is due, up to a handful; how many were tried."""
        deliverer = Deliverer(self.queue, self.targets, self.clock, self.waits, self.given_up)
        claimed = self.queue.claim(self.lane, limit=self.limit, at_once=self.at_once)
        for place, invocation in enumerate(claimed):
            try:
                deliverer.work(invocation)
            except BaseException:
                for rest in claimed[place:]:
                    self.queue.release(rest)
                raise
        return len(claimed)


def delivery_of(invocation: Invocation) -> Delivery:
    """What the target of an invocation gets."""
    return Delivery(
        invocation.event,
        payload_of(invocation),
        invocation.rule,
        invocation.target.name,
        invocation.tenant_id,
        invocation.attempts + 1,
        transformed=is_transformed(invocation.target),
    )


def is_transformed(target: Target) -> bool:
    """Whether a target gets something else than the event."""
    return (target.input, target.input_path, target.transformer) != (None, None, None)


def payload_of(invocation: Invocation) -> Json:
    """The event, or what the target's input settings make of it."""
    target, event = invocation.target, invocation.event
    if target.input is not None:
        return target.input
    if target.input_path is not None:
        return find(event.envelope(), target.input_path)
    if target.transformer is not None:
        context = RuleContext(
            invocation.rule, rule_arn(invocation.rule_tenant, invocation.rule), invocation.ingested_at
        )
        return target.transformer.apply(event, context)
    return event.envelope()


def rule_arn(tenant_id: str, name: str, region: str = "local") -> str:
    """A rule's name in the shape of an ARN."""
    return f"arn:rimedio:events:{region}:{tenant_id}:rule/{name}"


StartWorkflow = Callable[[str, Json, str], None]  # tenant, input, name of the execution


def workflow_target(machines: Mapping[str, StartWorkflow]) -> Deliver:
    """The target that starts a workflow, by name; the tenant is the event's, whatever the input says.

    The execution is named after the event, so that a second delivery starts nothing.
    """

    def deliver(delivery: Delivery) -> None:
        start = machines.get(delivery.name)
        if start is None:
            raise NotFound(f"There is no workflow {delivery.name!r}. There are: {', '.join(machines)}.")
        replay = f"-{delivery.event.replay_name}" if delivery.event.replay_name else ""
        start(delivery.tenant_id, delivery.payload, f"{delivery.event.id}{replay}")

    return deliver
