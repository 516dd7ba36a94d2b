"""What follows a failure: Retry, Catch, and what their names stand for."""

from typing import Any

import pytest
from tests.unit.asl.machines import WORK, Flaky, engine, machine, run, types, work

from rimedio.asl import (
    Engine,
    Machine,
    MemoryJournal,
    TaskContext,
    TaskFailed,
    VirtualClock,
)


def test_retry_backs_off_up_to_its_cap() -> None:
    retry = {
        "ErrorEquals": ["Flaky"],
        "IntervalSeconds": 10,
        "BackoffRate": 3,
        "MaxAttempts": 4,
        "MaxDelaySeconds": 50,
    }
    flaky = Flaky(4)
    e = engine(work=flaky)
    before = e.clock.now()
    found = e.run(e.start(machine({"A": work(Retry=[retry])})))
    assert found.output == {"attempts": 5}
    assert (e.clock.now() - before).total_seconds() == 10 + 30 + 50 + 50


def test_full_jitter_waits_no_longer_than_the_backoff() -> None:
    retry = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 100,
        "MaxAttempts": 1,
        "JitterStrategy": "FULL",
    }
    e = engine(work=Flaky(1))
    before = e.clock.now()
    assert e.run(e.start(machine({"A": work(Retry=[retry])}))).status == "SUCCEEDED"
    assert 0 <= (e.clock.now() - before).total_seconds() < 100


def test_each_retrier_counts_its_own_attempts_and_an_exhausted_one_leads_to_catch() -> None:
    made = machine(
        {
            "A": work(
                Retry=[
                    {"ErrorEquals": ["Other"], "MaxAttempts": 9},
                    {"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2},
                ],
                Catch=[{"ErrorEquals": ["Flaky"], "Next": "B", "Output": "{% $states.errorOutput %}"}],
            ),
            "B": {"Type": "Pass", "End": True},
        }
    )
    flaky = Flaky(99)
    found = run(made, work=flaky)
    assert found.output == {"Error": "Flaky", "Cause": "attempt 3"}
    assert len(flaky.calls) == 3


def test_catch_can_assign_variables_and_keeps_the_input() -> None:
    catch = {"ErrorEquals": ["States.ALL"], "Next": "B", "Assign": {"why": "{% $states.errorOutput.Error %}"},
             "Output": "{% $states.input %}"}  # fmt: skip
    made = machine(
        {
            "A": work(Catch=[catch]),
            "B": {"Type": "Pass", "Output": "{% [$why, $states.input.n] %}", "End": True},
        }
    )
    assert run(made, {"n": 1}, work=Flaky(9, "Boom")).output == ["Boom", 1]


def test_an_undefined_expression_is_an_error_that_can_be_caught() -> None:
    states = {
        "A": work(
            Arguments="{% $states.input.nothing %}",
            Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}],
        ),
        "B": {"Type": "Succeed"},
    }
    found = run(machine(states), {}, work=lambda *_: 1)
    assert found.status == "SUCCEEDED"
    assert "'Arguments' returned nothing (undefined)" in str(found.output)


def failing(error: str | None, cause: str | None = None) -> Any:
    def fail(_: Any, __: TaskContext) -> Any:
        raise TaskFailed(error, cause)

    return fail


@pytest.mark.parametrize(
    ("error", "by_all", "by_task_failed"),
    [
        ("Custom", True, True),
        ("Lambda.TooManyRequestsException", True, True),
        ("States.TaskFailed", True, True),
        ("States.Permissions", True, True),
        ("States.QueryEvaluationError", True, True),
        ("States.IntrinsicFailure", True, True),
        ("States.ResultPathMatchFailure", True, True),
        ("States.ParameterPathFailure", True, True),
        ("States.ItemReaderFailed", True, True),
        ("States.ExceedToleratedFailureThreshold", True, True),
        ("States.Timeout", True, False),
        ("States.HeartbeatTimeout", True, False),
        ("States.DataLimitExceeded", False, True),
        ("States.Runtime", False, False),
    ],
)
def test_what_the_wildcards_of_catch_and_retry_stand_for(
    error: str, by_all: bool, by_task_failed: bool
) -> None:
    for name, covered in (("States.ALL", by_all), ("States.TaskFailed", by_task_failed), (error, True)):
        catching = {"A": work(Catch=[{"ErrorEquals": [name], "Next": "B"}]), "B": {"Type": "Succeed"}}
        assert (run(machine(catching), work=failing(error)).status == "SUCCEEDED") is covered
        retrying = {"A": work(Retry=[{"ErrorEquals": [name], "MaxAttempts": 1}])}
        assert (run(machine(retrying), work=Flaky(1, error)).status == "SUCCEEDED") is covered


def test_states_timeout_stands_for_a_missed_heartbeat_too_but_not_the_other_way_round() -> None:
    for name, error, status in (
        ("States.Timeout", "States.HeartbeatTimeout", "SUCCEEDED"),
        ("States.HeartbeatTimeout", "States.Timeout", "FAILED"),
    ):
        states = {"A": work(Catch=[{"ErrorEquals": [name], "Next": "B"}]), "B": {"Type": "Succeed"}}
        assert run(machine(states), work=failing(error)).status == status


def test_no_attempts_means_no_retry_though_a_later_retrier_would_match() -> None:
    retry = [{"ErrorEquals": ["Flaky"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}]
    flaky = Flaky(1)
    assert run(machine({"A": work(Retry=retry)}), work=flaky).error == "Flaky"
    assert len(flaky.calls) == 1


def test_attempts_of_several_retriers_are_counted_apart_and_together() -> None:
    errors = iter(["One", "Two", "One", "Two"])
    seen: list[Any] = []

    def handler(payload: Any, context: TaskContext) -> Any:
        seen.append((payload, context.retry_count))
        raise TaskFailed(next(errors, "Three"))

    retry = [{"ErrorEquals": [name], "MaxAttempts": 2, "IntervalSeconds": 1} for name in ("One", "Two")]
    state = work(Arguments="{% $states.context.State.RetryCount %}", Retry=retry)
    assert run(machine({"A": state}), work=handler).error == "Three"
    assert seen == [(n, n) for n in range(5)]


def test_a_catch_keeps_the_input_and_is_not_filtered_by_the_states_output_path() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "B"}]
    state = work(OutputPath="$.Payload", ResultSelector={"x.$": "$.nothing"}, Catch=catch)
    made = Machine.parse({"StartAt": "A", "States": {"A": state, "B": {"Type": "Succeed"}}})
    found = run(made, {"n": 1}, work=failing("Boom", "why"))
    assert found.output == {"n": 1, "error": {"Error": "Boom", "Cause": "why"}}


def test_a_failure_without_a_name_or_cause_is_caught_with_empty_ones() -> None:
    states = {"A": work(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B"}]), "B": {"Type": "Succeed"}}
    assert run(machine(states), work=failing(None)).output == {"Error": "", "Cause": ""}


def test_an_error_inside_a_catch_fails_the_execution() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "{% $states.input.nothing %}"}]
    e = engine(work=failing("Boom"))
    execution = e.start(machine({"A": work(Catch=catch), "B": {"Type": "Succeed"}}), {})
    assert e.run(execution).error == "States.QueryEvaluationError"
    assert types(e, execution)[-3:] == ["LambdaFunctionFailed", "EvaluationFailed", "ExecutionFailed"]


def test_an_output_that_fails_after_a_task_is_retried_and_caught_like_the_task() -> None:
    flaky = Flaky(0)
    state = work(
        Output="{% $states.result.nothing %}",
        Retry=[{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "{% $states.errorOutput.Error %}"}],
    )
    found = run(machine({"A": state, "B": {"Type": "Succeed"}}), work=flaky)
    assert (found.output, len(flaky.calls)) == ("States.QueryEvaluationError", 2)


def test_a_runtime_error_in_a_branch_ends_the_execution_at_once() -> None:
    inner = {
        "StartAt": "X",
        "States": {"X": {"Type": "Pass", "Parameters": {"m.$": "$.nothing"}, "End": True}},
    }
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    outer = {"Type": "Parallel", "Branches": [inner], "Catch": catch, "End": True}
    e = engine()
    execution = e.start(Machine.parse({"StartAt": "A", "States": {"A": outer, "B": {"Type": "Succeed"}}}))
    assert e.run(execution).error == "States.Runtime"
    assert types(e, execution)[2:] == ["ParallelStateStarted", "PassStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize(("limit", "seconds"), [({}, 99_999_999), ({"MaxDelaySeconds": 20}, 20)])
def test_a_backoff_beyond_all_numbers_is_as_long_as_any_may_be(limit: Any, seconds: float) -> None:
    retry = {"ErrorEquals": ["Flaky"], "BackoffRate": 1e300, "IntervalSeconds": 2, "MaxAttempts": 3, **limit}
    found = run(machine({"A": work(Retry=[retry])}), work=Flaky(3))
    assert found.stopped is not None
    assert (found.stopped - found.started).total_seconds() == 2 + 2 * seconds


def test_full_jitter_takes_its_share_from_the_randomness_that_was_given() -> None:
    class Half:
        def random(self) -> float:
            return 0.5

        def getrandbits(self, count: int, /) -> int:
            return count

    retry = {"ErrorEquals": ["Flaky"], "IntervalSeconds": 10, "MaxAttempts": 1, "JitterStrategy": "FULL"}
    e = Engine(MemoryJournal(), {WORK: Flaky(1)}, clock=VirtualClock(), randomness=Half())
    found = e.run(e.start(machine({"A": work(Retry=[retry])}), name="x"))
    assert found.stopped is not None
    assert (found.stopped - found.started).total_seconds() == 5
