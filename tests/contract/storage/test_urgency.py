"""Tickets by urgency over every table: in order, page after page, also those of an older Rimedio."""

import pytest
from tests.contract.storage.conftest import TableHome
from tests.contract.storage.test_tickets import START, ticket, walk

from rimedio.domain.clock import SeededIds
from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.domain.ticket import Priority, Status
from rimedio.storage import keys, urgency
from rimedio.storage.tickets import TicketStore
from rimedio.storage.urgency import PREPARED

PRIORITIES = {1: "P3", 2: "P1", 3: "P4", 4: "P1", 5: "P2", 6: "P3"}
BY_URGENCY = [2, 4, 5, 1, 6, 3]


def store_of(home: TableHome, shards: int) -> TicketStore:
    return TicketStore(home.table, home.clock, SeededIds(), shards=shards)


@pytest.fixture(params=[1, 4])
def store(request: pytest.FixtureRequest, home: TableHome) -> TicketStore:
    made = store_of(home, request.param)
    for number, priority in PRIORITIES.items():
        made.create(ticket(number, priority=Priority(priority)))
    made.create(ticket(50, tenant_id="other", priority=Priority.P1))
    return made


def numbers(ids: list[str]) -> list[int]:
    return [int(name[-12:]) for name in ids]


def listed(store: TicketStore, limit: int = 2, **wanted: object) -> list[int]:
    return numbers(walk(lambda c: store.list_by_urgency("acme", limit=limit, cursor=c, **wanted)))  # type: ignore[arg-type]


def forget_the_order(home: TableHome) -> None:
    """As if the tickets had been stored before there was an order."""
    for number in PRIORITIES:
        home.table.delete(keys.URGENCY.key(tenant="acme", ticket=ticket(number).ticket_id))
    for status in Status:
        home.table.delete(keys.LINK.key(tenant="acme", kind=PREPARED, name=status.value))


def test_the_most_urgent_come_first_then_the_oldest(store: TicketStore) -> None:
    for limit in (1, 4, 50):
        assert listed(store, limit) == BY_URGENCY
    assert listed(store, status=Status.NEW) == BY_URGENCY
    assert listed(store, priority=Priority.P1) == [2, 4]
    assert listed(store, status=Status.NEW, priority=Priority.P3) == [1, 6]
    assert listed(store, status=Status.READY) == []


def test_a_ticket_leaves_the_queue_when_it_is_answered_and_comes_back_when_it_is_reopened(
    store: TicketStore,
) -> None:
    found = ticket(2, priority=Priority.P1)
    for status in (Status.PROCESSING, Status.READY):
        found = found.moved_to(status, START)
        store.save(found)
    assert 2 not in listed(store)
    assert listed(store, status=Status.READY) == [2]
    for status in (Status.RESOLVED, Status.PROCESSING):
        store.save(found := found.moved_to(status, START))
        assert listed(store, status=Status.READY) == []
    assert listed(store, status=Status.PROCESSING) == [2]
    assert listed(store) == BY_URGENCY


def test_a_ticket_that_comes_in_between_two_pages_moves_no_other_one(store: TicketStore) -> None:
    first = store.list_by_urgency("acme", limit=2)
    store.create(ticket(0, priority=Priority.P1))  # older than all: it would have stood on the page before
    store.create(ticket(7, priority=Priority.P1))
    store.create(ticket(8, priority=Priority.P2))
    rest = walk(lambda c: store.list_by_urgency("acme", limit=2, cursor=c or first.cursor))
    assert numbers(rest) == [7, 5, 8, 1, 6, 3]
    with pytest.raises(InvalidInput, match="cursor"):
        store.list_by_urgency("acme", Status.NEW, cursor=first.cursor)


@pytest.mark.parametrize("shards", [1, 4])
def test_tickets_of_an_older_rimedio_are_put_in_order_when_they_are_first_asked_for(
    home: TableHome, shards: int
) -> None:
    store = store_of(home, shards)
    for number, priority in PRIORITIES.items():
        store.create(ticket(number, priority=Priority(priority)))
    forget_the_order(home)
    assert listed(store_of(home, shards)) == BY_URGENCY
    home.table.delete(keys.URGENCY.key(tenant="acme", ticket=ticket(2).ticket_id))
    assert listed(store_of(home, shards)) == [n for n in BY_URGENCY if n != 2]  # the mark says: done


def test_more_tickets_than_one_request_puts_in_order_are_done_by_several(
    home: TableHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(home, 1)
    for number, priority in PRIORITIES.items():
        store.create(ticket(number, priority=Priority(priority)))
    forget_the_order(home)
    monkeypatch.setattr(urgency, "PREPARED_AT_ONCE", 4)
    with pytest.raises(Unavailable, match="Ask again"):
        listed(store)
    assert listed(store) == BY_URGENCY
