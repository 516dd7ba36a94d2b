"""Hand a ticket to a person or back to the customer, and wait for the answer."""

from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.answer import Decision, Solution
from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import ConditionFailed, IllegalMove
from rimedio.domain.ticket import Status, Ticket
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.task_tokens import Waiting
from rimedio.tickets.tasks.task import Task
from rimedio.tickets.tasks.validate import TakenTicket, taken


@dataclass(frozen=True, slots=True)
class WaitInput:
    """What is shown while the execution waits, and the token that wakes it."""

    tenant_id: str
    ticket_id: str
    task_token: str
    decision: Decision
    solution: Solution
    category: str | None = None
    execution_id: str | None = None  # absent in executions that an older Rimedio began


@dataclass(frozen=True, slots=True)
class TakeUpInput:
    """Which ticket's customer has replied, and the execution that asked."""

    tenant_id: str
    ticket_id: str
    execution_id: str | None = None  # absent in executions that an older Rimedio began


def request_review(parts: TaskParts, given: WaitInput) -> None:
    """The ticket is IN_REVIEW; its draft is stored for the reviewer. Raises IllegalMove as `_held` does."""
    _settle(parts, given, _held(parts, given), Status.IN_REVIEW, Waiting.REVIEW)


def ask_customer(parts: TaskParts, given: WaitInput) -> None:
    """The ticket is NEEDS_INFO; the question stands in its conversation. Raises IllegalMove as `_held` does."""
    ticket = _held(parts, given)
    question = Message(
        message_id=f"ask_{given.solution.solution_id}",
        tenant_id=given.tenant_id,
        session_id=given.ticket_id,
        author=Author.ASSISTANT,
        text=given.decision.question or "; ".join(given.decision.reasons) or "?",
        created_at=parts.clock.now(),
    )
    with suppress(ConditionFailed):  # this very step ran before a crash
        parts.conversations.add(question)
    _settle(parts, given, ticket, Status.NEEDS_INFO, Waiting.REPLY)


def _held(parts: TaskParts, given: WaitInput) -> Ticket:
    """The ticket, which this execution still has. Raises IllegalMove when a person or another run has it.

    An execution that is broken off may be in the middle of a task: it must not take the ticket back.
    """
    ticket = parts.tickets.get(given.tenant_id, given.ticket_id)
    require_own(ticket, given.execution_id)
    return ticket


def require_own(ticket: Ticket, execution_id: str | None) -> None:
    """Raises IllegalMove when another execution has the ticket; older executions do not say which they are."""
    if execution_id not in (None, ticket.execution_id):
        msg = f"Ticket {ticket.ticket_id} is {ticket.status} and no longer this run's: somebody else has it."
        raise IllegalMove(msg)


def _settle(parts: TaskParts, given: WaitInput, ticket: Ticket, status: Status, waiting: Waiting) -> None:
    """Status, draft and token are one write: who sees that the ticket waits can wake it."""
    if ticket.status is status and ticket.solution_id == given.solution.solution_id:
        parts.tokens.keep(
            given.tenant_id, given.ticket_id, waiting, given.task_token
        )  # an attempt has its own
        return
    reason = given.decision.question or "; ".join(given.decision.reasons) or None
    moved = ticket.moved_to(status, parts.clock.now(), reason=reason)
    moved = moved.model_copy(
        update={
            "solution_id": given.solution.solution_id,
            "category": given.category,
            "confidence": given.decision.confidence,
        }
    )
    token = parts.tokens.put(given.tenant_id, given.ticket_id, waiting, given.task_token)
    parts.tickets.save(moved, expected=ticket.version, solution=given.solution, also=(token,))
    parts.on_settled(moved, status)


def take_up_again(parts: TaskParts, given: TakeUpInput) -> TakenTicket:
    """The customer has replied: back to PROCESSING. Raises IllegalMove when a person has the ticket by now."""
    token = parts.tokens.current(given.tenant_id, given.ticket_id, Waiting.REPLY)

    def move(ticket: Ticket) -> Ticket:
        require_own(ticket, given.execution_id)
        if ticket.status is Status.PROCESSING:
            return ticket
        if ticket.status is not Status.NEEDS_INFO:  # from elsewhere it would be reopened, which people do
            msg = f"Ticket {ticket.ticket_id} is {ticket.status}: a person has it. Reopen it instead."
            raise IllegalMove(msg)
        return ticket.moved_to(Status.PROCESSING, parts.clock.now())

    ticket = parts.tickets.change(given.tenant_id, given.ticket_id, move)
    parts.tokens.forget(given.tenant_id, given.ticket_id, Waiting.REPLY, token)
    return taken(ticket)


REVIEW_TASK = Task("request_review", WaitInput, type(None), request_review)
ASK_TASK = Task("ask_customer", WaitInput, type(None), ask_customer)
TAKE_UP_TASK = Task("take_up_again", TakeUpInput, TakenTicket, take_up_again)
