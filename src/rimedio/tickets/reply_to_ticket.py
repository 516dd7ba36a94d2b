"""The customer answers a question; the very same execution goes on with what it now knows."""

from dataclasses import dataclass

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.conversation import Author, Message
from rimedio.storage.conversations import ConversationStore
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.task_tokens import TaskTokens, Waiting
from rimedio.tickets.waker import Waker


@dataclass(frozen=True, slots=True)
class ReplyToTicket:
    """The use case behind `POST /v1/tickets/{id}/messages`."""

    tickets: TicketStore
    conversations: ConversationStore
    tokens: TaskTokens
    waker: Waker
    clock: Clock
    ids: Ids

    def __call__(self, tenant_id: str, ticket_id: str, text: str) -> Message:
        """Keep the reply and wake the execution. Raises NotFound, or Conflict when nothing was asked."""
        self.tickets.get(tenant_id, ticket_id)
        token = self.tokens.find(tenant_id, ticket_id, Waiting.REPLY)
        reply = Message(
            message_id=self.ids.new("msg"),
            tenant_id=tenant_id,
            session_id=ticket_id,
            author=Author.CUSTOMER,
            text=text,
            created_at=self.clock.now(),
        )
        self.conversations.add(reply)
        self.waker.send_task_success(token, {"message_id": reply.message_id})
        return reply
