"""Opening a ticket: checked, stored once, set going."""

from dataclasses import replace

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict, InvalidTicket
from rimedio.domain.taxonomy import ProductType, Taxonomy
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore
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
