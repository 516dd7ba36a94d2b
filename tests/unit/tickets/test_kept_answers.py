from datetime import timedelta
from typing import Any

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Throttled
from rimedio.storage.database import Database
from rimedio.storage.idempotency import IdempotencyStore
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.tickets.tasks.kept_answers import KeptAnswers

PAYLOAD: dict[str, Any] = {
    "tenant_id": "acme",
    "ticket_id": "tkt_1",
    "execution_id": "e1",
    "writer": "primary",
}


class Model:
    """Answers once for each call, and counts what it is paid for."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None

    def __call__(self) -> Any:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return {"text": "Ersetzen — sostituire", "costs": 0.25, "number": self.calls, "steps": [[], None]}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def kept(clock: FakeClock) -> KeptAnswers:
    table = SqliteTable(Database(None), clock)
    return KeptAnswers(table, IdempotencyStore(table, clock, SeededIds(1)))


@pytest.fixture
def model() -> Model:
    return Model()


def test_a_repeated_step_gets_the_answer_that_was_paid_for(kept: KeptAnswers, model: Model) -> None:
    first = kept("generate", PAYLOAD, model)
    assert kept("generate", dict(reversed(PAYLOAD.items())), model) == first
    assert model.calls == 1


@pytest.mark.parametrize(
    "changed",
    [{"execution_id": "e2"}, {"writer": "fallback"}, {"tenant_id": "other"}, {"ticket_id": "tkt_2"}],
)
def test_another_step_is_another_answer(kept: KeptAnswers, model: Model, changed: dict[str, str]) -> None:
    kept("generate", PAYLOAD, model)
    assert kept("generate", PAYLOAD | changed, model)["number"] == 2  # type: ignore[index, call-overload]


def test_a_failed_attempt_leaves_nothing_behind(kept: KeptAnswers, model: Model) -> None:
    model.error = Throttled("slow down")
    with pytest.raises(Throttled):
        kept("generate", PAYLOAD, model)
    model.error = None
    kept("generate", PAYLOAD, model)
    assert model.calls == 2


def test_tasks_that_cost_nothing_are_done_again(kept: KeptAnswers, model: Model) -> None:
    kept("verify", PAYLOAD, model)
    kept("verify", PAYLOAD, model)
    kept("generate", {"ticket_id": "tkt_1"}, model)
    kept("generate", {"ticket_id": "tkt_1"}, model)
    assert model.calls == 4


def test_an_answer_is_kept_for_a_day(kept: KeptAnswers, model: Model, clock: FakeClock) -> None:
    kept("second_opinion", PAYLOAD, model)
    clock.advance(timedelta(hours=25).total_seconds())
    kept("second_opinion", PAYLOAD, model)
    assert model.calls == 2
