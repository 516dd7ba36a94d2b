"""Each remedy has one fate; an operator's own word beats what was measured."""

from datetime import UTC, datetime, timedelta

from rimedio.domain.answer import Decision, Outcome, Performance, Quality, Routing, Section, Solution, Step
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.feedback import Feedback, Use
from rimedio.domain.ticket import Asset, Customer, Ticket
from rimedio.learning.state import LearningState
from rimedio.learning.use import UseCounts, UseMeter, uses_of, week_of
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def feedback(
    use: Use | None, *, measured: bool, minute: int = 0, ticket: str = "1", solution: str = "sol"
) -> Feedback:
    return Feedback(
        feedback_id=f"fbk_{ticket}_{minute}",
        tenant_id="acme",
        ticket_id=ticket_id(ticket),
        solution_id=solution,
        operator_id="anna",
        created_at=NOW + timedelta(minutes=minute),
        was_helpful=True,
        use=use,
        measured=measured,
    )


def ticket_id(number: str) -> str:
    return f"tkt_00000000-0000-4000-8000-{int(number):012d}"


def test_an_operators_own_word_beats_the_measured_one_whatever_comes_first() -> None:
    said, measured = feedback(Use.IGNORED, measured=False), feedback(Use.USED, measured=True, minute=5)
    assert uses_of((said, measured))["sol"][0] is Use.IGNORED
    assert uses_of((measured, said))["sol"][0] is Use.IGNORED
    assert uses_of((feedback(None, measured=False),)) == {}


def test_remedies_are_counted_by_category_product_writer_and_week() -> None:
    clock = FakeClock(NOW)
    table = SqliteTable(Database(None), clock)
    tickets = TicketStore(table, clock, SeededIds(1))
    fates = {"1": Use.USED, "2": Use.EDITED, "3": Use.IGNORED, "4": None}
    for number, use in fates.items():
        tickets.create(
            Ticket(
                customer=Customer(id="c", name="Mario Riva"),
                asset=Asset(product_type="HVAC", model="TP-8" if number < "3" else "TP-12", serial="1"),
                symptom_text="it does not heat any more",
                ticket_id=ticket_id(number),
                tenant_id="acme",
                created_at=NOW,
                updated_at=NOW,
                solution_id="sol",
                category="THERMAL",
            )
        )
        tickets.add_solution("acme", _solution(ticket_id(number)))
        if use is not None:
            tickets.add_feedback(feedback(use, measured=True, ticket=number))
    meter = UseMeter(tickets, LearningState(table), clock)
    found = meter.refresh("acme")
    assert found.total == UseCounts(1, 1, 1, 1)
    assert found.by_model == {"TP-12": UseCounts(0, 0, 1, 1), "TP-8": UseCounts(1, 1, 0, 0)}
    assert found.by_category == {"THERMAL": found.total}
    assert found.by_writer == {"tiny-1": found.total}
    assert found.by_week == {"2026-W19": found.total}
    assert meter.report("acme") == found  # kept, not counted again
    assert meter.report("other").total == UseCounts()


def test_weeks_are_iso_weeks() -> None:
    assert week_of(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"


def _solution(ticket: str) -> Solution:
    return Solution(
        "sol", ticket, "en", (Step(1, Section.REMEDY, "Remedy", "Replace it.", ()),), (), (), (), (),
        Quality(1, 1, 1), Decision(Outcome.PUBLISH, 1, ()), Routing("p", "tiny-1", "1"), Performance(1),
    )  # fmt: skip
