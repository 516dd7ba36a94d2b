"""Lists: filtered, page after page, without gaps or repeats."""

import random
from datetime import timedelta

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict, InvalidInput
from rimedio.domain.ticket import Asset, Customer, Priority, Status, Ticket
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk import list_tickets
from rimedio.tickets.desk.list_tickets import ListTickets, TicketFilter, TicketOrder

MODELS = ("XC-200", "TP-8", "MR-5")


@pytest.fixture(scope="module")
def store() -> TicketStore:
    clock, ids, chance = FakeClock(), SeededIds(1), random.Random(5)
    store = TicketStore(SqliteTable(Database(None), clock), clock, ids)
    for number in range(240):
        clock.advance(60)
        model = chance.choice(MODELS)
        store.create(
            Ticket(
                ticket_id=ids.new("tkt"),
                tenant_id="acme",
                customer=Customer(id=f"c{chance.randrange(6)}", name=f"Officine {number % 7}"),
                asset=Asset(product_type="HVAC", model=model, serial=f"sn{chance.randrange(8)}"),
                symptom_text=f"Symptom number {number}, {'Caldaia rumorosa' if number % 11 == 0 else 'fredda'}{' zebra' * (number == 1)}",
                priority=chance.choice(list(Priority)),
                lang=chance.choice(["it", "en"]),
                status=chance.choice([Status.NEW, Status.READY, Status.IN_REVIEW]),
                created_at=clock.now(),
                updated_at=clock.now() + timedelta(seconds=1),
            )
        )
    return store


FILTERS = [
    TicketFilter(),
    TicketFilter(status=Status.READY),
    TicketFilter(status=Status.READY, model="xc-200"),
    TicketFilter(priority=Priority.P1),
    TicketFilter(customer_id="c2", lang="it"),
    TicketFilter(serial="SN3", status=Status.NEW),
    TicketFilter(product_type="HVAC", lang="en", priority=Priority.P2),
    TicketFilter(q="caldaia OFFICINE"),
    TicketFilter(q="no such words"),
    TicketFilter(status=Status.RESOLVED),
]


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda f: f.seal[:60])
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_all_that_is_admitted_comes_once_newest_first(
    store: TicketStore, wanted: TicketFilter, limit: int
) -> None:
    everything = [t for page in pages(ListTickets(store), TicketFilter(), 100) for t in page]
    found = [t.ticket_id for page in pages(ListTickets(store), wanted, limit) for t in page]
    assert found == [t.ticket_id for t in everything if wanted.admits(t)]


@pytest.mark.parametrize("wanted", FILTERS[:-1], ids=lambda f: f.seal[:60])
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_all_that_needs_an_answer_comes_once_by_urgency(
    store: TicketStore, wanted: TicketFilter, limit: int
) -> None:
    everything = [t for page in pages(ListTickets(store), TicketFilter(), 100) for t in page]
    open_ones = [
        t for t in everything if wanted.admits(t) and (wanted.status or t.status is not Status.READY)
    ]
    found = [t for page in pages(ListTickets(store), wanted, limit, TicketOrder.URGENCY) for t in page]
    assert found == sorted(open_ones, key=lambda t: (t.priority, t.created_at, t.ticket_id))


def test_a_resolved_ticket_has_no_urgency(store: TicketStore) -> None:
    with pytest.raises(Conflict, match="no urgency"):
        ListTickets(store)("acme", TicketFilter(status=Status.RESOLVED), order=TicketOrder.URGENCY)


def pages(
    use: ListTickets, wanted: TicketFilter, limit: int, order: TicketOrder = TicketOrder.NEWEST
) -> list[tuple[Ticket, ...]]:
    out, cursor = [], None
    while True:
        page = use("acme", wanted, order=order, limit=limit, cursor=cursor)
        assert len(page.tickets) <= limit
        out.append(page.tickets)
        cursor = page.cursor
        if cursor is None:
            return out


def test_a_rare_word_gives_a_short_page_and_a_cursor_instead_of_a_long_wait(
    store: TicketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_tickets, "READ_MAX", 100)
    wanted = TicketFilter(q="ZEBRA")
    first = ListTickets(store)("acme", wanted, limit=5)
    assert (first.tickets, first.cursor is None) == ((), False)
    found = [t for page in pages(ListTickets(store), wanted, 5) for t in page]
    assert [t.symptom_text.split(",")[0] for t in found] == ["Symptom number 1"]


def test_a_ticket_that_leaves_the_list_between_pages_makes_no_gap(store: TicketStore) -> None:
    use, wanted = ListTickets(store), TicketFilter(status=Status.IN_REVIEW)
    everything = [t.ticket_id for page in pages(use, wanted, 100) for t in page]
    first = use("acme", wanted, limit=10)
    gone = first.tickets[3]
    store.save(gone.moved_to(Status.ESCALATED, gone.updated_at))
    rest = use("acme", wanted, limit=100, cursor=first.cursor)
    assert [t.ticket_id for t in (*first.tickets, *rest.tickets)] == everything


def test_a_cursor_of_another_list_or_tenant_leads_nowhere(store: TicketStore) -> None:
    use = ListTickets(store)
    cursor = use("acme", TicketFilter(), limit=5).cursor
    with pytest.raises(InvalidInput, match="cursor"):
        use("acme", TicketFilter(lang="it"), limit=5, cursor=cursor)
    with pytest.raises(InvalidInput, match="cursor"):
        use("other", TicketFilter(), limit=5, cursor=cursor)
    with pytest.raises(InvalidInput, match="cursor"):
        use("acme", TicketFilter(), order=TicketOrder.URGENCY, limit=5, cursor=cursor)
    with pytest.raises(InvalidInput):
        use("acme", TicketFilter(), limit=5, cursor="tampered")
    assert use("other", TicketFilter()).tickets == ()


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_a_limit_out_of_range_is_refused(store: TicketStore, limit: int) -> None:
    with pytest.raises(InvalidInput):
        ListTickets(store)("acme", limit=limit)


def test_an_export_gives_every_ticket_once(store: TicketStore) -> None:
    assert len({t.ticket_id for t in ListTickets(store).every("acme", TicketFilter())}) == 240
