"""What is said about a ticket; what the customer answers lets the waiting execution go on."""

from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.codec import from_json
from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import Conflict
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.conversations import ConversationStore, MessagePage
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.runner import made_up_for_later
from rimedio.tickets.task_tokens import TaskTokens, Waiting
from rimedio.tickets.waker import Waker


@dataclass(frozen=True, slots=True)
class Converse:
    """The use case behind `/v1/tickets/{id}/messages`."""

    tickets: TicketStore
    conversations: ConversationStore
    tokens: TaskTokens
    waker: Waker
    clock: Clock
    ids: Ids

    def __call__(self, tenant_id: str, ticket_id: str, text: str, author: Author) -> Message:
        """Keep a message; the customer's, on a ticket that NEEDS_INFO, resumes its execution.

        Raises NotFound, InvalidInput for an empty or huge text.
        """
        ticket = self.tickets.get(tenant_id, ticket_id)
        message = from_json(
            Message,
            {
                "message_id": self.ids.new("msg"),
                "tenant_id": tenant_id,
                "session_id": ticket_id,
                "author": author,
                "text": text.strip(),
                "created_at": self.clock.now(),
            },
        )
        # Read before the message is kept: a later token belongs to a question that it does not answer.
        token = self._asked(ticket) if author is Author.CUSTOMER else None
        self.conversations.add(message)
        if token is not None:
            # WakeAnswered looks for what was not woken; a message before this one may have done so already.
            with made_up_for_later("Waking", ticket), suppress(Conflict):
                self.waker.send_task_success(token, {"message_id": message.message_id})
        return message

    def _asked(self, ticket: Ticket) -> str | None:
        """The token of the question that the ticket waits with."""
        if ticket.status is not Status.NEEDS_INFO:
            return None
        return self.tokens.current(ticket.tenant_id, ticket.ticket_id, Waiting.REPLY)

    def list(
        self, tenant_id: str, ticket_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> MessagePage:
        """What was said, oldest first. Raises NotFound."""
        self.tickets.get(tenant_id, ticket_id)
        return self.conversations.messages(tenant_id, ticket_id, limit=limit, cursor=cursor)
