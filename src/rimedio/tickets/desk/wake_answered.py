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
        reply = self._reply(ticket)
        if reply is None:
            return False
        with suppress(Conflict):  # it was woken, and has not yet moved the ticket; or it is over
            token = self.tokens.find(ticket.tenant_id, ticket.ticket_id, Waiting.REPLY)
            self.waker.send_task_success(token, {"message_id": reply.message_id})
            return True
        return False

    def _reply(self, ticket: Ticket) -> Message | None:
        """The customer's message, if it is what was said last."""
        page = self.conversations.messages(ticket.tenant_id, ticket.ticket_id, newest_first=True, limit=1)
        last = page.messages[0] if page.messages else None
        return last if last is not None and last.author is Author.CUSTOMER else None
