"""What runs the workflow keeps one contract: the engine in this process, Step Functions over its wire."""

from collections.abc import Iterator

import pytest
from tests.integration.tickets.workshop import HOMES, TENANT, Workshop, at_home, request

from rimedio.domain.answer import Outcome
from rimedio.domain.errors import Conflict, ModelUnavailable, NotFound
from rimedio.domain.ticket import Status, Ticket
from rimedio.tickets.recovery import ABANDONED
from rimedio.tickets.task_tokens import Waiting


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest) -> Iterator[str]:
    with at_home(request.param):
        yield str(request.param)


@pytest.fixture
def shop(home: str) -> Workshop:
    return Workshop([Outcome.REVIEW])


def new_ticket(shop: Workshop) -> Ticket:
    """A ticket that was stored, and never started."""
    ticket = Ticket(
        **request().model_dump(),
        ticket_id=shop.ids.new("tkt"),
        tenant_id=TENANT,
        created_at=shop.clock.now(),
        updated_at=shop.clock.now(),
    )
    return shop.tickets.create(ticket).ticket


def test_starting_a_ticket_twice_is_one_execution(shop: Workshop) -> None:
    ticket = new_ticket(shop)
    first = shop.runner.start(ticket)
    assert shop.runner.start(ticket) == first
    waiting = shop.runner.settle(ticket)
    assert shop.runner.start(ticket) == first
    shop.runner.drain()
    assert waiting.execution_id == first
    assert len(shop.engine.list_executions()) == 1


def test_a_start_after_the_end_is_still_the_same_execution(home: str) -> None:
    shop = Workshop()
    ticket = new_ticket(shop)
    first = shop.runner.start(ticket)
    assert shop.runner.settle(ticket).status is Status.READY
    assert shop.runner.start(ticket) == first
    assert shop.runner.describe(first).status == "SUCCEEDED"


def test_a_waiting_execution_goes_on_with_the_output_it_is_sent(shop: Workshop) -> None:
    waiting = shop.work()
    token = shop.tokens.find(TENANT, waiting.ticket_id, Waiting.REVIEW)
    shop.runner.send_task_success(token, {"verdict": "APPROVED"})
    shop.runner.settle(waiting)
    shop.runner.drain()
    assert shop.runner.describe(str(waiting.execution_id)).status == "SUCCEEDED"


def test_a_token_that_nobody_waits_for_is_a_conflict(shop: Workshop) -> None:
    waiting = shop.work()
    token = shop.tokens.find(TENANT, waiting.ticket_id, Waiting.REVIEW)
    shop.runner.send_task_success(token, {"verdict": "APPROVED"})
    with pytest.raises(Conflict):
        shop.runner.send_task_success(token, {"verdict": "APPROVED"})
    with pytest.raises(Conflict):
        shop.runner.send_task_success("never given out", {})


def test_a_token_that_timed_out_is_a_conflict_and_the_ticket_is_with_a_person(shop: Workshop) -> None:
    waiting = shop.work()
    token = shop.tokens.find(TENANT, waiting.ticket_id, Waiting.REVIEW)
    shop.clock.advance(15 * 24 * 3600)
    assert shop.runner.settle(waiting).status is Status.ESCALATED
    with pytest.raises(Conflict):
        shop.runner.send_task_success(token, {"verdict": "APPROVED"})


def test_a_stopped_execution_is_over_and_stopping_it_again_is_nothing(shop: Workshop) -> None:
    waiting = shop.work()
    shop.runner.stop(waiting, "a person has it")
    shop.runner.drain()
    found = shop.runner.describe(str(waiting.execution_id))
    assert (found.status, found.error, found.cause) == ("ABORTED", "TakenOver", "a person has it")
    shop.runner.stop(waiting, "again")
    shop.runner.stop(new_ticket(shop), "it was never started")


def test_a_failure_that_nothing_catches_is_told_with_its_name(shop: Workshop) -> None:
    shop.broken = ModelUnavailable("the model is not built")
    ticket = new_ticket(shop)
    assert shop.runner.settle(ticket).status is Status.NEW
    shop.runner.drain()
    found = shop.runner.describe(shop.runner.start(ticket))
    assert (found.status, found.error) == ("FAILED", "ModelUnavailable")


def test_a_description_and_a_history_have_the_same_shape_in_both_homes(shop: Workshop) -> None:
    waiting = shop.work()
    found = shop.runner.describe(str(waiting.execution_id))
    assert found.input == {"tenant_id": TENANT, "ticket_id": waiting.ticket_id}
    assert (found.name, found.status, found.stopped) == (waiting.ticket_id, "RUNNING", None)
    assert found.started == shop.clock.now() or found.started < shop.clock.now()
    events = shop.runner.history(str(waiting.execution_id))
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert str(events[0]["timestamp"]).endswith("Z")
    assert events[-1]["type"] == "TaskSubmitted"
    marks = shop.runner.progress.marks(str(waiting.execution_id))
    assert (marks[0].progress.state, marks[-1].progress.state) == ("Validate", "WaitForReview")


def test_what_is_not_there_is_not_found(shop: Workshop) -> None:
    gone = str(shop.work().execution_id) + "-other"
    with pytest.raises(NotFound):
        shop.runner.describe(gone)
    with pytest.raises(NotFound):
        shop.runner.history(gone)
    assert shop.runner.progress.marks(gone) == ()


def test_recovery_starts_what_was_accepted_and_never_started(shop: Workshop) -> None:
    ticket = new_ticket(shop)
    assert shop.runner.recover(TENANT) == 1
    assert shop.runner.settle(ticket).status is Status.IN_REVIEW


def test_recovery_gives_a_ticket_to_another_execution_where_the_first_failed_before_it_began(
    shop: Workshop,
) -> None:
    shop.broken = ModelUnavailable("the model is not built")
    ticket = new_ticket(shop)
    shop.runner.settle(ticket)
    shop.runner.drain()
    shop.broken = None
    shop.runner.recover(TENANT)
    shop.runner.drain()
    ended = shop.tickets.get(TENANT, ticket.ticket_id)
    assert ended.status is Status.IN_REVIEW
    assert str(ended.execution_id).endswith("-attempt-2")


def test_a_ticket_that_no_execution_can_take_fails_after_some(shop: Workshop) -> None:
    shop.broken = ModelUnavailable("the model is not built")
    ticket = new_ticket(shop)
    for _ in range(7):
        shop.runner.recover(TENANT)
        for _ in range(20):  # its retries end
            shop.runner.drain()
            shop.clock.advance(5)
    found = shop.tickets.get(TENANT, ticket.ticket_id)
    assert (found.status, found.status_reason) == (Status.FAILED, f"{ABANDONED}: 5 runs FAILED")
    assert len(shop.engine.list_executions()) == 5


def test_recovery_hands_a_ticket_whose_execution_was_stopped_from_outside_to_a_person(home: str) -> None:
    shop = Workshop([Outcome.ASK, Outcome.PUBLISH])
    asked = shop.work()
    moved = asked.moved_to(Status.PROCESSING, shop.clock.now())
    shop.tickets.save(moved, expected=asked.version)
    shop.engine.stop(str(asked.execution_id))
    shop.runner.drain()
    shop.runner.recover(TENANT)
    found = shop.tickets.get(TENANT, asked.ticket_id)
    assert (found.status, found.status_reason) == (Status.ESCALATED, f"{ABANDONED}: ABORTED")


def test_a_ticket_that_waits_longer_than_any_wait_lasts_goes_to_a_person(shop: Workshop) -> None:
    waiting = shop.work()
    shop.engine.stop(str(waiting.execution_id))
    shop.runner.drain()
    shop.runner.recover(TENANT)
    assert shop.tickets.get(TENANT, waiting.ticket_id).status is Status.IN_REVIEW  # it may still be judged
    shop.clock.advance(15 * 24 * 3600)
    shop.runner.recover(TENANT)
    assert shop.tickets.get(TENANT, waiting.ticket_id).status is Status.ESCALATED


def test_recovery_leaves_alone_what_is_worked_on_or_waits(shop: Workshop) -> None:
    waiting = shop.work()
    shop.runner.recover(TENANT)
    shop.runner.drain()
    assert shop.tickets.get(TENANT, waiting.ticket_id) == waiting
    assert len(shop.engine.list_executions()) == 1
