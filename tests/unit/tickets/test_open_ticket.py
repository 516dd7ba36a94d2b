"""Opening a ticket: checked, stored once, set going."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict, InvalidTicket
from rimedio.domain.taxonomy import ProductType, Taxonomy
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.find_duplicate import FindDuplicate
from rimedio.tickets.desk.likeness import Symptoms
from rimedio.tickets.open_ticket import OpenTicket, parse_request

RAW = {
    "customer": {"id": "c1", "name": "Officine Riva"},
    "asset": {"product_type": "EV_CHARGER", "model": "xc200", "serial": "SN1"},
    "symptom_text": "La colonnina si spegne dopo cinque minuti di ricarica",
}


class RecordingRunner:
    """A runner that only remembers what it was asked to start."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, ticket: Ticket) -> str:
        self.started.append(ticket.ticket_id)
        return ticket.ticket_id


@pytest.fixture
def runner() -> RecordingRunner:
    return RecordingRunner()


@pytest.fixture
def open_ticket(runner: RecordingRunner) -> OpenTicket:
    clock, ids = FakeClock(), SeededIds()
    default = Taxonomy.default()
    charger = ProductType("EV_CHARGER", {}, ("XC-200", "XC-200S"), ("E\\d{3}",))
    taxonomy = replace(default, product_types={**default.product_types, "EV_CHARGER": charger})
    store = TicketStore(SqliteTable(Database(None), clock), clock, ids)
    return OpenTicket(store, runner, taxonomy, clock, ids)


def test_a_ticket_is_stored_and_set_going(open_ticket: OpenTicket, runner: RecordingRunner) -> None:
    ticket = open_ticket("acme", parse_request(RAW))
    assert (ticket.status, ticket.lang, ticket.asset.model) == (Status.NEW, "it", "XC-200")
    assert runner.started == [ticket.ticket_id]
    assert open_ticket.tickets.get("acme", ticket.ticket_id) == ticket


def test_the_same_request_with_the_same_key_is_one_ticket(
    open_ticket: OpenTicket, runner: RecordingRunner
) -> None:
    first = open_ticket("acme", parse_request(RAW), idempotency_key="k1")
    again = open_ticket("acme", parse_request(RAW), idempotency_key="k1")
    other_tenant = open_ticket("globex", parse_request(RAW), idempotency_key="k1")
    assert again.ticket_id == first.ticket_id != other_tenant.ticket_id
    assert runner.started == [first.ticket_id, other_tenant.ticket_id]


def test_a_key_is_not_good_for_another_request(open_ticket: OpenTicket) -> None:
    open_ticket("acme", parse_request(RAW), idempotency_key="k1")
    with pytest.raises(Conflict):
        open_ticket(
            "acme", parse_request(RAW | {"symptom_text": "Non si accende il display"}), idempotency_key="k1"
        )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"product_type": "TOASTER"}, "EV_CHARGER, HVAC, INVERTER"),
        ({"model": "XC-20"}, "Did you mean XC-200?"),
        ({"model": "ZZZ"}, "Known models: XC-200, XC-200S"),
    ],
)
def test_an_unknown_product_is_refused_with_what_exists(
    open_ticket: OpenTicket, runner: RecordingRunner, change: dict[str, str], told: str
) -> None:
    raw = RAW | {"asset": RAW["asset"] | change}  # type: ignore[operator]
    with pytest.raises(InvalidTicket) as refusal:
        open_ticket("acme", parse_request(raw))
    assert told in str(refusal.value)
    assert runner.started == []


def test_every_field_at_fault_is_named() -> None:
    with pytest.raises(InvalidTicket, match=r"customer\.name.*symptom_text.*colour"):
        parse_request({**RAW, "customer": {"id": "c1"}, "symptom_text": "short", "colour": "red"})


class Interrupted(FindDuplicate):
    """Looks; then others act, the first to be called first, before what it found is used."""

    __slots__ = ("acts",)

    def __init__(self, opening: OpenTicket, *acts: Callable[[], object]) -> None:
        super().__init__(opening.tickets, Symptoms(opening.taxonomy))
        object.__setattr__(self, "acts", list(acts))

    def __call__(self, ticket: Ticket) -> str | None:
        found = super().__call__(ticket)
        if self.acts:
            self.acts.pop(0)()
        return found


def nothing() -> None:
    """Nobody acts."""


@pytest.mark.parametrize("looks", [0, 1], ids=["before it is stored", "before it is linked"])
def test_of_two_that_are_opened_in_the_same_moment_one_is_linked_to_the_other(
    open_ticket: OpenTicket, runner: RecordingRunner, looks: int
) -> None:
    other = replace(open_ticket, find_duplicate=Interrupted(open_ticket))

    def open_other() -> None:
        other("acme", parse_request(RAW))

    looking = Interrupted(open_ticket, *[nothing] * looks, open_other)
    replace(open_ticket, find_duplicate=looking)("acme", parse_request(RAW))
    assert len(set(runner.started)) == 2
    links = {t: open_ticket.tickets.get("acme", t).duplicate_of for t in runner.started}
    assert sorted(link in links for link in links.values()) == [False, True]


def test_two_that_are_stored_before_either_looks_again_are_not_each_others_duplicates(
    open_ticket: OpenTicket, runner: RecordingRunner
) -> None:
    def open_other() -> None:
        """Stored while the first one is not; looks again once the first one is, too."""
        replace(open_ticket, find_duplicate=Interrupted(open_ticket))("acme", parse_request(RAW))

    class BothStored(Interrupted):
        """The first one's second look: right after it the other one is linked."""

        def __call__(self, ticket: Ticket) -> str | None:
            found = super().__call__(ticket)
            if found is not None:
                store = open_ticket.tickets
                store.change("acme", found, lambda t: t.model_copy(update={"duplicate_of": ticket.ticket_id}))
            return found

    looking = BothStored(open_ticket, open_other)
    replace(open_ticket, find_duplicate=looking)("acme", parse_request(RAW))
    links = {t: open_ticket.tickets.get("acme", t).duplicate_of for t in runner.started}
    assert sorted(link in links for link in links.values()) == [False, True]
