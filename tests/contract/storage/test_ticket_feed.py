"""What every `TicketFeed` must do."""

from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.clock import SeededIds
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.storage.tickets import TicketStore

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(home) -> TicketStore:
    return TicketStore(home.table, home.clock, SeededIds())


def ticket(number: int = 1, tenant: str = "acme") -> Ticket:
    return Ticket(
        ticket_id=f"tkt_00000000-0000-4000-8000-{number:012d}",
        tenant_id=tenant,
        customer=Customer(id="cus_1", name="Rossi"),
        asset=Asset(product_type="EV_CHARGER", model="XC-200", serial="SN-1"),
        symptom_text="It stops after five minutes.",
        created_at=START,
        updated_at=START + timedelta(minutes=number),
    )


def moved(store: TicketStore, found: Ticket, status: Status) -> Ticket:
    after = found.model_copy(
        update={
            "status": status,
            "version": found.version + 1,
            "updated_at": found.updated_at + timedelta(hours=1),
        }
    )
    store.save(after)
    return after


def told(home, position: int, limit: int = 500) -> tuple[list[tuple[str, str]], int]:
    """(ticket, status) of every move behind a position, and the position then."""
    home.settle()
    seen = []
    for _ in range(100):
        found = home.feed.since(position, limit)
        seen += [(move.ticket_id[-1], move.status.value) for move in found.moves]
        if found.sequence == position:
            return seen, position
        position = found.sequence
    raise AssertionError("the position never came to rest")


def test_moves_are_told_in_order_and_once(home, store: TicketStore) -> None:
    begin = home.feed.newest()
    first = ticket(1)
    store.create(first)
    seen, position = told(home, begin)
    assert seen == [("1", "NEW")]
    store.create(ticket(2))
    processing = moved(store, first, Status.PROCESSING)
    home.settle()
    moved(store, processing, Status.READY)
    seen, position = told(home, position)
    assert sorted(seen[:2]) == [("1", "PROCESSING"), ("2", "NEW")]
    assert seen[2:] == [("1", "READY")]
    assert told(home, position)[0] == []


def test_a_move_says_whose_ticket_it_is_and_when_it_changed(home, store: TicketStore) -> None:
    begin = home.feed.newest()
    store.create(ticket(3, tenant="other"))
    home.settle()
    (move,) = home.feed.since(begin).moves
    assert (move.tenant_id, move.ticket_id, move.status) == ("other", ticket(3).ticket_id, Status.NEW)
    assert move.updated_at == START + timedelta(minutes=3)
    assert move.sequence > begin


def test_what_is_no_move_is_not_told(home, store: TicketStore) -> None:
    first = ticket(1)
    store.create(first)
    _, position = told(home, 0)
    store.save(first.model_copy(update={"version": 2, "symptom_text": "It stops after six minutes."}))
    home.table.put({"pk": "p", "sk": "a", "status": "READY"})
    assert told(home, position)[0] == []


def test_small_pages_together_are_the_whole(home, store: TicketStore) -> None:
    begin = home.feed.newest()
    for number in range(1, 8):
        store.create(ticket(number))
    assert told(home, begin, limit=2)[0] == told(home, begin, limit=500)[0]
    assert sorted(told(home, begin, limit=1)[0]) == [(str(number), "NEW") for number in range(1, 8)]


def test_a_reader_that_was_away_for_hours_hears_what_happened(home, store: TicketStore) -> None:
    begin = home.feed.newest()
    store.create(ticket(1))
    home.settle()
    home.clock.advance(3 * 3600)
    store.create(ticket(2))
    assert told(home, begin)[0] == [("1", "NEW"), ("2", "NEW")]


def test_who_begins_now_hears_of_nothing_before(home, store: TicketStore) -> None:
    store.create(ticket(1))
    home.settle()
    assert home.feed.since(home.feed.newest()).moves in ([], ())
