"""Tickets and all that hangs on them: solutions, feedback, links; typed, above any `Table`.

A ticket's customer, asset and creation time never change once it is stored: lists are sorted by them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rimedio.domain.answer import Solution
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Conflict, InvalidInput, NotFound
from rimedio.domain.feedback import Feedback
from rimedio.domain.ticket import Priority, Status, Ticket, TicketRequest
from rimedio.storage import keys
from rimedio.storage.codec import from_item
from rimedio.storage.conditions import Equals, Exists, NotExists
from rimedio.storage.fanout import query_shards
from rimedio.storage.idempotency import IdempotencyStore, Request, hash_payload
from rimedio.storage.keys import AccessPattern, stamp
from rimedio.storage.table import BATCH_MAX, Action, Check, Delete, Key, Page, Put, SortBetween, Table
from rimedio.storage.ticket_items import (
    card_item,
    feedback_item,
    solution_item,
    solved_item,
    solved_key,
    ticket_item,
    urgency_item,
    urgency_key,
)
from rimedio.storage.urgency import UrgencyOrder
from rimedio.storage.values import Item

CREATE_SCOPE = "create-ticket"
CHANGE_ATTEMPTS_MAX = 10


@dataclass(frozen=True, slots=True)
class Created:
    """A ticket that was created; `replayed` when it had been before, by a request with the same key."""

    ticket: Ticket
    replayed: bool


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Some tickets of a list, and the cursor of the next page; None at the end."""

    tickets: tuple[Ticket, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """Some feedback, and the cursor of the next page; None at the end."""

    feedback: tuple[Feedback, ...]
    cursor: str | None = None


class TicketStore:
    """Stores and finds tickets. Every method may raise StorageFailed."""

    def __init__(self, table: Table, clock: Clock, ids: Ids, *, shards: int = 1) -> None:
        self._table = table
        self._clock = clock
        self._shards = shards
        self._urgency = UrgencyOrder(table, shards=shards)
        self._idempotency = IdempotencyStore(table, clock, ids)

    def create(self, ticket: Ticket, *, idempotency_key: str | None = None) -> Created:
        """Store a new ticket, once per idempotency key of its tenant.

        The same key with the same request gives the ticket of before. Raises Conflict when the key was used
        for another request, or the ticket id is taken.
        """
        puts: list[Action] = [
            Put(ticket_item(ticket, self._shards), NotExists("pk")),
            Put(card_item(ticket, self._shards), NotExists("pk")),
            self._in_order(ticket),
        ]
        request = _creation(ticket, idempotency_key)
        if request is not None:
            puts.append(self._idempotency.completed(request, ticket.ticket_id))
        try:
            self._table.transact_write(puts)
        except ConditionFailed:
            replay = None if request is None else self._idempotency.find(request)
            if replay is None:
                msg = f"The ticket {ticket.ticket_id} exists already. Read it, or open one with another id."
                raise Conflict(msg) from None
            return Created(self.get(ticket.tenant_id, str(replay.result)), replayed=True)
        return Created(ticket, replayed=False)

    def get(self, tenant_id: str, ticket_id: str) -> Ticket:
        """The ticket. Raises NotFound, also for another tenant's ticket."""
        found = self.find(tenant_id, ticket_id)
        if found is None:
            raise NotFound(f"There is no ticket {ticket_id}. List the tickets to see their ids.")
        return found

    def find(self, tenant_id: str, ticket_id: str) -> Ticket | None:
        """The ticket, or None."""
        item = self._table.get(keys.TICKET.key(tenant=tenant_id, ticket=ticket_id))
        return None if item is None else from_item(Ticket, item)

    def save(
        self, ticket: Ticket, *, expected: int | None = None, solution: Solution | None = None,
        also: Sequence[Action] = (),
    ) -> None:  # fmt: skip
        """Write a changed ticket, together with the solution it now has and what else belongs to the change.

        The stored version must be `expected`, by default one less than the ticket's. Raises ConditionFailed
        when somebody else has written it meanwhile, or when it was never created.
        """
        before = ticket.version - 1 if expected is None else expected
        if before >= ticket.version:
            msg = f"Ticket {ticket.ticket_id} has version {ticket.version} after {before}. Raise its version."
            raise InvalidInput(msg)
        actions: list[Action] = [
            Put(ticket_item(ticket, self._shards), Equals("version", before)),
            self._in_order(ticket),
        ]
        if ticket.status is Status.RESOLVED:
            actions.append(Put(solved_item(ticket)))
        elif ticket.status is Status.PROCESSING:  # reopened
            actions.append(Delete(solved_key(ticket)))
        if solution is not None:
            actions.append(Put(solution_item(ticket.tenant_id, solution, self._clock.now())))
        try:
            self._table.transact_write((*actions, *also))
        except ConditionFailed as error:
            msg = (
                f"Ticket {ticket.ticket_id} is no longer at version {before}: somebody else changed it, "
                "or it was never created. Read it again and repeat the change."
            )
            raise ConditionFailed(msg, error.failed) from None

    def change(
        self, tenant_id: str, ticket_id: str, alter: Callable[[Ticket], Ticket], also: Sequence[Action] = (),
    ) -> Ticket:  # fmt: skip
        """Read, alter and save; again when somebody else was quicker. Returns the ticket as stored.

        `also` is written with the change. `alter` may be called several times; whatever it raises goes
        through. A ticket it returns unchanged is not written. Raises NotFound, or ConditionFailed after ten
        lost races.
        """
        for attempt in range(CHANGE_ATTEMPTS_MAX):
            before = self.get(tenant_id, ticket_id)
            after = alter(before)
            if after == before:
                return before
            if after.version <= before.version:
                after = after.model_copy(update={"version": before.version + 1})
            try:
                self.save(after, expected=before.version, also=also)
            except ConditionFailed:
                if attempt + 1 == CHANGE_ATTEMPTS_MAX:
                    raise
            else:
                return after
        raise AssertionError("unreachable")

    def list_all(
        self, tenant_id: str, *, since: datetime | None = None, until: datetime | None = None, newest_first:
        bool = True, limit: int = 50, cursor: str | None = None, ) -> TicketPage:  # fmt: skip
        """Every ticket by creation time, both limits included."""
        sort = None
        if since is not None or until is not None:
            sort = SortBetween(stamp(since) if since else "0", (stamp(until) if until else "9") + "~")
        queries = [
            keys.TICKETS_BY_CREATION.query(
                sort=sort, reverse=newest_first, limit=limit, cursor=cursor, tenant=tenant_id, shard=shard
            )
            for shard in range(self._shards)
        ]
        return self._tickets_behind(query_shards(self._table, queries))

    def list_by_status(
        self, tenant_id: str, status: Status, *, newest_first: bool = True, limit: int = 50,
        cursor: str | None = None,
    ) -> TicketPage:  # fmt: skip
        """Tickets that stand in `status`, by creation time."""
        queries = [
            keys.TICKETS_BY_STATUS.query(
                reverse=newest_first,
                limit=limit,
                cursor=cursor,
                tenant=tenant_id,
                status=status.value,
                shard=shard,
            )
            for shard in range(self._shards)
        ]
        page = query_shards(self._table, queries)
        return TicketPage(tuple(from_item(Ticket, item) for item in page.items), page.cursor)

    def list_by_urgency(
        self,
        tenant_id: str,
        status: Status | None = None,
        priority: Priority | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> TicketPage:
        """The most urgent first, then the oldest: tickets in `status`, or all that need an answer.

        Those are neither READY nor RESOLVED; a RESOLVED ticket is in none of these lists. Raises Unavailable
        while tickets of an older Rimedio are being put in order.
        """
        page = self._urgency.page(tenant_id, status, priority, limit=limit, cursor=cursor)
        return self._tickets_behind(page)

    def list_by_customer(
        self, tenant_id: str, customer_id: str, *, newest_first: bool = True, limit: int = 50,
        cursor: str | None = None,
    ) -> TicketPage:  # fmt: skip
        """Tickets of one customer, by creation time."""
        query = keys.TICKETS_BY_CUSTOMER.query(
            reverse=newest_first, limit=limit, cursor=cursor, tenant=tenant_id, customer=customer_id
        )
        page = self._table.query(query)
        return TicketPage(tuple(from_item(Ticket, item) for item in page.items), page.cursor)

    def asset_history(
        self, tenant_id: str, serial: str, *, limit: int = 20, cursor: str | None = None
    ) -> TicketPage:
        """Tickets about one piece of equipment, newest first."""
        query = keys.TICKETS_BY_ASSET.query(
            reverse=True, limit=limit, cursor=cursor, tenant=tenant_id, serial=serial.upper()
        )
        return self._tickets_behind(self._table.query(query))

    def similar_solved(
        self, tenant_id: str, model: str, error_code: str | None, *, limit: int = 5
    ) -> tuple[Ticket, ...]:
        """RESOLVED tickets with this model and, when given, this code; the latest solved first."""
        pattern = keys.SOLVED_BY_MODEL if error_code is None else keys.SOLVED_BY_CODE
        query = pattern.query(
            reverse=True,
            limit=limit,
            tenant=tenant_id,
            model=model.upper(),
            code=None if error_code is None else error_code.upper(),
        )
        return self._tickets_behind(self._table.query(query)).tickets

    def add_solution(self, tenant_id: str, solution: Solution) -> None:
        """Store a solution of an existing ticket; the same id replaces. Raises NotFound."""
        self._write_with_ticket(
            tenant_id, solution.ticket_id, Put(solution_item(tenant_id, solution, self._clock.now()))
        )

    def solution(self, tenant_id: str, ticket_id: str, solution_id: str) -> Solution:
        """One solution. Raises NotFound."""
        item = self._table.get(keys.SOLUTION.key(tenant=tenant_id, ticket=ticket_id, solution=solution_id))
        if item is None:
            raise NotFound(f"Ticket {ticket_id} has no solution {solution_id}. It may still be in work.")
        return from_item(Solution, item, "solution")

    def solutions(self, tenant_id: str, ticket_id: str) -> tuple[Solution, ...]:
        """Every solution of a ticket in the order they were stored."""
        items = self._all(keys.SOLUTIONS_OF_TICKET, tenant_id, ticket_id)
        ordered = sorted(items, key=lambda item: str(item["stored_at"]))
        return tuple(from_item(Solution, item, "solution") for item in ordered)

    def add_feedback(self, feedback: Feedback) -> bool:
        """Store feedback on an existing ticket; False for what the same person said in the same words before.

        Raises NotFound.
        """
        said = feedback.model_dump(mode="json", exclude={"feedback_id", "created_at"})
        name = {"tenant": feedback.tenant_id, "kind": "feedback", "name": hash_payload(said)}
        once = Put(
            keys.LINK.attributes(**name) | {"ticket_id": feedback.ticket_id}, NotExists("pk")
        )  # a link is one item by its name, so of two double clicks at the same time one is refused
        try:
            self._write_with_ticket(feedback.tenant_id, feedback.ticket_id, self.put_feedback(feedback), once)
        except NotFound:
            if self._table.get(keys.LINK.key(**name)) is None:
                raise
            return False
        return True

    def put_feedback(self, feedback: Feedback) -> Put:
        """The action that stores feedback, to be written with a change of its ticket."""
        return Put(feedback_item(feedback, self._shards))

    def feedback(self, tenant_id: str, ticket_id: str) -> tuple[Feedback, ...]:
        """Feedback on a ticket, oldest first."""
        items = self._all(keys.FEEDBACK_OF_TICKET, tenant_id, ticket_id)
        return tuple(from_item(Feedback, item) for item in items)

    def list_feedback(self, tenant_id: str, *, limit: int = 100, cursor: str | None = None) -> FeedbackPage:
        """All feedback of a tenant, oldest first; what training reads."""
        queries = [
            keys.FEEDBACK_BY_TIME.query(limit=limit, cursor=cursor, tenant=tenant_id, shard=shard)
            for shard in range(self._shards)
        ]
        page = query_shards(self._table, queries)
        return FeedbackPage(tuple(from_item(Feedback, item) for item in page.items), page.cursor)

    def link(self, tenant_id: str, kind: str, name: str, ticket_id: str) -> None:
        """Remember that an execution or another system's id means this ticket."""
        item = keys.LINK.attributes(tenant=tenant_id, kind=kind, name=name)
        self._table.put(item | {"ticket_id": ticket_id})

    def linked(self, tenant_id: str, kind: str, name: str) -> str | None:
        """The ticket id behind `name`, or None."""
        item = self._table.get(keys.LINK.key(tenant=tenant_id, kind=kind, name=name))
        return None if item is None else str(item["ticket_id"])

    def _in_order(self, ticket: Ticket) -> Action:
        """What keeps the ticket at its place in the order of urgency."""
        if ticket.status is Status.RESOLVED:
            return Delete(urgency_key(ticket))
        return Put(urgency_item(ticket, self._shards))

    def _write_with_ticket(self, tenant_id: str, ticket_id: str, *puts: Put) -> None:
        there = Check(keys.TICKET.key(tenant=tenant_id, ticket=ticket_id), Exists("pk"))
        try:
            self._table.transact_write((there, *puts))
        except ConditionFailed:
            raise NotFound(f"There is no ticket {ticket_id}. List the tickets to see their ids.") from None

    def _tickets_behind(self, page: Page) -> TicketPage:
        """The tickets that the items of a page belong to: same partition, another sort key."""
        wanted = [
            keys.TICKET.key(tenant=str(item["tenant_id"]), ticket=str(item["ticket_id"]))
            for item in page.items
        ]
        found: dict[Key, Item] = {}
        for start in range(0, len(wanted), BATCH_MAX):
            found |= self._table.batch_get(wanted[start : start + BATCH_MAX])
        tickets = tuple(from_item(Ticket, found[key]) for key in wanted if key in found)
        return TicketPage(tickets, page.cursor)

    def _all(self, pattern: AccessPattern, tenant_id: str, ticket_id: str) -> Iterator[Item]:
        """Everything of one kind that a ticket has."""
        cursor = None
        while True:
            page = self._table.query(pattern.query(cursor=cursor, tenant=tenant_id, ticket=ticket_id))
            yield from page.items
            if page.cursor is None:
                return
            cursor = page.cursor


def _creation(ticket: Ticket, key: str | None) -> Request | None:
    """The idempotent request behind a ticket: the fields that the caller sent are its payload."""
    if key is None:
        return None
    sent = ticket.model_dump(mode="json", include=set(TicketRequest.model_fields))
    return Request(ticket.tenant_id, CREATE_SCOPE, key, hash_payload(sent))
