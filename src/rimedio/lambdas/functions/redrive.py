"""Dead letters, sent again: on a schedule, or when somebody asks.

The event may name `tenant_id` (else every tenant) and `reasons` (else those that may have gone away by now).
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import Reason
from rimedio.events.dead_letters import MAY_WORK_NOW, DeadLetterProcessor
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio


class Redriven(TypedDict):
    """What a run did; `returned` are messages that no function could take, and that have one more try;
    `unfinished` are tenants that there was no time for.
    """

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

    def redrive(event: Event, invocation: Invocation) -> Redriven:
        reasons, kept, redriven = _reasons(event), Counter[str](), 0
        waiting = _tenants(event, system)
        returned = messages.run_once() if messages is not None and invocation.has_time else 0
        while waiting and invocation.has_time:
            done = processor.run(waiting.pop(0), reasons)
            redriven += done.redriven
            kept.update(done.kept)
        return {"redriven": redriven, "returned": returned, "kept": dict(kept), "unfinished": waiting}

    return redrive


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
