"""Conversations:

the messages of a session in the order of time; the session of a ticket has the ticket's id.
"""

from dataclasses import dataclass
from datetime import timedelta

from rimedio.domain.conversation import Message
from rimedio.storage import keys
from rimedio.storage.codec import from_item, to_attributes
from rimedio.storage.conditions import NotExists
from rimedio.storage.keys import stamp
from rimedio.storage.table import EXPIRES_AT, Put, Table


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some messages, and the cursor of the next page; None at the end."""

    messages: tuple[Message, ...]
    cursor: str | None = None


class ConversationStore:
    """Adds and lists messages. Every method may raise StorageFailed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, message: Message, *, keep_for: timedelta | None = None) -> None:
        """Add a message; it vanishes after `keep_for`. Raises ConditionFailed when its id is taken."""
        action = self.put(message, keep_for=keep_for)
        self._table.put(action.item, action.condition)

    def put(self, message: Message, *, keep_for: timedelta | None = None) -> Put:
        """The same as an action, to be written in one transaction with what belongs to it."""
        item = to_attributes(message) | keys.MESSAGE.attributes(
            tenant=message.tenant_id,
            session=message.session_id,
            message=message.message_id,
            created=stamp(message.created_at),
        )
        if keep_for is not None:
            item[EXPIRES_AT] = int((message.created_at + keep_for).timestamp())
        return Put(item, NotExists("pk"))

    def messages(
        self,
        tenant_id: str,
        session_id: str,
        *,
        newest_first: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> MessagePage:
        """Messages of a session, oldest first unless asked otherwise."""
        query = keys.MESSAGES_OF_SESSION.query(
            reverse=newest_first, limit=limit, cursor=cursor, tenant=tenant_id, session=session_id
        )
        page = self._table.query(query)
        return MessagePage(tuple(from_item(Message, item) for item in page.items), page.cursor)
