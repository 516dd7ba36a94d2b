"""Wakes executions whose customer has answered while nobody could be woken: the reply is stored, and waits."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import Conflict
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.conversations import ConversationStore
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.task_tokens import TaskTokens, Waiting
from rimedio.tickets.waker import Waker

PAGE = 200
LOOKED_AT = 20  # the latest messages of a conversation


@dataclass(frozen=True, slots=True)
class WakeAnswered:
    """Looks through the tickets that wait for their customer. `tenants` are all that there are."""

    tickets: TicketStore
    conversations: ConversationStore
    tokens: TaskTokens
    waker: Waker
    tenants: Callable[[], Iterable[str]]

    def run_once(self) -> int:
        """How many were woken. Raises Unavailable, and goes on where it stopped the next time."""
        return sum(self._wake(ticket) for tenant in self.tenants() for ticket in self._asked(tenant))

    def _asked(self, tenant_id: str) -> Iterator[Ticket]:
        cursor = None
        while True:
            page = self.tickets.list_by_status(tenant_id, Status.NEEDS_INFO, limit=PAGE, cursor=cursor)
            yield from page.tickets
            cursor = page.cursor
            if cursor is None:
                return

    def _wake(self, ticket: Ticket) -> bool:
        # Read before the messages: a later token belongs to a question that these do not answer.
        token = self.tokens.current(ticket.tenant_id, ticket.ticket_id, Waiting.REPLY)
        reply = self._reply(ticket)
        if token is None or reply is None:
            return False
        with suppress(Conflict):  # it was woken, and has not yet moved the ticket; or it is over
            self.waker.send_task_success(token, {"message_id": reply.message_id})
            return True
        return False

    def _reply(self, ticket: Ticket) -> Message | None:
        """The customer's message, if one came after the question; what operators note answers nothing."""
        page = self.conversations.messages(
            ticket.tenant_id, ticket.ticket_id, newest_first=True, limit=LOOKED_AT
        )
        last = next((m for m in page.messages if m.author is not Author.OPERATOR), None)
        return last if last is not None and last.author is Author.CUSTOMER else None
