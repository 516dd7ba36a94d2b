"""Task tokens of tickets that wait for a person: who answers needs the ticket's id, never the token."""

from enum import StrEnum

from rimedio.domain.errors import Conflict
from rimedio.storage import keys
from rimedio.storage.table import Table


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
        item = keys.LINK.attributes(tenant=tenant_id, kind=f"token-{waiting}", name=ticket_id)
        self._table.put(item | {"ticket_id": ticket_id, "token": token})

    def find(self, tenant_id: str, ticket_id: str, waiting: Waiting) -> str:
        """The token. Raises Conflict when the ticket waits for no such thing."""
        item = self._table.get(keys.LINK.key(tenant=tenant_id, kind=f"token-{waiting}", name=ticket_id))
        if item is None:
            msg = f"Ticket {ticket_id} does not wait for a {waiting}. Look at its status first."
            raise Conflict(msg)
        return str(item["token"])

    def forget(self, tenant_id: str, ticket_id: str, waiting: Waiting) -> None:
        """Drop the token once it is used."""
        self._table.delete(keys.LINK.key(tenant=tenant_id, kind=f"token-{waiting}", name=ticket_id))
