"""Publish, review, ask or escalate."""

from dataclasses import dataclass
from datetime import datetime

from rimedio.answering.context import Context
from rimedio.domain.answer import Decision, Draft, Solution, Verification
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.second_look import REOPENED, second_look
from rimedio.tickets.tasks.assemble_context import Findings
from rimedio.tickets.tasks.task import Task


@dataclass(frozen=True, slots=True)
class DecideInput:
    """All that is known of the answer."""

    tenant_id: str
    ticket_id: str
    retrieved: Findings
    context: Context
    draft: Draft
    verification: Verification
    started_at: datetime
    flags: tuple[str, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision, and the solution as it stands with it."""

    decision: Decision
    solution: Solution


def decide(parts: TaskParts, given: DecideInput) -> Decided:
    """What happens with the remedy, by its calibrated confidence."""
    answerer = parts.answerer
    decision, safety = answerer.decide(
        given.retrieved.hybrid,
        given.context,
        given.draft,
        given.verification,
        flags=given.flags,
        asked=given.asked,
    )
    if REOPENED in given.flags:
        earlier = parts.tickets.solutions(given.tenant_id, given.ticket_id)
        decision = second_look(decision, given.draft, earlier)
    elapsed = parts.clock.now() - given.started_at
    solution = answerer.solution(
        ticket_id=given.ticket_id,
        context=given.context,
        draft=given.draft,
        verification=given.verification,
        decision=decision,
        safety=safety,
        latency_ms=elapsed.total_seconds() * 1000,
    )
    return Decided(decision, solution)


TASK = Task("decide", DecideInput, Decided, decide)
