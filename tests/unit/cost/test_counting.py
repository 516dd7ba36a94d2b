"""What happens is counted once, and counting anew gives the same figures."""

from dataclasses import replace

import pytest

from rimedio.cost.counting import Counting
from rimedio.cost.insights import InsightReader, Insights
from rimedio.cost.ledger import Ledger
from rimedio.cost.tally import Answered
from rimedio.domain.answer import (
    Decision,
    Outcome,
    Performance,
    Quality,
    Routing,
    Solution,
)
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.feedback import Feedback, Use
from rimedio.domain.review import Review, ReviewVerdict
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.observability.catalogue import ANSWER_SECONDS, TICKET_SECONDS, TICKETS_OPENED, TICKETS_SETTLED
from rimedio.observability.metrics import Meter
from rimedio.storage.database import Database
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore

TENANT = "acme#1"  # a name that keys must escape


class Desk:
    """Opens tickets and lets them go their way."""

    def __init__(self, clock: FakeClock) -> None:
        database = Database(None)
        self.clock = clock
        self.ids = SeededIds(7)
        self.table = SqliteTable(database, clock)
        self.stream = SqliteChangeStream(database, clock)
        self.tickets = TicketStore(self.table, clock, self.ids)
        self.reviews = ReviewStore(self.table)
        self.meter = Meter()
        self.counting = Counting(self.table, self.stream, self.meter)
        self.reader = InsightReader(self.table, Ledger(self.table), clock)

    def open(self) -> Ticket:
        ticket = Ticket(
            ticket_id=self.ids.new("tkt"),
            tenant_id=TENANT,
            customer=Customer(id="c", name="C"),
            asset=Asset(product_type="EV_CHARGER", model="XC-200", serial="1"),
            symptom_text="It does not charge any more",
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
        )
        self.tickets.create(ticket)
        return self.move(ticket, Status.PROCESSING)

    def move(self, ticket: Ticket, status: Status, solution: Solution | None = None) -> Ticket:
        moved = ticket.moved_to(status, self.clock.now())
        if solution is not None:
            moved = moved.model_copy(update={"solution_id": solution.solution_id})
        self.tickets.save(moved, solution=solution)
        return moved

    def solution(
        self, ticket: Ticket, outcome: Outcome, confidence: float = 0.92, ms: float = 80
    ) -> Solution:
        return Solution(
            solution_id=self.ids.new("sol"),
            ticket_id=ticket.ticket_id,
            language="en",
            steps=(),
            citations=(),
            claims=(),
            safety_flags=(),
            alternative_actions=(),
            quality=Quality(0.9, 1.0, confidence),
            decision=Decision(outcome, confidence, ()),
            routing=Routing("extractive", "extractive-1", "v"),
            performance=Performance(ms),
        )

    def answered(self, outcome: Outcome, confidence: float = 0.92, ms: float = 80) -> tuple[Ticket, Solution]:
        status = {
            Outcome.PUBLISH: Status.READY,
            Outcome.REVIEW: Status.IN_REVIEW,
            Outcome.ASK: Status.NEEDS_INFO,
            Outcome.ESCALATE: Status.ESCALATED,
        }[outcome]
        ticket = self.open()
        solution = self.solution(ticket, outcome, confidence, ms)
        return self.move(ticket, status, solution), solution

    def review(
        self, ticket: Ticket, solution: Solution, verdict: ReviewVerdict, edited: str | None = None
    ) -> None:
        review = Review(
            self.ids.new("rev"),
            TENANT,
            ticket.ticket_id,
            solution.solution_id,
            "ann",
            verdict,
            self.clock.now(),
            edited_solution_id=edited,
        )
        self.table.transact_write([self.reviews.put(review)])

    def feedback(self, ticket: Ticket, solution: Solution, helpful: bool, **changes: object) -> None:
        values: dict[str, object] = {
            "feedback_id": self.ids.new("fbk"),
            "tenant_id": TENANT,
            "ticket_id": ticket.ticket_id,
            "solution_id": solution.solution_id,
            "operator_id": "ann",
            "created_at": self.clock.now(),
            "rating": 5 if helpful else 1,
            "was_helpful": helpful,
        }
        self.tickets.add_feedback(Feedback.model_validate(values | changes))

    def count(self) -> Insights:
        while self.counting.run_once():
            pass
        return self.reader.read(TENANT, 3)


@pytest.fixture
def desk(clock: FakeClock) -> Desk:
    return Desk(clock)


def test_a_day_tells_what_became_of_its_tickets(desk: Desk) -> None:
    ready, _ = desk.answered(Outcome.PUBLISH)
    desk.answered(Outcome.REVIEW)
    desk.answered(Outcome.ASK)
    desk.answered(Outcome.ESCALATE)
    desk.move(ready, Status.RESOLVED)

    found = desk.count()

    today = found.per_day[-1]
    assert (today.opened, today.resolved, today.published, today.asked, today.escalated) == (4, 1, 1, 1, 1)
    assert found.tickets.total == 4
    assert {name: n for name, n in found.tickets.by_status.items() if n} == {
        "RESOLVED": 1,
        "IN_REVIEW": 1,
        "NEEDS_INFO": 1,
        "ESCALATED": 1,
    }
    assert (found.resolution_rate, found.deflection_rate) == (0.25, 0.25)


def test_a_ticket_that_failed_before_any_solution_counts_as_escalated(desk: Desk) -> None:
    desk.move(desk.open(), Status.ESCALATED)
    assert desk.count().per_day[-1].escalated == 1


def test_a_reopened_ticket_was_not_resolved_after_all(desk: Desk) -> None:
    ticket, _ = desk.answered(Outcome.PUBLISH)
    resolved = desk.move(ticket, Status.RESOLVED)
    desk.clock.advance(86_400)
    desk.move(resolved, Status.PROCESSING)
    found = desk.count()
    assert [day.resolved for day in found.per_day] == [0, 0, 0]
    assert found.tickets.by_status["PROCESSING"] == 1


def test_what_a_reviewer_wrote_is_no_answer_of_the_workflow(desk: Desk) -> None:
    ticket, draft = desk.answered(Outcome.REVIEW)
    edited = replace(draft, solution_id="sol_edited")
    desk.review(ticket, draft, ReviewVerdict.EDITED, edited.solution_id)
    desk.move(ticket, Status.READY, edited)

    found = desk.count()

    assert (found.per_day[-1].published, found.per_day[-1].reviewed) == (1, 1)
    assert found.coverage[0].answered == 1
    assert found.deflection_rate == 0


def test_the_curve_tells_how_many_answers_of_a_confidence_were_wrong(desk: Desk) -> None:
    for confidence, helpful in ((0.95, True), (0.95, True), (0.91, False), (0.52, False), (0.10, None)):
        ticket, solution = desk.answered(Outcome.PUBLISH, confidence)
        if helpful is not None:
            desk.feedback(ticket, solution, helpful)

    curve = {point.threshold: point for point in desk.count().coverage}

    assert (curve[0.0].coverage, curve[0.0].error, curve[0.0].judged) == (1.0, 0.5, 4)
    assert (curve[0.9].coverage, curve[0.9].error, curve[0.9].answered) == (0.6, 0.3333, 3)
    assert (curve[0.95].coverage, curve[0.95].error) == (0.4, 0.0)


def test_the_latest_judgement_of_a_solution_counts(desk: Desk) -> None:
    ticket, solution = desk.answered(Outcome.REVIEW)
    desk.review(ticket, solution, ReviewVerdict.APPROVED)
    assert desk.count().coverage[0].error == 0
    desk.feedback(ticket, solution, helpful=False)
    point = desk.count().coverage[0]
    assert (point.judged, point.error) == (1, 1.0)


def test_feedback_that_was_only_measured_tells_the_use_and_judges_nothing(desk: Desk) -> None:
    ticket, solution = desk.answered(Outcome.PUBLISH)
    desk.answered(Outcome.PUBLISH)
    desk.feedback(ticket, solution, helpful=False, measured=True, use=Use.USED)
    found = desk.count()
    assert (found.use.used, found.use.unknown) == (1, 1)
    assert found.coverage[0].judged == 0


def test_a_batch_that_is_delivered_again_counts_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between counting and acknowledging."""
    desk.answered(Outcome.PUBLISH)
    acknowledge = desk.stream.acknowledge
    monkeypatch.setattr(desk.stream, "acknowledge", lambda *_: None)
    for _ in range(3):
        desk.counting.run_once()
    monkeypatch.setattr(desk.stream, "acknowledge", acknowledge)
    found = desk.count()
    assert (found.tickets.total, found.per_day[-1].opened, found.per_day[-1].published) == (1, 1, 1)


def test_more_changes_than_a_transaction_holds_are_counted_in_parts(desk: Desk) -> None:
    """Judgements are an item each: two hundred do not fit a hundred actions."""
    made = [desk.answered(Outcome.PUBLISH) for _ in range(120)]
    desk.count()
    for ticket, solution in made:
        desk.feedback(ticket, solution, helpful=True)
    found = desk.count()
    assert (found.coverage[0].judged, found.coverage[0].error) == (120, 0)


def test_its_own_writing_keeps_it_busy_no_longer_than_once(desk: Desk) -> None:
    desk.answered(Outcome.PUBLISH)
    turns = 0
    while desk.counting.run_once():
        turns += 1
        assert turns < 5


def test_counting_anew_gives_the_same_figures(desk: Desk) -> None:
    for n, outcome in enumerate((Outcome.PUBLISH, Outcome.REVIEW, Outcome.ASK, Outcome.ESCALATE) * 3):
        ticket, solution = desk.answered(outcome, 0.3 + n / 20, 40 * n)
        if outcome is Outcome.REVIEW:
            desk.review(ticket, solution, ReviewVerdict.APPROVED if n % 2 else ReviewVerdict.REJECTED)
            ticket = desk.move(ticket, Status.READY)
        if outcome is Outcome.PUBLISH:
            desk.feedback(ticket, solution, helpful=n > 5, use=Use.USED)
        if n % 3 == 0 and outcome in {Outcome.PUBLISH, Outcome.REVIEW}:
            desk.move(ticket, Status.RESOLVED)
    counted = desk.count()

    assert desk.counting.rebuild([TENANT]) == 12

    assert desk.reader.read(TENANT, 3) == counted
    assert counted.tickets.total == 12


def test_the_services_metrics_are_fed_by_the_way(desk: Desk) -> None:
    ticket = desk.open()
    desk.clock.advance(4)
    desk.move(ticket, Status.READY, desk.solution(ticket, Outcome.PUBLISH, ms=900))
    desk.count()
    found = {(r.metric, r.labels): r for r in desk.meter.read()}
    assert found[TICKETS_OPENED, ()].total == 1
    assert found[TICKETS_SETTLED, ("READY",)].total == 1
    assert found[TICKET_SECONDS, ()].total == 4
    assert found[ANSWER_SECONDS, ()].total == pytest.approx(0.9)


def test_whoever_pays_for_time_hears_of_each_answer_before_it_is_counted(clock: FakeClock) -> None:
    desk = Desk(clock)
    told: list[Answered] = []
    desk.counting = Counting(desk.table, desk.stream, Meter(), told.append)
    ticket, solution = desk.answered(Outcome.PUBLISH, ms=500)
    desk.count()
    assert told == [Answered(TENANT, ticket.ticket_id, solution.solution_id, 0.5, clock.now())]


def test_times_after_a_question_to_the_customer_are_not_those_of_an_answer(desk: Desk) -> None:
    ticket, _ = desk.answered(Outcome.ASK, ms=100)
    desk.clock.advance(5000)
    taken_up = desk.move(ticket, Status.PROCESSING)
    desk.move(taken_up, Status.READY, desk.solution(ticket, Outcome.PUBLISH, ms=5_000_000))
    found = desk.count()
    assert found.latency.p95_ms is not None
    assert found.latency.p95_ms <= 100
