"""Lists of tickets: by one index, filtered by the rest, page after page without gaps or repeats."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import Priority, Status, Ticket
from rimedio.storage import cursor as cursors
from rimedio.storage.tickets import TicketPage, TicketStore

LIMIT_MAX = 100
READ_AT_ONCE = 100
# Tickets looked at for one page: a rare word gives a short page and a cursor, not a long wait.
READ_MAX = 1000
INDEXED = frozenset({"status", "customer_id", "serial"})
EXPORT_MAX = 50_000
QUERY_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets; what is None lets everything through. `q`: every word of it must stand in the ticket."""

    status: Status | None = None
    priority: Priority | None = None
    product_type: str | None = None
    model: str | None = None
    customer_id: str | None = None
    serial: str | None = None
    lang: str | None = None
    q: str | None = None

    def admits(self, ticket: Ticket) -> bool:
        """Whether a ticket is one of them."""
        asset = ticket.asset
        return (
            self.status in (None, ticket.status)
            and self.priority in (None, ticket.priority)
            and self.product_type in (None, asset.product_type)
            and self.lang in (None, ticket.lang)
            and self.customer_id in (None, ticket.customer.id)
            and _same(self.model, asset.model)
            and _same(self.serial, asset.serial)
            and self._says(ticket)
        )

    def _says(self, ticket: Ticket) -> bool:
        if not self.q:
            return True
        asset = ticket.asset
        told = (
            *(ticket.ticket_id, ticket.symptom_text, ticket.error_code or "", ticket.category or ""),
            *(asset.model, asset.serial, ticket.customer.id, ticket.customer.name),
        )
        text = "\n".join(told).casefold()
        return all(word in text for word in self.q.casefold().split())

    @property
    def is_one_index(self) -> bool:
        """Whether one index gives exactly these tickets."""
        given = {field.name for field in fields(self) if getattr(self, field.name) is not None}
        return not given or (len(given) == 1 and given <= INDEXED)

    @property
    def seal(self) -> str:
        """What a cursor of this list is bound to."""
        return repr([(field.name, getattr(self, field.name)) for field in fields(self)])


def _same(wanted: str | None, found: str) -> bool:
    return wanted is None or wanted.strip().upper() == found.upper()


@dataclass(frozen=True, slots=True)
class ListTickets:
    """The use case behind `GET /v1/tickets`: newest first."""

    tickets: TicketStore

    def __call__(
        self,
        tenant_id: str,
        wanted: TicketFilter | None = None,
        *,
        limit: int = 25,
        cursor: str | None = None,
    ) -> TicketPage:
        """Up to `limit` tickets; fewer, with a cursor, where many had to be looked at.

        Raises InvalidInput for a limit out of range and for a cursor of another list.
        """
        wanted = wanted or TicketFilter()
        if not 1 <= limit <= LIMIT_MAX:
            raise InvalidInput(f"The limit {limit} is not allowed; ask for 1 to {LIMIT_MAX} tickets.")
        if wanted.q is not None and len(wanted.q) > QUERY_CHARS_MAX:
            msg = f"The words searched for have {len(wanted.q)} characters; {QUERY_CHARS_MAX} are read."
            raise InvalidInput(msg)
        inner = None if cursor is None else cursors.unseal(cursor, wanted.seal, 1)[0]
        found: list[Ticket] = []
        read = 0
        while True:
            page = self._page(tenant_id, wanted, inner, limit - len(found))
            read += len(page.tickets)
            found += [t for t in page.tickets if wanted.admits(t)]
            inner = page.cursor
            if inner is None or len(found) == limit or read >= READ_MAX:
                return TicketPage(
                    tuple(found), None if inner is None else cursors.seal((inner,), wanted.seal)
                )

    def every(self, tenant_id: str, wanted: TicketFilter) -> Iterator[Ticket]:
        """All tickets of a list, for an export; up to fifty thousand."""
        cursor: str | None = None
        given = 0
        while given < EXPORT_MAX:
            page = self(tenant_id, wanted, limit=LIMIT_MAX, cursor=cursor)
            yield from page.tickets
            given += len(page.tickets)
            cursor = page.cursor
            if cursor is None:
                return

    def _page(self, tenant_id: str, wanted: TicketFilter, cursor: str | None, need: int) -> TicketPage:
        """Tickets to look at, never more admitted ones than needed, so that the cursor stands where we stop.

        A page that holds too many is read again, shorter; it is the second reading that counts.
        """
        page = self._query(tenant_id, wanted, cursor, need if wanted.is_one_index else READ_AT_ONCE)
        while True:
            admitted = [place for place, t in enumerate(page.tickets, 1) if wanted.admits(t)]
            if len(admitted) <= need and (len(admitted) < need or admitted[-1] == len(page.tickets)):
                return page
            page = self._query(tenant_id, wanted, cursor, admitted[need - 1])

    def _query(self, tenant_id: str, wanted: TicketFilter, cursor: str | None, limit: int) -> TicketPage:
        """The narrowest list that holds all that is wanted."""
        if wanted.serial is not None:
            return self.tickets.asset_history(tenant_id, wanted.serial.strip(), limit=limit, cursor=cursor)
        if wanted.customer_id is not None:
            return self.tickets.list_by_customer(tenant_id, wanted.customer_id, limit=limit, cursor=cursor)
        if wanted.status is not None:
            return self.tickets.list_by_status(tenant_id, wanted.status, limit=limit, cursor=cursor)
        return self.tickets.list_all(tenant_id, limit=limit, cursor=cursor)
