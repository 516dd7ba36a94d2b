"""Which tickets repeat an open one: labelled pairs decide, and a wrong link weighs more than a missing one."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.knowledge.language import detect_language
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.find_duplicate import FindDuplicate
from rimedio.tickets.desk.likeness import Symptoms


@dataclass(frozen=True)
class Said:
    """A ticket in short: text, error code, model, serial, customer."""

    text: str
    code: str | None = None
    model: str = "XC-200"
    serial: str = "SN1"
    customer: str = "c1"


SAME = [
    (Said("La colonnina si spegne dopo cinque minuti", "E029"), Said("Di nuovo E029, si spegne", "E029")),
    (Said("Errore E029 sulla XC-200, si spegne dopo 5 minuti"), Said("E029 XC-200 si spegne ancora dopo 5 minuti")),
    (Said("The charger stops after five minutes, code E029"), Said("La colonnina si ferma dopo cinque minuti, codice E029")),
    (Said("Allarme E041", "E041"), Said("Ancora E041 sul display, ci sono novità?", "E041")),
    (
        Said("La ventola fa un rumore forte e la colonnina vibra"),
        Said("Buongiorno, la ventola fa un rumore molto forte, la colonnina vibra. Saluti"),
    ),
    (
        Said("The cable does not unlock from the car after charging"),
        Said("After charging the cable does not unlock from the car, please help"),
    ),
    (
        Said("Perdita d'acqua sotto la pompa di calore", model="TP-8"),
        Said("C'è una perdita d'acqua sotto la pompa di calore da ieri", model="TP-8"),
    ),
    (
        Said("Il display resta nero dopo il temporale e la presa non eroga", serial="unknown"),
        Said("Dopo il temporale il display resta nero, la presa non eroga", serial="unknown"),
    ),
    (Said("Errore E030 la ventola non gira", "E030", customer="c1"), Said("la ventola non gira, E030", "E030", customer="c2")),
    (
        Said("Charging stops when it rains and the breaker trips"),
        Said("The breaker trips and charging stops when it rains. Thanks"),
    ),
]  # fmt: skip

DIFFERENT = [
    (Said("Si spegne dopo cinque minuti", "E029"), Said("Si spegne dopo cinque minuti", "E030")),
    (Said("Si spegne dopo cinque minuti", "E029"), Said("Si spegne dopo cinque minuti", "E029", serial="SN2")),
    (Said("Si spegne dopo cinque minuti", "E029"), Said("Si spegne dopo cinque minuti", "E029", model="XC-300")),
    (
        Said("La ventola fa rumore", serial="unknown", customer="c1"),
        Said("La ventola fa rumore", serial="unknown", customer="c2"),
    ),
    (Said("Non funziona"), Said("Non funziona")),
    (Said("Buongiorno, ho un problema urgente"), Said("Salve, avrei un problema, grazie")),
    (
        Said("La ventola fa un rumore forte e la colonnina vibra"),
        Said("Il cavo non si sgancia dall'auto dopo la ricarica"),
    ),
    (
        Said("The display is dark after the thunderstorm"),
        Said("The RFID card is not read by the charger"),
    ),
    (
        Said("La colonnina si spegne dopo cinque minuti", "E029"),
        Said("Vorrei sapere come si aggiorna il firmware via rete"),
    ),
    (
        Said("Il display resta nero e la presa non eroga", serial="-"),
        Said("La presa è rotta e il display ha un graffio", serial="-"),
    ),
    (
        Said("E029: la ventola è nuova ma la temperatura sale subito oltre i limiti"),
        Said("Il cliente chiede se E029 è coperto da garanzia e vuole la fattura del tecnico"),
    ),
    (
        Said("Perdita d'acqua sotto la pompa di calore", model="TP-8"),
        Said("La pompa di calore non scalda l'acqua sanitaria", model="TP-8"),
    ),
    (
        Said("Charging is slow since the update"),
        Said("Charging does not start since the update"),
    ),
]  # fmt: skip


class Register:
    """Two tickets, one after the other."""

    def __init__(self) -> None:
        self.clock, self.ids = FakeClock(), SeededIds(2)
        self.store = TicketStore(SqliteTable(Database(None), self.clock), self.clock, self.ids)
        self.find = FindDuplicate(self.store, Symptoms(Taxonomy.default()))

    def ticket(self, said: Said, tenant: str = "acme") -> Ticket:
        self.clock.advance(60)
        return Ticket(
            ticket_id=self.ids.new("tkt"),
            tenant_id=tenant,
            customer=Customer(id=said.customer, name="Officine Riva"),
            asset=Asset(product_type="EV_CHARGER", model=said.model, serial=said.serial),
            symptom_text=said.text + " " * max(0, 10 - len(said.text)) + "." * max(0, 10 - len(said.text)),
            error_code=said.code,
            lang=detect_language(said.text),
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
        )

    def opened(self, said: Said, tenant: str = "acme") -> Ticket:
        ticket = self.ticket(said, tenant)
        self.store.create(ticket)
        return ticket


def linked(first: Said, second: Said) -> bool:
    register = Register()
    original = register.opened(first)
    return register.find(register.ticket(second)) == original.ticket_id


def test_no_pair_of_different_troubles_is_ever_linked() -> None:
    wrong = [(a.text, b.text) for a, b in DIFFERENT if linked(a, b) or linked(b, a)]
    assert wrong == []


def test_most_pairs_of_the_same_trouble_are_linked() -> None:
    missed = [(a.text, b.text) for a, b in SAME if not linked(a, b)]
    assert len(missed) <= 1, missed


@pytest.fixture
def register() -> Register:
    return Register()


AGAIN = Said("La colonnina si spegne dopo cinque minuti", "E029")


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.FAILED])
def test_a_ticket_that_is_over_is_not_repeated(register: Register, status: Status) -> None:
    first = register.opened(AGAIN)
    moved = first.moved_to(Status.PROCESSING, first.created_at)
    for step in (moved, moved.moved_to(Status.READY, first.created_at)):
        register.store.save(step)
    ended = register.store.get("acme", first.ticket_id)
    if status is Status.FAILED:
        ended = ended.model_copy(update={"status": status, "version": ended.version + 1})
    else:
        ended = ended.moved_to(status, first.created_at)
    register.store.save(ended)
    assert register.find(register.ticket(AGAIN)) is None


def test_another_tenant_is_never_looked_at(register: Register) -> None:
    register.opened(AGAIN, "other")
    assert register.find(register.ticket(AGAIN)) is None


def test_an_old_ticket_is_not_repeated(register: Register) -> None:
    register.opened(AGAIN)
    register.clock.advance(timedelta(days=31).total_seconds())
    assert register.find(register.ticket(AGAIN)) is None


def test_a_third_ticket_is_linked_to_the_first_not_to_the_second(register: Register) -> None:
    first = register.opened(AGAIN)
    second = register.ticket(AGAIN).model_copy(update={"duplicate_of": first.ticket_id})
    register.store.create(second)
    assert register.find(register.ticket(AGAIN)) == first.ticket_id


def test_a_ticket_does_not_repeat_itself(register: Register) -> None:
    assert register.find(register.opened(AGAIN)) is None
