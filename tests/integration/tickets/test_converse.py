"""What is said about a ticket, what it wakes, and what people think of the remedy."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pydantic import ValidationError
from tests.integration.tickets.workshop import TENANT, Workshop

from rimedio.domain.answer import Outcome
from rimedio.domain.conversation import Author
from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.domain.ticket import Status
from rimedio.tickets.desk.give_feedback import FeedbackRequest, GiveFeedback

pytestmark = pytest.mark.usefixtures("home")


def test_the_customers_reply_resumes_the_same_execution() -> None:
    shop = Workshop([Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()
    said = shop.say(TENANT, asked.ticket_id, "  The display shows E029 ", Author.CUSTOMER)
    assert said.text == "The display shows E029"
    ready = shop.runner.settle(asked)
    assert (ready.status, ready.execution_id) == (Status.READY, asked.execution_id)


def test_two_replies_at_once_are_both_kept_and_resume_once() -> None:
    shop = Workshop([Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()
    shop.say(TENANT, asked.ticket_id, "It shows E029", Author.CUSTOMER)
    shop.clock.advance(0.001)
    shop.say(TENANT, asked.ticket_id, "And it is hot", Author.CUSTOMER)
    assert shop.runner.settle(asked).status is Status.READY
    said = [m.text for m in shop.say.list(TENANT, asked.ticket_id).messages]
    assert said[-2:] == ["It shows E029", "And it is hot"]


def test_a_reply_to_what_was_not_asked_or_is_over_is_refused() -> None:
    shop = Workshop([Outcome.ASK])
    asked = shop.work()
    shop.resolve(TENANT, asked.ticket_id, by="anna")
    with pytest.raises(Conflict, match="does not wait for a reply"):
        shop.reply(TENANT, asked.ticket_id, "It shows E029")


def test_an_operators_note_wakes_nothing() -> None:
    shop = Workshop([Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()
    shop.say(TENANT, asked.ticket_id, "I will call them", Author.OPERATOR)
    assert shop.runner.settle(asked).status is Status.NEEDS_INFO


def test_a_message_to_a_ticket_that_waits_for_nothing_is_kept() -> None:
    shop = Workshop()
    ticket = shop.work()
    shop.say(TENANT, ticket.ticket_id, "Thank you", Author.CUSTOMER)
    assert shop.tickets.get(TENANT, ticket.ticket_id) == ticket


def test_a_customer_is_asked_so_often_and_no_more() -> None:
    shop = Workshop([Outcome.ASK, Outcome.ASK, Outcome.ESCALATE])
    ticket = shop.work()
    for _ in range(2):
        shop.say(TENANT, ticket.ticket_id, "I do not know", Author.CUSTOMER)
        ticket = shop.runner.settle(ticket)
    assert ticket.status is Status.ESCALATED
    assert [case.asked for case in shop.decider.cases] == [0, 1, 2]
    notes = shop.reviews.notes(TENANT, ticket.ticket_id)
    assert notes is not None
    assert "The customer was asked 2 times." in notes.tried


@pytest.mark.parametrize("text", ["", "   ", "x" * 20_001])
def test_an_empty_or_endless_message_is_refused(text: str) -> None:
    shop = Workshop()
    ticket = shop.work()
    with pytest.raises(InvalidInput):
        shop.say(TENANT, ticket.ticket_id, text, Author.CUSTOMER)


def test_another_tenant_neither_reads_nor_writes() -> None:
    shop = Workshop()
    ticket = shop.work()
    with pytest.raises(NotFound):
        shop.say("other", ticket.ticket_id, "hello", Author.CUSTOMER)
    with pytest.raises(NotFound):
        shop.say.list("other", ticket.ticket_id)


def test_html_is_kept_as_the_text_that_it_is() -> None:
    shop = Workshop()
    ticket = shop.work()
    bad = "<img src=x onerror=alert(1)> =cmd|' /C calc'!A0"
    assert shop.say(TENANT, ticket.ticket_id, bad, Author.CUSTOMER).text == bad
    assert shop.say.list(TENANT, ticket.ticket_id).messages[-1].text == bad


def test_the_same_feedback_twice_is_one_and_other_words_are_another() -> None:
    shop = Workshop()
    ticket = shop.work()
    give = GiveFeedback(shop.tickets, shop.clock, shop.ids)
    request = FeedbackRequest(rating=4, was_helpful=True)
    together = Barrier(4)

    def click(_: int) -> None:
        together.wait(60)
        give(TENANT, ticket.ticket_id, request, "tom")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(click, range(4)))
    assert len(give.list(TENANT, ticket.ticket_id)) == 1
    give(TENANT, ticket.ticket_id, request, "anna")
    give(TENANT, ticket.ticket_id, request.model_copy(update={"rating": 5}), "tom")
    assert [f.rating for f in give.list(TENANT, ticket.ticket_id)] == [4, 4, 5]


def test_feedback_is_kept_with_who_gave_it_and_of_which_solution() -> None:
    shop = Workshop()
    ticket = shop.work()
    give = GiveFeedback(shop.tickets, shop.clock, shop.ids)
    request = FeedbackRequest(rating=4, was_helpful=True, comments="=1+1 <b>good</b>")
    given = give(TENANT, ticket.ticket_id, request, "tom")
    assert (given.operator_id, given.solution_id, given.measured) == ("tom", ticket.solution_id, False)
    assert give.list(TENANT, ticket.ticket_id) == (given,)
    with pytest.raises(Conflict, match="no solution sol_x"):
        give(
            TENANT, ticket.ticket_id, FeedbackRequest(rating=1, was_helpful=False, solution_id="sol_x"), "tom"
        )
    with pytest.raises(NotFound):
        give("other", ticket.ticket_id, request, "eve")
    with pytest.raises(NotFound):
        give.list("other", ticket.ticket_id)


@pytest.mark.parametrize(
    "fields", [{"rating": 6}, {"measured": True}, {"operator_id": "x"}, {"tenant_id": "y"}, {"accuracy": 0}]
)
def test_a_caller_cannot_send_what_is_not_theirs_to_say(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FeedbackRequest.model_validate({"rating": 3, "was_helpful": True} | fields)
