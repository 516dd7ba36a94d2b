"""What failed, done again: on a schedule, or when somebody asks.

The event may name `parts` (else all of them): `changes` that the stream's functions gave up, `messages` that no
function took, `deliveries` that failed too often. For these it may name `tenant_id` (else every tenant) and `reasons`
(else those that may have gone away by now). Changes must not wait for the daily run: they are kept for 24 hours.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import Reason
from rimedio.events.dead_letters import MAY_WORK_NOW, DeadLetterProcessor
from rimedio.events.outbox import relay_changes
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.lambdas.functions._stranded import Recovered, StrandedChanges
from rimedio.lambdas.functions.follow import follower

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio


class Part(StrEnum):
    """What there is to do again."""

    CHANGES = "changes"
    MESSAGES = "messages"
    DELIVERIES = "deliveries"


class Redriven(TypedDict):
    """What a run did; `changes` is about the table's stream; `returned` are messages that no function could take, and
    that have one more try; `unfinished` are tenants that there was no time for.
    """

    changes: Recovered
    redriven: int
    returned: int
    kept: dict[str, int]
    unfinished: list[str]


def build_redrive(system: "Rimedio") -> Work[Redriven]:
    """The redrive of one system."""
    processor = DeadLetterProcessor(system.eventing.queue)
    messages = getattr(
        system.eventing, "dead_letter_redrive", None
    )  # only queues of AWS have dead letters of their own
    stranded = stranded_changes(system)

    def redrive(event: Event, invocation: Invocation) -> Redriven:
        reasons, kept, redriven, returned = _reasons(event), Counter[str](), 0, 0
        parts = parts_of(event)
        waiting = _tenants(event, system) if Part.DELIVERIES in parts else []
        changes = Recovered(recovered=0, waiting=0, lost=0)
        if Part.CHANGES in parts and stranded is not None:
            changes = stranded.run(invocation)
        if Part.MESSAGES in parts and messages is not None and invocation.has_time:
            returned = messages.run_once()
        while waiting and invocation.has_time:
            done = processor.run(waiting.pop(0), reasons)
            redriven += done.redriven
            kept.update(done.kept)
        return {
            "changes": changes,
            "redriven": redriven,
            "returned": returned,
            "kept": dict(kept),
            "unfinished": waiting,
        }

    return redrive


def stranded_changes(system: "Rimedio") -> StrandedChanges | None:
    """The changes that the stream's functions gave up; None at home, where a loop stays at its place instead."""
    places = getattr(system.eventing, "stranded", None)
    if places is None:
        return None
    return StrandedChanges(
        places,
        system.eventing.dead_letters,  # type: ignore[attr-defined]  # of the home on AWS
        system.connections.client("dynamodbstreams"),  # type: ignore[attr-defined]  # of the home on AWS
        # The live queue hears of no late change: it would show a ticket as it was hours ago.
        {"relay": lambda changes: relay_changes(changes, system.eventing.bus), "follow": follower(system)},
        system.accounts.metrics,
    )


def parts_of(event: Event) -> frozenset[Part]:
    """What an event asks for. Raises InvalidInput."""
    named = event.get("parts")
    if named is None:
        return frozenset(Part)
    if not isinstance(named, Sequence) or isinstance(named, str) or {*named} - {*Part}:
        raise InvalidInput(f"`parts` is {named!r}. Give a list of {', '.join(Part)}.")
    return frozenset(Part(name) for name in named)


def _tenants(event: Event, system: "Rimedio") -> list[str]:
    named = event.get("tenant_id")
    if named is not None and not isinstance(named, str):
        raise InvalidInput(f"`tenant_id` is {named!r}. Name one tenant, or leave it out.")
    return [named] if named else list(dict.fromkeys((system.tenant, *system.tenants.all())))


def _reasons(event: Event) -> frozenset[Reason]:
    named = event.get("reasons")
    if named is None:
        return MAY_WORK_NOW
    if not isinstance(named, Sequence) or isinstance(named, str) or {*named} - {*Reason}:
        raise InvalidInput(f"`reasons` is {named!r}. Give a list of {', '.join(Reason)}.")
    return frozenset(Reason(name) for name in named)


handler = LambdaFunction("redrive", build_redrive)
