"""End a ticket's way: solution and status in one transaction, whose change is the event."""

import json
from dataclasses import dataclass

from rimedio.domain.answer import Decision, Solution
from rimedio.domain.ticket import MOVES, Status, Ticket
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.run_name import is_run_of
from rimedio.tickets.task_tokens import Waiting
from rimedio.tickets.tasks.generate import StepFailure
from rimedio.tickets.tasks.task import Task

REASON_CHARS_MAX = 500
HELD = frozenset({Status.PROCESSING, Status.IN_REVIEW, Status.NEEDS_INFO})  # an execution has the ticket


@dataclass(frozen=True, slots=True)
class StoreInput:
    """Where the ticket ends, and with what."""

    tenant_id: str
    ticket_id: str
    execution_id: str
    status: Status
    decision: Decision
    solution: Solution | None = None
    failure: StepFailure | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class NotifyInput:
    """Which ticket settled, and how."""

    tenant_id: str
    ticket_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class FailInput:
    """Which ticket cannot go on, and why."""

    tenant_id: str
    ticket_id: str
    failure: StepFailure | None = None
    execution_id: str | None = None


def store(parts: TaskParts, given: StoreInput) -> None:
    """Write status and solution once, however often this step is repeated."""
    token = parts.tokens.current(given.tenant_id, given.ticket_id, Waiting.REVIEW)
    ticket = parts.tickets.get(given.tenant_id, given.ticket_id)
    if ticket.execution_id != given.execution_id:
        return  # another run has the ticket now, and the token is that one's
    parts.tokens.forget(given.tenant_id, given.ticket_id, Waiting.REVIEW, token)
    if ticket.status not in HELD:
        return  # this very step ran before a crash, or a person has the ticket now
    moved = ticket.moved_to(given.status, parts.clock.now(), reason=_reason(given))
    moved = moved.model_copy(update=_outcome(given, ticket))
    notes = parts.take_notes(moved, _grounds(given)) if given.status is Status.ESCALATED else ()
    parts.tickets.save(moved, expected=ticket.version, solution=given.solution, also=notes)


def _outcome(given: StoreInput, ticket: Ticket) -> dict[str, object]:
    """What the ticket now has, besides its status."""
    if given.solution is None:
        return {"category": given.category or ticket.category}
    return {
        "category": given.category or ticket.category,
        "solution_id": given.solution.solution_id,
        "confidence": given.decision.confidence,
    }


def _grounds(given: StoreInput) -> tuple[str, ...]:
    failed = (said_by(given.failure),) if given.failure and given.failure.Error else ()
    return (*given.decision.reasons, *failed)


def _reason(given: StoreInput) -> str | None:
    if given.failure and given.failure.Error:
        return said_by(given.failure)
    return "; ".join(given.decision.reasons) or None


def said_by(failure: StepFailure) -> str:
    """A failure in words: Lambda, and our engine, wrap the message into JSON."""
    try:
        message = str(json.loads(failure.Cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        message = failure.Cause
    return f"{failure.Error}: {message}"[:REASON_CHARS_MAX]


def notify(parts: TaskParts, given: NotifyInput) -> None:
    """Wake whoever listens in this process; the durable event was stored with the status."""
    parts.on_settled(parts.tickets.get(given.tenant_id, given.ticket_id), given.status)


def mark_failed(parts: TaskParts, given: FailInput) -> None:
    """The ticket is FAILED, with the reason; one that does not exist is left at that."""
    found = parts.tickets.find(given.tenant_id, given.ticket_id)
    if found is None or not _fails(found, given):
        return
    failure = given.failure or StepFailure("Unknown", "")

    def fail(ticket: Ticket) -> Ticket:
        if not _fails(ticket, given):  # asked again: somebody may have taken it meanwhile
            return ticket
        return ticket.moved_to(Status.FAILED, parts.clock.now(), reason=said_by(failure))

    parts.on_settled(parts.tickets.change(given.tenant_id, given.ticket_id, fail), Status.FAILED)


def _fails(ticket: Ticket, given: FailInput) -> bool:
    """Not where it has failed already, or a person or another run has it now, or is about to take it."""
    own = given.execution_id is None or is_run_of(given.execution_id, ticket)
    return own and Status.FAILED in MOVES[ticket.status]


STORE_TASK = Task("store", StoreInput, type(None), store)
NOTIFY_TASK = Task("notify", NotifyInput, type(None), notify)
FAIL_TASK = Task("mark_failed", FailInput, type(None), mark_failed)
