"""What is said about a ticket; what the customer answers lets the waiting execution go on."""

from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.codec import from_json
from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import Conflict
from rimedio.domain.ticket import Status
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
        self.conversations.add(message)
        if author is Author.CUSTOMER and ticket.status is Status.NEEDS_INFO:
            with made_up_for_later("Waking", ticket):  # WakeAnswered looks for what was not woken
                self._resume(tenant_id, ticket_id, message)
        return message

    def _resume(self, tenant_id: str, ticket_id: str, message: Message) -> None:
        """Wake the execution; a message before this one may have done so already."""
        with suppress(Conflict):
            token = self.tokens.find(tenant_id, ticket_id, Waiting.REPLY)
            self.waker.send_task_success(token, {"message_id": message.message_id})

    def list(
        self, tenant_id: str, ticket_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> MessagePage:
        """What was said, oldest first. Raises NotFound."""
        self.tickets.get(tenant_id, ticket_id)
        return self.conversations.messages(tenant_id, ticket_id, limit=limit, cursor=cursor)
