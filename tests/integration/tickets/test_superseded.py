"""A run that is broken off may be in the middle of a task, and people act between a read and a write.

Each test lets the second actor act just there.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from tests.integration.tickets.workshop import TENANT, Workshop, request

from rimedio.domain.answer import Decision, Outcome
from rimedio.domain.conversation import Author, Message
from rimedio.domain.errors import IllegalMove, Unavailable
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.conversations import ConversationStore, MessagePage
from rimedio.storage.database import translate
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.task_tokens import Waiting
from rimedio.tickets.tasks.store import FailInput, StoreInput, mark_failed, store
from rimedio.tickets.tasks.wait import TakeUpInput, WaitInput, ask_customer, request_review, take_up_again

Act = Callable[[], object]
DECISION = Decision(Outcome.REVIEW, 0.9, ("late",), "Which code?")


@dataclass
class Once:
    """Lets somebody else act the first time it is called."""

    act: Act
    done: bool = False

    def __call__(self) -> None:
        if not self.done:
            self.done = True
            self.act()


class TicketsMeanwhile(TicketStore):
    """Tickets; somebody else acts right after the first read, or the first write."""

    def __init__(self, shop: Workshop, *, read: Act = lambda: None, written: Act = lambda: None) -> None:
        super().__init__(shop.table, shop.clock, shop.ids)
        self._read, self._written = Once(read), Once(written)

    def find(self, tenant_id: str, ticket_id: str) -> Ticket | None:
        found = super().find(tenant_id, ticket_id)
        self._read()
        return found

    def save(self, *args: object, **more: object) -> None:
        super().save(*args, **more)  # type: ignore[arg-type]
        self._written()


class MessagesMeanwhile(ConversationStore):
    """Conversations; somebody else acts right after the first message is kept, or read."""

    def __init__(self, shop: Workshop, act: Act) -> None:
        super().__init__(shop.table)
        self._act = Once(act)

    def add(self, message: Message, **more: object) -> None:
        super().add(message, **more)  # type: ignore[arg-type]
        self._act()

    def messages(self, *args: object, **more: object) -> MessagePage:
        found = super().messages(*args, **more)  # type: ignore[arg-type]
        self._act()
        return found


def late_wait(shop: Workshop, ticket: Ticket) -> WaitInput:
    """What the run that had the ticket first would wait with, had it not been broken off."""
    (draft, *_) = shop.tickets.solutions(TENANT, ticket.ticket_id)
    old = replace(draft, solution_id="sol_late")
    return WaitInput(TENANT, ticket.ticket_id, "old-token", DECISION, old, execution_id=ticket.execution_id)


def reopened(shop: Workshop, ticket: Ticket) -> Ticket:
    """The ticket taken away from its run, and worked on by another."""
    shop.escalate(TENANT, ticket.ticket_id, by="anna")
    shop.reopen(TENANT, ticket.ticket_id, by="anna")
    return shop.runner.settle(shop.tickets.get(TENANT, ticket.ticket_id))


@pytest.mark.parametrize("wait", [request_review, ask_customer])
def test_a_run_that_lost_its_ticket_does_not_wait_with_it(
    wait: Callable[[TaskParts, WaitInput], None],
) -> None:
    shop = Workshop([Outcome.REVIEW])
    first = shop.work()
    given = late_wait(shop, first)
    second = reopened(shop, first)
    token = shop.tokens.find(TENANT, first.ticket_id, Waiting.REVIEW)
    with pytest.raises(IllegalMove, match="no longer this run's"):
        wait(shop.parts, given)
    assert shop.tickets.get(TENANT, first.ticket_id) == second
    assert shop.tokens.find(TENANT, first.ticket_id, Waiting.REVIEW) == token
    said = shop.conversations.messages(TENANT, first.ticket_id).messages
    assert all(message.author is not Author.ASSISTANT for message in said)


def test_a_reply_that_comes_with_an_escalation_leaves_the_ticket_to_the_person() -> None:
    shop = Workshop([Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()
    escalated = shop.escalate(TENANT, asked.ticket_id, by="anna")
    with pytest.raises(IllegalMove):
        take_up_again(shop.parts, TakeUpInput(TENANT, asked.ticket_id, asked.execution_id))
    assert shop.tickets.get(TENANT, asked.ticket_id) == escalated


def test_an_older_run_does_not_take_up_what_another_asked() -> None:
    shop = Workshop([Outcome.ASK])
    first = shop.work()
    second = reopened(shop, first)
    assert second.status is Status.NEEDS_INFO
    with pytest.raises(IllegalMove):
        take_up_again(shop.parts, TakeUpInput(TENANT, first.ticket_id, first.execution_id))
    assert shop.tickets.get(TENANT, first.ticket_id) == second
    shop.tokens.find(TENANT, first.ticket_id, Waiting.REPLY)


def test_a_run_that_ends_late_leaves_the_token_of_the_next_one() -> None:
    shop = Workshop([Outcome.REVIEW])
    first = shop.work()
    reopened(shop, first)
    store(
        shop.parts, StoreInput(TENANT, first.ticket_id, str(first.execution_id), Status.ESCALATED, DECISION)
    )
    shop.judge(first, "APPROVED")
    ended = shop.runner.settle(first)
    assert ended.status is Status.READY
    assert shop.runner.describe(str(ended.execution_id)).status == "SUCCEEDED"


def test_a_failure_is_not_written_over_a_ticket_that_was_just_given_to_another_run() -> None:
    shop = Workshop([Outcome.REVIEW])
    first = shop.work()
    tickets = TicketsMeanwhile(shop, read=lambda: reopened(shop, first))
    failed = FailInput(TENANT, first.ticket_id, execution_id=first.execution_id)
    mark_failed(replace(shop.parts, tickets=tickets), failed)
    assert shop.tickets.get(TENANT, first.ticket_id).status is Status.IN_REVIEW


def test_a_run_that_came_too_late_does_not_fail_the_ticket_of_the_next_one() -> None:
    shop = Workshop([Outcome.ESCALATE, Outcome.PUBLISH])
    ticket = shop.work()
    late = shop.runner.start(shop.reopen(TENANT, ticket.ticket_id, by="anna"))
    shop.escalate(TENANT, ticket.ticket_id, by="anna")  # before that run has taken it
    next_one = shop.reopen(TENANT, ticket.ticket_id, by="anna")
    mark_failed(shop.parts, FailInput(TENANT, ticket.ticket_id, execution_id=late))
    assert shop.tickets.get(TENANT, ticket.ticket_id) == next_one
    shop.runner.drain()
    assert shop.tickets.get(TENANT, ticket.ticket_id).status is Status.IN_REVIEW


def test_an_approval_does_not_publish_the_next_draft_of_a_ticket_reopened_in_the_same_moment() -> None:
    shop = Workshop([Outcome.REVIEW])
    first = shop.work()

    def reopen() -> None:
        shop.reopen(TENANT, first.ticket_id, by="anna")
        shop.runner.settle(shop.tickets.get(TENANT, first.ticket_id))

    tickets = TicketsMeanwhile(shop, written=reopen)
    shop.review = replace(shop.review, parts=replace(shop.review.parts, tickets=tickets))
    shop.judge(first, "APPROVED")
    shop.runner.drain()
    now = shop.tickets.get(TENANT, first.ticket_id)
    assert now.status is Status.IN_REVIEW
    assert now.solution_id != first.solution_id
    assert len(shop.review.list(TENANT, first.ticket_id)) == 1


def test_a_reply_does_not_answer_the_question_that_is_asked_after_it() -> None:
    shop = Workshop([Outcome.ASK, Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()

    def another_reply() -> None:
        shop.reply(TENANT, asked.ticket_id, "It shows nothing")
        shop.clock.advance(1)
        shop.runner.settle(asked)  # a second question

    say = replace(shop.say, conversations=MessagesMeanwhile(shop, another_reply))
    say(TENANT, asked.ticket_id, "It is hot", Author.CUSTOMER)
    assert shop.runner.settle(asked).status is Status.NEEDS_INFO
    assert [case.asked for case in shop.decider.cases] == [0, 1]


def test_who_looks_for_replies_does_not_answer_the_question_that_is_asked_meanwhile() -> None:
    shop = Workshop([Outcome.ASK, Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()
    kept_but_not_told(shop, asked, "It shows nothing")

    def another_look() -> None:
        assert shop.wake_answered.run_once() == 1
        shop.clock.advance(1)
        shop.runner.settle(asked)

    looking = replace(shop.wake_answered, conversations=MessagesMeanwhile(shop, another_look))
    assert looking.run_once() == 0
    assert shop.runner.settle(asked).status is Status.NEEDS_INFO


def test_a_reply_that_nobody_was_told_is_found_behind_an_operators_note() -> None:
    shop = Workshop([Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()
    kept_but_not_told(shop, asked, "It shows E029")
    shop.clock.advance(1)
    shop.say(TENANT, asked.ticket_id, "I called them", Author.OPERATOR)
    assert shop.wake_answered.run_once() == 1
    assert shop.runner.settle(asked).status is Status.READY


def test_a_ticket_whose_start_met_a_busy_database_is_started_a_minute_later() -> None:
    shop = Workshop()
    refused = ["start"]

    class Busy:
        def start(self, ticket: Ticket) -> str:
            refused.pop()
            raise Unavailable("The database has been in use by another writer for 10 seconds.")

        def stop(self, ticket: Ticket, reason: str) -> None:
            raise AssertionError("nothing is stopped here")

    opened = replace(shop.open, runner=Busy())(TENANT, request())
    assert refused == []
    shop.runner.pick_up(TENANT)
    shop.runner.drain()
    assert (
        shop.tickets.get(TENANT, opened.ticket_id).status is Status.NEW
    )  # who accepted it may still start it
    shop.clock.advance(61)
    shop.runner.pick_up(TENANT)
    shop.runner.drain()
    assert shop.tickets.get(TENANT, opened.ticket_id).status is Status.READY
    assert shop.runner.pick_up(TENANT) == 0


def test_a_busy_database_fails_no_ticket() -> None:
    shop = Workshop()
    shop.broken = translate(sqlite3.OperationalError("database is locked"), None)
    opened = shop.open(TENANT, request())
    shop.runner.drain()
    shop.broken = None
    shop.clock.advance(60)
    assert shop.runner.settle(opened).status is Status.READY


def kept_but_not_told(shop: Workshop, ticket: Ticket, text: str) -> None:
    """A reply whose process died before it woke the run."""
    shop.clock.advance(1)
    shop.conversations.add(
        Message(
            message_id=shop.ids.new("msg"),
            tenant_id=TENANT,
            session_id=ticket.ticket_id,
            author=Author.CUSTOMER,
            text=text,
            created_at=shop.clock.now(),
        )
    )
