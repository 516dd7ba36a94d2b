"""Partial batch answers: what failed comes again, what was done does not, nothing is lost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict, InvalidInput, Throttled
from rimedio.lambdas.functions._batches import Message, work_off_changes, work_off_messages
from rimedio.lambdas.functions._idempotency import idempotent
from rimedio.lambdas.functions._invocation import FakeContext, Invocation
from rimedio.storage.database import Database
from rimedio.storage.idempotency import IdempotencyStore
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.streams import Change, ChangeKind
from rimedio.storage.table import Key

PLENTY = Invocation(FakeContext())


def queue(count: int) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "receiptHandle": "h", "body": str(n)} for n in range(count)]}


def stream(count: int) -> dict[str, Any]:
    return {"Records": [{"dynamodb": {"SequenceNumber": str(n)}} for n in range(count)]}


def change_of(record: Any) -> Change:
    number = record["dynamodb"]["SequenceNumber"]
    return Change(number, ChangeKind.INSERT, Key("p", number), None, {}, datetime(2026, 1, 1, tzinfo=UTC))


def failures(answer: Any) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_the_middle_message_fails_and_the_others_are_done() -> None:
    done: list[str] = []

    def work(message: Message) -> None:
        if message.body == "2":
            raise Throttled("not now")
        done.append(message.body)

    assert failures(work_off_messages(queue(5), PLENTY, work)) == ["m2"]
    assert done == ["0", "1", "3", "4"]


def test_messages_that_there_is_no_time_for_are_handed_back_untried() -> None:
    context, done = FakeContext(remaining_ms=10_000), list[str]()

    def work(message: Message) -> None:
        done.append(message.body)
        context.remaining_ms -= 4000

    assert failures(work_off_messages(queue(5), Invocation(context), work)) == ["m2", "m3", "m4"]
    assert done == ["0", "1"]


@pytest.mark.parametrize("event", [{}, {"Records": [{"dynamodb": {}}]}, {"Records": None}])
def test_an_event_of_something_else_is_no_batch_of_messages(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        work_off_messages(event, PLENTY, lambda _: None)


def test_an_event_of_something_else_is_no_batch_of_changes() -> None:
    with pytest.raises(InvalidInput):
        work_off_changes(queue(1), PLENTY, change_of, lambda _: None)


@pytest.mark.parametrize("poison", range(9))
def test_the_guilty_change_is_found_wherever_it_stands_and_all_before_it_are_done(poison: int) -> None:
    done: set[str] = set()

    def apply(changes: Sequence[Change]) -> None:
        if any(change.sequence == str(poison) for change in changes):
            raise ValueError("poison")
        done.update(change.sequence for change in changes)

    answer = work_off_changes(stream(9), PLENTY, change_of, apply, at_once=4)
    assert failures(answer) == [str(poison)]
    assert done >= {str(n) for n in range(poison)}
    assert str(poison) not in done


def test_an_outage_is_not_searched_for_a_guilty_change() -> None:
    calls: list[int] = []

    def apply(changes: Sequence[Change]) -> None:
        calls.append(len(changes))
        raise Throttled("slow down")

    assert failures(work_off_changes(stream(9), PLENTY, change_of, apply)) == ["0"]
    assert calls == [9]


def test_a_whole_batch_is_done_in_order() -> None:
    seen: list[str] = []
    answer = work_off_changes(
        stream(60), PLENTY, change_of, lambda changes: seen.extend(c.sequence for c in changes)
    )
    assert failures(answer) == []
    assert seen == [str(n) for n in range(60)]


class Doer:
    """Does something for a key; fails as often as it is told."""

    def __init__(self, fails: int = 0) -> None:
        clock = FakeClock()
        store = IdempotencyStore(SqliteTable(Database(None), clock), clock, SeededIds())
        self.done: list[str] = []
        self.fails = fails
        self.call = idempotent(store, "test", lambda given: ("acme", given[0], given[1]))(self._do)

    def _do(self, given: tuple[str, str]) -> str:
        if self.fails:
            self.fails -= 1
            raise Throttled("not now")
        self.done.append(given[0])
        return f"result of {given[0]}"


def test_what_comes_twice_is_done_once_and_answered_alike() -> None:
    doer = Doer()
    assert [doer.call(("a", "x")), doer.call(("a", "x"))] == ["result of a", "result of a"]
    assert doer.done == ["a"]


def test_a_failed_attempt_does_not_block_the_next() -> None:
    doer = Doer(fails=1)
    with pytest.raises(Throttled):
        doer.call(("a", "x"))
    assert doer.call(("a", "x")) == "result of a"


def test_the_same_key_with_another_content_is_refused() -> None:
    doer = Doer()
    doer.call(("a", "x"))
    with pytest.raises(Conflict):
        doer.call(("a", "y"))
