"""Tickets by urgency: the highest priority first, then the oldest; resolved ones wait for nobody and are not in it.

An item of its own carries a ticket into these lists, for the ticket's own two indexes are taken. It is written with
every change of the ticket. Tickets that were stored before there was such an item get one when their list is first
asked for, and a mark says that it was done.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from rimedio.domain.errors import ConditionFailed, Unavailable
from rimedio.domain.ticket import Priority, Status, Ticket
from rimedio.storage import keys
from rimedio.storage.codec import from_item
from rimedio.storage.conditions import Equals, NotExists
from rimedio.storage.fanout import query_shards
from rimedio.storage.table import BATCH_MAX, Check, Page, Put, SortBetween, Table
from rimedio.storage.ticket_items import OPEN_STATUSES, urgency_item, urgency_key

PREPARED = "urgency"  # kind of the link that is the mark
PREPARED_AT_ONCE = 2000  # tickets a request: on DynamoDB about ten seconds


class UrgencyOrder:
    """Lists tickets by urgency. Every method may raise StorageFailed."""

    def __init__(self, table: Table, *, shards: int = 1) -> None:
        self._table = table
        self._shards = shards
        self._prepared: set[tuple[str, Status]] = set()

    def page(
        self,
        tenant_id: str,
        status: Status | None,
        priority: Priority | None,
        *,
        limit: int,
        cursor: str | None,
    ) -> Page:
        """What carries the tickets of a status, or of all that still need an answer, into the list.

        Raises Unavailable while tickets of an older Rimedio are being put in order.
        """
        self._prepare(tenant_id, OPEN_STATUSES if status is None else (status,))
        pattern = keys.OPEN_TICKETS_BY_URGENCY if status is None else keys.TICKETS_BY_URGENCY
        queries = [
            pattern.query(
                sort=None if priority is None else SortBetween(f"{priority}#", f"{priority}$"),
                limit=limit,
                cursor=cursor,
                tenant=tenant_id,
                status=status,
                queue=keys.OPEN,
                shard=shard,
            )
            for shard in range(self._shards)
        ]
        return query_shards(self._table, queries)

    def _prepare(self, tenant_id: str, statuses: Sequence[Status]) -> None:
        room = PREPARED_AT_ONCE
        for status in statuses:
            if (tenant_id, status) in self._prepared:
                continue
            mark = {"tenant": tenant_id, "kind": PREPARED, "name": status.value}
            if self._table.get(keys.LINK.key(**mark)) is None:
                room = self._carry(tenant_id, status, room)
                self._table.put(keys.LINK.attributes(**mark))
            self._prepared.add((tenant_id, status))

    def _carry(self, tenant_id: str, status: Status, room: int) -> int:
        """Put a status' tickets in order; how many more this request may. Raises Unavailable beyond."""
        for tickets in self._standing(tenant_id, status):
            present = self._table.batch_get([urgency_key(ticket) for ticket in tickets])
            for ticket in tickets:
                if urgency_key(ticket) in present:
                    continue
                if room == 0:
                    raise Unavailable("Tickets are being put in order of urgency. Ask again in a moment.")
                room -= 1
                self._carry_one(ticket)
        return room

    def _carry_one(self, ticket: Ticket) -> None:
        key = keys.TICKET.key(tenant=ticket.tenant_id, ticket=ticket.ticket_id)
        unchanged = Check(key, Equals("version", ticket.version))
        carried = Put(urgency_item(ticket, self._shards), NotExists("pk"))
        with suppress(ConditionFailed):  # whoever changed it meanwhile has put it in order
            self._table.transact_write((unchanged, carried))

    def _standing(self, tenant_id: str, status: Status) -> Iterator[tuple[Ticket, ...]]:
        cursor: str | None = None
        while True:
            queries = [
                keys.TICKETS_BY_STATUS.query(
                    limit=BATCH_MAX, cursor=cursor, tenant=tenant_id, status=status.value, shard=shard
                )
                for shard in range(self._shards)
            ]
            page = query_shards(self._table, queries)
            if page.items:
                yield tuple(from_item(Ticket, item) for item in page.items)
            cursor = page.cursor
            if cursor is None:
                return
