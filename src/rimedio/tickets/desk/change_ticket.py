"""Moves that people make: resolve, reopen, escalate by hand. What the move means is written along with it."""

from collections.abc import Callable
from dataclasses import dataclass

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import ConditionFailed, IllegalMove, InvalidInput
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.conversations import ConversationStore
from rimedio.storage.table import Action
from rimedio.storage.tickets import CHANGE_ATTEMPTS_MAX, TicketStore
from rimedio.tickets.desk.investigate import Investigate
from rimedio.tickets.desk.measure_use import MeasureUse
from rimedio.tickets.runner import made_up_for_later
from rimedio.tickets.tasks.store import HELD
from rimedio.tickets.waker import Executions

REASON_CHARS_MAX = 2000


@dataclass(frozen=True, slots=True)
class ChangeParts:
    """What the moves work with."""

    tickets: TicketStore
    conversations: ConversationStore
    executions: Executions
    measure: MeasureUse
    investigate: Investigate
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True)
class ResolveTicket:
    """The use case behind `POST /v1/tickets/{id}/resolve`."""

    parts: ChangeParts

    def __call__(self, tenant_id: str, ticket_id: str, *, by: str, reason: str | None = None) -> Ticket:
        """The ticket, RESOLVED. Raises NotFound, IllegalMove from a status that cannot be resolved."""
        said = checked_reason(reason)

        def along(before: Ticket) -> tuple[Action, ...]:
            return self.parts.measure.resolved(before, by)

        return _move(self.parts, tenant_id, ticket_id, status=Status.RESOLVED, reason=said, along=along)


@dataclass(frozen=True, slots=True)
class EscalateTicket:
    """The use case behind `POST /v1/tickets/{id}/escalate`."""

    parts: ChangeParts

    def __call__(self, tenant_id: str, ticket_id: str, *, by: str, reason: str | None = None) -> Ticket:
        """The ticket, ESCALATED, with investigation notes. Raises NotFound, IllegalMove."""
        said = checked_reason(reason)

        def along(before: Ticket) -> tuple[Action, ...]:
            return (self.parts.investigate.action(before, reasons=(f"by-hand: {said or by}",)),)

        why = said or f"escalated by {by}"
        return _move(self.parts, tenant_id, ticket_id, status=Status.ESCALATED, reason=why, along=along)


@dataclass(frozen=True, slots=True)
class ReopenTicket:
    """The use case behind `POST /v1/tickets/{id}/reopen`."""

    parts: ChangeParts

    def __call__(
        self,
        tenant_id: str,
        ticket_id: str,
        *,
        by: str,
        reason: str | None = None,
        author: Author = Author.OPERATOR,
    ) -> Ticket:
        """The ticket, PROCESSING again, in a new execution that knows what was tried.

        `reason` goes into the conversation as the author's; the customer's is part of the question. Raises
        NotFound, IllegalMove: what is being worked on cannot be reopened.
        """
        said = checked_reason(reason)
        parts = self.parts

        def again(ticket: Ticket) -> Ticket:
            if ticket.status in (Status.NEW, *HELD):
                msg = f"Ticket {ticket_id} is {ticket.status}: it is in work already and cannot be reopened."
                raise IllegalMove(msg)
            moved = ticket.moved_to(Status.PROCESSING, parts.clock.now(), reason=said or f"reopened by {by}")
            return moved.model_copy(update={"execution_id": None})

        along = (parts.conversations.put(self._message(tenant_id, ticket_id, said, author)),) if said else ()
        ticket = parts.tickets.change(tenant_id, ticket_id, again, along)
        with made_up_for_later("The start of", ticket):
            parts.executions.start(ticket)
        return ticket

    def _message(self, tenant_id: str, ticket_id: str, text: str, author: Author) -> Message:
        return Message(
            message_id=self.parts.ids.new("msg"),
            tenant_id=tenant_id,
            session_id=ticket_id,
            author=author,
            text=text,
            created_at=self.parts.clock.now(),
        )


def checked_reason(reason: str | None) -> str | None:
    """A reason that is short enough, or None. Raises InvalidInput."""
    said = (reason or "").strip()
    if len(said) > REASON_CHARS_MAX:
        raise InvalidInput(f"The reason has {len(said)} characters; {REASON_CHARS_MAX} are kept. Shorten it.")
    return said or None


def _move(
    parts: ChangeParts,
    tenant_id: str,
    ticket_id: str,
    *,
    status: Status,
    reason: str | None,
    along: Callable[[Ticket], tuple[Action, ...]],
) -> Ticket:
    """Move a ticket, write what belongs to the move, and break off the execution that had the ticket."""
    for attempt in range(CHANGE_ATTEMPTS_MAX):
        before = parts.tickets.get(tenant_id, ticket_id)
        after = before.moved_to(status, parts.clock.now(), reason=reason)
        try:
            parts.tickets.save(after, expected=before.version, also=along(before))
        except ConditionFailed:
            if attempt + 1 == CHANGE_ATTEMPTS_MAX:
                raise
            continue
        if before.status in HELD:
            with made_up_for_later("Stopping the execution of", before):
                parts.executions.stop(before, f"a person made the ticket {status}")
        return after
    raise AssertionError("unreachable")
