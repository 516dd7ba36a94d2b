"""Solved tickets offered: the same code first, then what says the same, in either language."""

import pytest

from rimedio.domain.answer import (
    Decision,
    Outcome,
    Performance,
    Quality,
    Routing,
    Section,
    Solution,
    Step,
)  # fmt: skip
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import NotFound
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.knowledge.language import detect_language
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.desk.find_similar import SUMMARY_CHARS, FindSimilar, summary_of
from rimedio.tickets.desk.likeness import Symptoms


class Archive:
    def __init__(self) -> None:
        self.clock, self.ids = FakeClock(), SeededIds(2)
        self.store = TicketStore(SqliteTable(Database(None), self.clock), self.clock, self.ids)
        self.find = FindSimilar(self.store, Symptoms(Taxonomy.default()))

    def ticket(self, text: str, code: str | None = None, model: str = "XC-200") -> Ticket:
        self.clock.advance(60)
        ticket = Ticket(
            ticket_id=self.ids.new("tkt"),
            tenant_id="acme",
            customer=Customer(id="c1", name="Riva"),
            asset=Asset(product_type="EV_CHARGER", model=model, serial="S"),
            symptom_text=text,
            error_code=code,
            lang=detect_language(text),
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
        )
        self.store.create(ticket)
        return ticket

    def solved(self, text: str, code: str | None = None, model: str = "XC-200") -> str:
        ticket = self.ticket(text, code, model)
        for status in (Status.PROCESSING, Status.READY, Status.RESOLVED):
            ticket = ticket.moved_to(status, self.clock.now())
            self.store.save(ticket)
        return ticket.ticket_id


@pytest.fixture
def archive() -> Archive:
    return Archive()


def test_the_same_code_goes_before_similar_words(archive: Archive) -> None:
    words = archive.solved("La ventola fa rumore e la colonnina vibra", "E077")
    code = archive.solved("Dopo il temporale non carica", "E029")
    archive.solved("Il cavo non si sgancia", "E041")
    asked = archive.ticket("La ventola fa rumore, la colonnina vibra", "E029")
    assert [s.ticket_id for s in archive.find("acme", asked.ticket_id)] == [code, words]


def test_words_are_enough_without_a_code_also_in_the_other_language(archive: Archive) -> None:
    wanted = archive.solved("The fan is noisy and the charging station vibrates")
    archive.solved("The RFID card is not read")
    asked = archive.ticket("La ventola è rumorosa, la stazione di ricarica vibra")
    found = archive.find("acme", asked.ticket_id)
    assert [s.ticket_id for s in found][:1] == [wanted]
    assert all(0 < s.score <= 1 for s in found)


def test_other_models_other_tenants_and_open_tickets_are_not_offered(archive: Archive) -> None:
    archive.solved("La ventola fa rumore e vibra", "E029", model="TP-8")
    archive.ticket("La ventola fa rumore e vibra", "E029")
    asked = archive.ticket("La ventola fa rumore e vibra", "E029")
    assert archive.find("acme", asked.ticket_id) == ()
    with pytest.raises(NotFound):
        archive.find("other", asked.ticket_id)


def solution(*steps: tuple[Section, str]) -> Solution:
    made = tuple(Step(n, section, "t", text, ("c1",)) for n, (section, text) in enumerate(steps, 1))
    quality, routing = Quality(1, 1, 1), Routing("x", "x", "x")
    decision = Decision(Outcome.PUBLISH, 1.0, ())
    return Solution("s", "t", "it", made, (), (), (), (), quality, decision, routing, Performance(1))


def test_a_summary_is_the_remedys_beginning_cut_between_words() -> None:
    assert summary_of(solution((Section.CAUSE, "dust"), (Section.REMEDY, "Replace\nthe filter."))) == (
        "Replace the filter."
    )
    assert summary_of(solution((Section.CHECKS, "measure"))) == "measure"
    long = summary_of(solution((Section.REMEDY, "word " * 200)))
    assert long.endswith("word …")
    assert len(long) <= SUMMARY_CHARS + 2
