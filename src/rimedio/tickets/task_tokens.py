"""Task tokens of tickets that wait for a person: who answers needs the ticket's id, never the token."""

from contextlib import suppress
from enum import StrEnum

from rimedio.domain.errors import ConditionFailed, Conflict
from rimedio.storage import keys
from rimedio.storage.conditions import Equals
from rimedio.storage.table import Put, Table


class Waiting(StrEnum):
    """What a ticket waits for."""

    REVIEW = "review"
    REPLY = "reply"


class TaskTokens:
    """Keeps the token of each waiting ticket."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, tenant_id: str, ticket_id: str, waiting: Waiting, token: str) -> None:
        """Remember `token`; a repeated task replaces it."""
        self._table.put(self.put(tenant_id, ticket_id, waiting, token).item)

    def put(self, tenant_id: str, ticket_id: str, waiting: Waiting, token: str) -> Put:
        """The same as an action, to be written with the status that says what is waited for."""
        item = keys.LINK.attributes(tenant=tenant_id, kind=f"token-{waiting}", name=ticket_id)
        return Put(item | {"ticket_id": ticket_id, "token": token})

    def find(self, tenant_id: str, ticket_id: str, waiting: Waiting) -> str:
        """The token. Raises Conflict when the ticket waits for no such thing."""
        token = self.current(tenant_id, ticket_id, waiting)
        if token is None:
            msg = f"Ticket {ticket_id} does not wait for a {waiting}. Look at its status first."
            raise Conflict(msg)
        return token

    def current(self, tenant_id: str, ticket_id: str, waiting: Waiting) -> str | None:
        """The token as it stands now, or None."""
        item = self._table.get(keys.LINK.key(tenant=tenant_id, kind=f"token-{waiting}", name=ticket_id))
        return None if item is None else str(item["token"])

    def forget(self, tenant_id: str, ticket_id: str, waiting: Waiting, token: str | None) -> None:
        """Drop this token once it is used; the one of another execution, or of a later question, stays."""
        if token is None:
            return
        key = keys.LINK.key(tenant=tenant_id, kind=f"token-{waiting}", name=ticket_id)
        with suppress(ConditionFailed):
            self._table.delete(key, Equals("token", token))
