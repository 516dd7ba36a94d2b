"""A model that fails again and again is left alone for a while."""

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import GenerationFailed, ModelUnavailable, Throttled
from rimedio.llm.circuit import CircuitPolicy, Circuits

POLICY = CircuitPolicy(failures_max=2, open_seconds=30)


class Model:
    """Fails with an error, or answers; counts how often it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.error:
            raise self.error
        return "yes"


def fail(circuits: Circuits, model: Model, times: int) -> None:
    for _ in range(times):
        with pytest.raises((ModelUnavailable, Throttled, GenerationFailed)):
            circuits.call("m", model)


@pytest.mark.parametrize("error", [ModelUnavailable("down"), Throttled("slow")])
def test_after_failures_in_a_row_nobody_is_asked(error: Exception) -> None:
    circuits, model = Circuits(FakeClock(), POLICY), Model(error)
    fail(circuits, model, 3)

    assert model.calls == 2
    assert circuits.is_open("m")
    assert not circuits.is_open("other")


def test_a_wrong_request_says_nothing_about_the_model() -> None:
    circuits, model = Circuits(FakeClock(), POLICY), Model(GenerationFailed("wrong"))
    fail(circuits, model, 5)

    assert model.calls == 5
    assert not circuits.is_open("m")


def test_a_success_in_between_begins_the_count_anew() -> None:
    circuits = Circuits(FakeClock(), POLICY)
    fail(circuits, Model(ModelUnavailable("down")), 1)
    circuits.call("m", Model())
    fail(circuits, Model(ModelUnavailable("down")), 1)

    assert not circuits.is_open("m")


def test_when_the_time_is_over_one_call_tries_and_its_success_closes() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, POLICY)
    fail(circuits, Model(ModelUnavailable("down")), 2)
    clock.advance(30)

    assert circuits.call("m", Model()) == "yes"
    assert not circuits.is_open("m")


def test_a_failed_try_opens_for_another_while() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, POLICY)
    fail(circuits, Model(ModelUnavailable("down")), 2)
    clock.advance(30)
    fail(circuits, Model(ModelUnavailable("down")), 1)
    clock.advance(29)

    assert circuits.is_open("m")


def test_while_one_call_tries_others_are_refused() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, POLICY)
    fail(circuits, Model(ModelUnavailable("down")), 2)
    clock.advance(30)
    circuits.enter("m")

    with pytest.raises(ModelUnavailable, match="left alone"):
        circuits.enter("m")
    circuits.left("m")
    circuits.enter("m")
