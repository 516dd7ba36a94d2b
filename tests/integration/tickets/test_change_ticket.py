"""Resolve, reopen, escalate: what is written along, and what becomes of the execution."""

from dataclasses import replace

import pytest
from tests.integration.tickets.workshop import TENANT, Workshop, request

from rimedio.domain.answer import Outcome
from rimedio.domain.conversation import Author
from rimedio.domain.errors import IllegalMove, InvalidInput, NotFound
from rimedio.domain.feedback import Use
from rimedio.domain.ticket import Status, Ticket
from rimedio.tickets.desk.change_ticket import ReopenTicket
from rimedio.tickets.desk.find_similar import FindSimilar

pytestmark = pytest.mark.usefixtures("home")


class NeverStarts:
    """The process dies before the execution begins."""

    def start(self, ticket: Ticket) -> str:
        return ""

    def stop(self, ticket: Ticket, reason: str) -> None:
        raise AssertionError("nothing runs")


def uses(shop: Workshop, ticket_id: str) -> list[Use | None]:
    return [f.use for f in shop.tickets.feedback(TENANT, ticket_id) if f.measured]


def test_a_published_remedy_whose_ticket_is_resolved_was_used() -> None:
    shop = Workshop()
    ticket = shop.work()
    shop.clock.advance(600)
    resolved = shop.resolve(TENANT, ticket.ticket_id, by="anna", reason="the filter it was")
    assert (resolved.status, resolved.status_reason) == (Status.RESOLVED, "the filter it was")
    (feedback,) = shop.tickets.feedback(TENANT, ticket.ticket_id)
    assert (feedback.use, feedback.resolved_issue, feedback.time_to_resolution_minutes) == (
        Use.USED,
        True,
        10,
    )
    assert shop.tickets.similar_solved(TENANT, "XC-200", None) == (resolved,)


def test_a_ticket_resolved_without_its_draft_ignored_it() -> None:
    shop = Workshop([Outcome.ESCALATE])
    ticket = shop.work()
    assert ticket.status is Status.ESCALATED
    shop.resolve(TENANT, ticket.ticket_id, by="anna")
    assert uses(shop, ticket.ticket_id) == [Use.IGNORED]


def test_an_edited_remedy_is_counted_once_when_its_ticket_is_resolved() -> None:
    shop = Workshop([Outcome.REVIEW])
    ticket = shop.work()
    shop.judge(
        ticket,
        "EDITED",
        steps=[{"section": "REMEDY", "title": "Remedy", "text": "Replace the air filter XC2-FLT-01."}],
    )
    shop.resolve(TENANT, ticket.ticket_id, by="anna")
    assert uses(shop, ticket.ticket_id) == [Use.EDITED]


def test_a_second_click_on_resolve_is_refused_and_measures_nothing_twice() -> None:
    shop = Workshop()
    ticket = shop.work()
    shop.resolve(TENANT, ticket.ticket_id, by="anna")
    with pytest.raises(IllegalMove):
        shop.resolve(TENANT, ticket.ticket_id, by="anna")
    assert uses(shop, ticket.ticket_id) == [Use.USED]


def test_a_ticket_that_waits_for_the_customer_can_be_resolved_and_its_execution_ends() -> None:
    shop = Workshop([Outcome.ASK])
    ticket = shop.work()
    shop.resolve(TENANT, ticket.ticket_id, by="anna", reason="it works again")
    shop.runner.drain()
    assert shop.engine.describe(str(ticket.execution_id)).status == "ABORTED"
    assert shop.tickets.get(TENANT, ticket.ticket_id).status is Status.RESOLVED


def test_a_reopened_ticket_runs_again_and_the_same_remedy_goes_to_a_person() -> None:
    shop = Workshop()
    first = shop.work()
    shop.resolve(TENANT, first.ticket_id, by="anna")
    again = shop.reopen(TENANT, first.ticket_id, by="tom", reason="It stops again.", author=Author.CUSTOMER)
    assert (again.status, again.execution_id) == (Status.PROCESSING, None)
    second = shop.runner.settle(again)
    assert second.status is Status.IN_REVIEW
    assert second.execution_id != first.execution_id
    assert str(second.status_reason).startswith("SAME_REMEDY")
    assert shop.tickets.similar_solved(TENANT, "XC-200", None) == ()
    (said,) = shop.conversations.messages(TENANT, first.ticket_id).messages
    assert (said.author, said.text) == (Author.CUSTOMER, "It stops again.")
    assert "It stops again." in shop.guard.seen[-1]


def test_another_remedy_of_a_reopened_ticket_goes_to_a_person_too() -> None:
    shop = Workshop()
    first = shop.work()
    again = shop.reopen(
        TENANT, first.ticket_id, by="tom", reason="Now it shows E030.", author=Author.CUSTOMER
    )
    second = shop.runner.settle(again)
    assert second.status is Status.IN_REVIEW
    assert str(second.status_reason).startswith("REOPENED")


def test_a_reopened_ticket_that_crashed_before_it_was_started_is_started_later() -> None:
    shop = Workshop()
    ticket = shop.work()
    crashing = replace(shop.reopen.parts, executions=NeverStarts())
    ReopenTicket(crashing)(TENANT, ticket.ticket_id, by="anna")
    assert shop.runner.recover(TENANT) == 1
    shop.runner.drain()
    assert shop.tickets.get(TENANT, ticket.ticket_id).status is Status.IN_REVIEW


@pytest.mark.parametrize("outcome", [Outcome.REVIEW, Outcome.ASK])
def test_what_waits_for_somebody_cannot_be_reopened(outcome: Outcome) -> None:
    shop = Workshop([outcome])
    ticket = shop.work()
    with pytest.raises(IllegalMove, match="in work already"):
        shop.reopen(TENANT, ticket.ticket_id, by="anna")


@pytest.mark.parametrize("outcome", [Outcome.REVIEW, Outcome.ASK, Outcome.PUBLISH])
def test_an_escalation_by_hand_takes_the_ticket_from_its_execution(outcome: Outcome) -> None:
    shop = Workshop([outcome])
    ticket = shop.work()
    moved = shop.escalate(TENANT, ticket.ticket_id, by="anna", reason="a customer for Carla")
    assert (moved.status, moved.status_reason) == (Status.ESCALATED, "a customer for Carla")
    assert moved.waiting_since == shop.clock.now()
    shop.runner.drain()
    assert shop.engine.describe(str(ticket.execution_id)).is_over
    assert shop.tickets.get(TENANT, ticket.ticket_id) == moved
    notes = shop.reviews.notes(TENANT, ticket.ticket_id)
    assert notes is not None
    assert "a customer for Carla" in notes.summary


def test_a_ticket_that_is_being_worked_on_can_be_taken_over() -> None:
    shop = Workshop()
    ticket = shop.open(TENANT, request())
    shop.tickets.change(TENANT, ticket.ticket_id, lambda t: t.moved_to(Status.PROCESSING, shop.clock.now()))
    moved = shop.escalate(TENANT, ticket.ticket_id, by="anna")
    shop.runner.drain()
    assert shop.tickets.get(TENANT, ticket.ticket_id) == moved


def test_another_tenants_ticket_is_not_there_and_a_novel_is_no_reason() -> None:
    shop = Workshop()
    ticket = shop.work()
    for move in (shop.resolve, shop.reopen, shop.escalate):
        with pytest.raises(NotFound):
            move("other", ticket.ticket_id, by="eve")
        with pytest.raises(InvalidInput, match="Shorten"):
            move(TENANT, ticket.ticket_id, by="anna", reason="x" * 3000)


def test_a_decision_that_escalates_leaves_notes_with_the_passages_found() -> None:
    shop = Workshop([Outcome.ESCALATE])
    ticket = shop.work(lang="it", symptom_text="La colonnina si ferma con E029 e il vetrino lampeggia")
    notes = shop.reviews.notes(TENANT, ticket.ticket_id)
    assert notes is not None
    assert notes.summary.startswith("XC-200, matricola SN1. Il cliente dice:")
    assert "scripted" in notes.summary
    assert any(line.startswith("Cercato nei manuali") for line in notes.tried)
    assert any("E029" in str(f.citation and f.citation.section) for f in notes.found)
    assert "La versione del firmware non è indicata." in notes.missing
    assert any("vetrino" in line for line in notes.missing)
    assert notes.suggested_next


def test_notes_name_similar_solved_tickets() -> None:
    shop = Workshop([Outcome.PUBLISH, Outcome.ESCALATE])
    solved = shop.work(error_code="E029")
    shop.resolve(TENANT, solved.ticket_id, by="anna")
    ticket = shop.work(error_code="E029", customer={"id": "c2", "name": "Bianchi"})
    notes = shop.reviews.notes(TENANT, ticket.ticket_id)
    assert notes is not None
    assert notes.similar == (solved.ticket_id,)


def test_a_broken_run_still_reaches_a_person_with_notes() -> None:
    shop = Workshop()
    shop.decider.outcomes = []
    ticket = shop.work()
    notes = shop.reviews.notes(TENANT, ticket.ticket_id)
    assert notes is not None
    assert any("IndexError" in line for line in notes.tried)


def test_notes_that_cannot_be_made_keep_no_ticket_from_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Workshop([Outcome.ESCALATE])
    ticket = shop.open(TENANT, request())

    def broken(*_args: object, **_more: object) -> None:
        raise NotFound("no similar tickets today")

    monkeypatch.setattr(FindSimilar, "__call__", broken)
    shop.runner.drain()
    now = shop.tickets.get(TENANT, ticket.ticket_id)
    assert now.status is Status.ESCALATED
    assert shop.reviews.notes(TENANT, ticket.ticket_id) is None
