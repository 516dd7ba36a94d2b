"""The ticket's way, state by state, on the real engine."""

import pytest
from tests.integration.tickets.workshop import TENANT, FailingWriter, ScriptedGuard, Workshop, request

from rimedio.answering.decide import DANGEROUS
from rimedio.domain.answer import Outcome
from rimedio.domain.conversation import Author
from rimedio.domain.errors import Conflict, GenerationFailed, ModelUnavailable, Throttled
from rimedio.domain.ticket import Attachment, AttachmentType, Status
from rimedio.tickets.parts import Classified

pytestmark = pytest.mark.usefixtures("home")


def test_a_clear_ticket_is_answered_from_the_manual() -> None:
    shop = Workshop()
    ticket = shop.work()
    assert ticket.status is Status.READY
    solution = shop.tickets.solution(TENANT, ticket.ticket_id, str(ticket.solution_id))
    said = " ".join(step.text for step in solution.steps)
    assert "replace the air filter XC2-FLT-01" in said
    assert "fan" not in said
    assert solution.citations[0].section[-1] == "E029 Overtemperature"
    assert ticket.category == "THERMAL"
    assert shop.settled == [(ticket.ticket_id, Status.READY)]


def test_the_parallel_searches_and_the_checks_are_all_on_the_way() -> None:
    shop = Workshop()
    entered = shop.states(shop.work())
    assert entered[:6] == ["Validate", "Enrich", "ExtractAttachments", "Inspect", "Refused?", "Classify"]
    assert {"HybridSearch", "ExactCode", "SimilarSolved", "AssembleContext", "Generate"} <= set(entered)
    assert entered[-6:] == ["Verify", "Decide", "WhatNow?", "Publish", "Store", "Notify"]


def test_no_personal_data_reaches_the_writer_or_the_search() -> None:
    shop = Workshop()
    ticket = shop.work()
    (case,) = shop.decider.cases
    assert "Mario" not in case.question.text
    assert "[PERSON_1]" in case.question.text
    assert b"Mario" not in shop.objects.get(TENANT, f"vaults/{ticket.ticket_id}.json")
    assert shop.vaults.get(TENANT, ticket.ticket_id) == "{}"


def test_a_refused_request_reaches_no_writer() -> None:
    writer = FailingWriter([])
    shop = Workshop(primary=writer, guard=ScriptedGuard(injection=True))
    ticket = shop.work()
    assert (ticket.status, ticket.status_reason) == (Status.ESCALATED, "injection")
    assert writer.calls == 0
    assert "Classify" not in shop.states(ticket)


def test_a_hazard_that_the_customer_tells_is_noted_for_the_decision_and_for_the_person() -> None:
    shop = Workshop()
    told = shop.work(symptom_text="Code E029, and the station gave me a shock when I touched the cable")
    assert DANGEROUS in shop.decider.cases[0].flags
    noted = shop.investigate(told, ("DANGEROUS_REQUEST: a person decides",))
    assert "Call whoever wrote at once" in noted.suggested_next[0]


def test_the_warnings_of_an_attached_manual_are_no_hazard() -> None:
    shop = Workshop()
    shop.objects.put(TENANT, "attachments/a.log", b"DANGER of electric shock. E030 raised")
    attachment = Attachment(id="a", type=AttachmentType.LOG, uri="object:attachments/a.log", name="a.log")
    shop.work(symptom_text="It stopped, see the log file", attachments=[attachment])
    assert DANGEROUS not in shop.decider.cases[0].flags


def test_a_passage_that_gives_orders_is_not_shown_to_the_writer() -> None:
    honest = Workshop()
    honest.work()
    chunk_id = honest.decider.cases[0].context.entries[0].passage.chunk.chunk_id
    shop = Workshop(guard=ScriptedGuard(suspicious_ids=frozenset({chunk_id})))
    shop.work()
    assert chunk_id not in {e.passage.chunk.chunk_id for e in shop.decider.cases[0].context.entries}


@pytest.mark.parametrize(
    ("confidence", "state", "flags"),
    [
        (0.85, "Retrieve", ()),
        (0.84, "FlagCategory", ("category-uncertain",)),
        (0.69, "SecondOpinion", ("category-unknown",)),
    ],
)
def test_an_unsure_category_is_flagged_or_judged_twice(
    confidence: float, state: str, flags: tuple[str, ...]
) -> None:
    shop = Workshop(confidence=confidence)
    entered = shop.states(shop.work())
    assert entered[entered.index("SureOfTheCategory?") + 1] == state
    assert shop.decider.cases[0].flags == flags


def test_a_second_opinion_that_agrees_is_noted() -> None:
    shop = Workshop(confidence=0.3, opinion=Classified("THERMAL", 0.9))
    shop.work()
    assert shop.decider.cases[0].flags == ("category-second-opinion",)


def test_an_opinion_that_knows_no_category_takes_the_first_guess_from_nobody() -> None:
    alone = Workshop(confidence=0.3)
    guessed = alone.work()
    shop = Workshop(confidence=0.3, opinion=Classified("UNKNOWN", 0.0))
    assert shop.work().category == guessed.category != "UNKNOWN"
    assert shop.decider.cases[0].flags == alone.decider.cases[0].flags


def test_a_throttled_writer_is_tried_again_after_growing_waits() -> None:
    writer = FailingWriter([Throttled("slow down"), Throttled("slow down")])
    shop = Workshop(primary=writer)
    started = shop.clock.now()
    ticket = shop.work()
    assert (ticket.status, writer.calls) == (Status.READY, 3)
    assert 0 <= (shop.clock.now() - started).total_seconds() <= 5 + 10 + 2  # and what a poll comes late


def test_a_failing_writer_gives_way_to_the_next_and_then_to_the_extractive_one() -> None:
    shop = Workshop(
        primary=FailingWriter([GenerationFailed("no JSON")]),
        fallback=FailingWriter([GenerationFailed("no JSON")]),
    )
    ticket = shop.work()
    solution = shop.tickets.solution(TENANT, ticket.ticket_id, str(ticket.solution_id))
    assert ticket.status is Status.READY
    assert solution.routing.provider == "extractive"
    assert solution.routing.fallback_used
    assert "no JSON" in str(solution.routing.reason)


def test_a_reviewer_approves_and_the_same_execution_goes_on() -> None:
    shop = Workshop([Outcome.REVIEW])
    waiting = shop.work()
    assert waiting.status is Status.IN_REVIEW
    assert shop.tickets.solution(TENANT, waiting.ticket_id, str(waiting.solution_id)).steps
    assert shop.judge(waiting, "APPROVED").ticket.status is Status.READY
    ready = shop.runner.settle(waiting)
    assert (ready.status, ready.execution_id) == (Status.READY, waiting.execution_id)
    assert shop.engine.describe(str(ready.execution_id)).status == "SUCCEEDED"
    with pytest.raises(Conflict, match="does not wait for a review"):
        shop.judge(waiting, "APPROVED", reviewer="berta")


def test_a_rejected_remedy_never_reaches_the_customer() -> None:
    shop = Workshop([Outcome.REVIEW])
    waiting = shop.work()
    shop.judge(waiting, "REJECTED", reason="wrong filter")
    ended = shop.runner.settle(waiting)
    assert ended.status is Status.ESCALATED
    assert "review-rejected" in str(ended.status_reason)


def test_a_review_that_nobody_does_ends_with_a_person_after_two_weeks() -> None:
    shop = Workshop([Outcome.REVIEW])
    waiting = shop.work()
    shop.clock.advance(15 * 24 * 3600)
    assert shop.runner.settle(waiting).status is Status.ESCALATED


def test_the_customers_reply_is_part_of_the_next_try() -> None:
    shop = Workshop([Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work(symptom_text="The charger does not work at all")
    assert (asked.status, asked.status_reason) == (Status.NEEDS_INFO, "Which code is on the display?")
    shop.reply(TENANT, asked.ticket_id, "The display shows E029")
    ready = shop.runner.settle(asked)
    assert ready.status is Status.READY
    second = shop.decider.cases[1]
    assert (second.question.codes, second.asked) == (("E029",), 1)
    said = shop.conversations.messages(TENANT, ready.ticket_id).messages
    assert [m.author for m in said] == [Author.ASSISTANT, Author.CUSTOMER]


def test_what_an_attachment_says_is_read() -> None:
    shop = Workshop()
    shop.objects.put(TENANT, "attachments/a.log", b"2026-01-01 fault E030 raised")
    attachment = Attachment(id="a", type=AttachmentType.LOG, uri="object:attachments/a.log", name="a.log")
    shop.work(symptom_text="It stopped, see the log file", attachments=[attachment])
    assert shop.decider.cases[0].question.codes == ("E030",)


@pytest.mark.parametrize("uri", ["object:missing.log", "https://example.com/a.log"])
def test_an_attachment_that_cannot_be_read_does_not_stop_the_ticket(uri: str) -> None:
    shop = Workshop()
    attachment = Attachment(id="a", type=AttachmentType.LOG, uri=uri)
    assert shop.work(attachments=[attachment]).status is Status.READY


def test_a_broken_step_hands_the_ticket_to_a_person() -> None:
    shop = Workshop()
    shop.decider.outcomes = []  # the decider breaks with an IndexError
    ticket = shop.work()
    assert ticket.status is Status.ESCALATED
    assert ticket.status_reason == "IndexError: list index out of range"


def test_an_accepted_ticket_that_was_never_started_is_started_later() -> None:
    shop = Workshop()
    ticket = shop.open(TENANT, request())
    again = Workshop()
    again.tickets.create(ticket)
    assert again.runner.recover(TENANT) == 1
    again.runner.drain()
    assert again.tickets.get(TENANT, ticket.ticket_id).status is Status.READY


def test_a_ticket_whose_execution_could_not_begin_begins_at_the_next_start() -> None:
    shop = Workshop()
    shop.broken = ModelUnavailable("the model is not built")
    assert shop.work().status is Status.NEW
    shop.broken = None
    assert shop.runner.recover(TENANT) == 1
    shop.runner.drain()
    (ticket,) = shop.tickets.list_all(TENANT).tickets
    assert ticket.status is Status.READY
