"""Lists of tickets: by one index, filtered by the rest, page after page without gaps or repeats."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from rimedio.domain.errors import Conflict, InvalidInput
from rimedio.domain.ticket import Priority, Status, Ticket
from rimedio.storage import cursor as cursors
from rimedio.storage.ticket_items import OPEN_STATUSES
from rimedio.storage.tickets import TicketPage, TicketStore

LIMIT_MAX = 100
READ_AT_ONCE = 100
# Tickets looked at for one page: a rare word gives a short page and a cursor, not a long wait.
READ_MAX = 1000
INDEXED = frozenset({"status", "customer_id", "serial"})
INDEXED_BY_URGENCY = frozenset({"status", "priority"})
EXPORT_MAX = 50_000
QUERY_CHARS_MAX = 200


class TicketOrder(StrEnum):
    """What a list of tickets is sorted by."""

    NEWEST = "newest"
    URGENCY = "urgency"


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

    def is_one_index(self, order: TicketOrder = TicketOrder.NEWEST) -> bool:
        """Whether one index gives exactly these tickets in this order."""
        given = {field.name for field in fields(self) if getattr(self, field.name) is not None}
        if order is TicketOrder.URGENCY:
            return given <= INDEXED_BY_URGENCY
        return not given or (len(given) == 1 and given <= INDEXED)

    @property
    def seal(self) -> str:
        """What a cursor of this list is bound to."""
        return repr([(field.name, getattr(self, field.name)) for field in fields(self)])


def _same(wanted: str | None, found: str) -> bool:
    return wanted is None or wanted.strip().upper() == found.upper()


@dataclass(frozen=True, slots=True)
class ListTickets:
    """The use case behind `GET /v1/tickets`: newest first, or what needs an answer by urgency."""

    tickets: TicketStore

    def __call__(
        self,
        tenant_id: str,
        wanted: TicketFilter | None = None,
        *,
        order: TicketOrder = TicketOrder.NEWEST,
        limit: int = 25,
        cursor: str | None = None,
    ) -> TicketPage:
        """Up to `limit` tickets; fewer, with a cursor, where many had to be looked at.

        By urgency without a status: what is neither READY nor RESOLVED. Raises InvalidInput for a limit out of
        range and for a cursor of another list, Conflict for resolved tickets by urgency.
        """
        wanted = wanted or TicketFilter()
        _require_sense(wanted, order, limit)
        binding = wanted.seal if order is TicketOrder.NEWEST else f"{wanted.seal} by {order}"
        inner = None if cursor is None else cursors.unseal(cursor, binding, 1)[0]
        found: list[Ticket] = []
        read = 0
        while True:
            page = self._page(tenant_id, wanted, order, inner, limit - len(found))
            read += len(page.tickets)
            found += [t for t in page.tickets if _admits(wanted, order, t)]
            inner = page.cursor
            if inner is None or len(found) == limit or read >= READ_MAX:
                return TicketPage(tuple(found), None if inner is None else cursors.seal((inner,), binding))

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

    def _page(
        self, tenant_id: str, wanted: TicketFilter, order: TicketOrder, cursor: str | None, need: int
    ) -> TicketPage:
        """Tickets to look at, never more admitted ones than needed, so that the cursor stands where we stop.

        A page that holds too many is read again, shorter; it is the second reading that counts.
        """
        size = need if wanted.is_one_index(order) else READ_AT_ONCE
        page = self._query(tenant_id, wanted, order, cursor, size)
        while True:
            admitted = [place for place, t in enumerate(page.tickets, 1) if _admits(wanted, order, t)]
            if len(admitted) <= need and (len(admitted) < need or admitted[-1] == len(page.tickets)):
                return page
            page = self._query(tenant_id, wanted, order, cursor, admitted[need - 1])

    def _query(
        self, tenant_id: str, wanted: TicketFilter, order: TicketOrder, cursor: str | None, limit: int
    ) -> TicketPage:
        """The narrowest list that holds all that is wanted, in this order."""
        if order is TicketOrder.URGENCY:
            return self.tickets.list_by_urgency(
                tenant_id, wanted.status, wanted.priority, limit=limit, cursor=cursor
            )
        if wanted.serial is not None:
            return self.tickets.asset_history(tenant_id, wanted.serial.strip(), limit=limit, cursor=cursor)
        if wanted.customer_id is not None:
            return self.tickets.list_by_customer(tenant_id, wanted.customer_id, limit=limit, cursor=cursor)
        if wanted.status is not None:
            return self.tickets.list_by_status(tenant_id, wanted.status, limit=limit, cursor=cursor)
        return self.tickets.list_all(tenant_id, limit=limit, cursor=cursor)


def _require_sense(wanted: TicketFilter, order: TicketOrder, limit: int) -> None:
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidInput(f"The limit {limit} is not allowed; ask for 1 to {LIMIT_MAX} tickets.")
    if wanted.q is not None and len(wanted.q) > QUERY_CHARS_MAX:
        msg = f"The words searched for have {len(wanted.q)} characters; {QUERY_CHARS_MAX} are read."
        raise InvalidInput(msg)
    if order is TicketOrder.URGENCY and wanted.status is Status.RESOLVED:
        raise Conflict("A resolved ticket waits for nobody, so it has no urgency. Ask for the newest first.")


def _admits(wanted: TicketFilter, order: TicketOrder, ticket: Ticket) -> bool:
    """Whether a ticket belongs into the list; it may have moved on since its place in it was read."""
    moved_on = order is TicketOrder.URGENCY and wanted.status is None and ticket.status not in OPEN_STATUSES
    return not moved_on and wanted.admits(ticket)
