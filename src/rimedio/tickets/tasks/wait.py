"""Hand a ticket to a person or back to the customer, and wait for the answer."""

from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.answer import Decision, Solution
from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import ConditionFailed
from rimedio.domain.ticket import Status, Ticket
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.task_tokens import Waiting
from rimedio.tickets.tasks.task import Task, TicketRef
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


def request_review(parts: TaskParts, given: WaitInput) -> None:
    """The ticket is IN_REVIEW; its draft is stored for the reviewer."""
    parts.tokens.keep(given.tenant_id, given.ticket_id, Waiting.REVIEW, given.task_token)
    _settle(parts, given, Status.IN_REVIEW)


def ask_customer(parts: TaskParts, given: WaitInput) -> None:
    """The ticket is NEEDS_INFO; the question stands in its conversation."""
    parts.tokens.keep(given.tenant_id, given.ticket_id, Waiting.REPLY, given.task_token)
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
    _settle(parts, given, Status.NEEDS_INFO)


def _settle(parts: TaskParts, given: WaitInput, status: Status) -> None:
    ticket = parts.tickets.get(given.tenant_id, given.ticket_id)
    if ticket.status is status and ticket.solution_id == given.solution.solution_id:
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
    parts.tickets.save(moved, expected=ticket.version, solution=given.solution)
    parts.on_settled(moved, status)


def take_up_again(parts: TaskParts, given: TicketRef) -> TakenTicket:
    """The customer has replied: back to PROCESSING."""
    parts.tokens.forget(given.tenant_id, given.ticket_id, Waiting.REPLY)

    def move(ticket: Ticket) -> Ticket:
        if ticket.status is Status.PROCESSING:
            return ticket
        return ticket.moved_to(Status.PROCESSING, parts.clock.now())

    return taken(parts.tickets.change(given.tenant_id, given.ticket_id, move))


REVIEW_TASK = Task("request_review", WaitInput, type(None), request_review)
ASK_TASK = Task("ask_customer", WaitInput, type(None), ask_customer)
TAKE_UP_TASK = Task("take_up_again", TicketRef, TakenTicket, take_up_again)
