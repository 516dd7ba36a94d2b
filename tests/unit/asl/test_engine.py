"""Executions in memory: starting, tasks, failures, tokens, time."""

import threading
import time
from typing import Any

import pytest

from rimedio.asl import (
    Description,
    Engine,
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidInput,
    InvalidToken,
    Machine,
    MemoryJournal,
    NotRedrivable,
    TaskContext,
    TaskFailed,
    TaskTimedOut,
    VirtualClock,
)

WORK = "arn:aws:lambda:local:000000000000:function:work"
ASK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def machine(states: dict[str, Any], start: str = "A", **more: Any) -> Machine:
    return Machine.parse({"QueryLanguage": "JSONata", "StartAt": start, "States": states, **more})


def engine(**handlers: Any) -> Engine:
    return Engine(
        MemoryJournal(), {WORK: handlers.get("work"), ASK: handlers.get("ask")}, clock=VirtualClock()
    )


def work(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": WORK, "End": True, **more}


def run(made: Machine, given: Any = None, **handlers: Any) -> Description:
    e = engine(**handlers)
    return e.run(e.start(made, given))


def types(e: Engine, execution: str) -> list[str]:
    return [str(event["type"]) for event in e.history(execution)]


class Flaky:
    """Fails the first times, then answers; keeps when it was called."""

    def __init__(self, failures: int, error: str = "Flaky") -> None:
        self.failures, self.error, self.calls = failures, error, []  # type: ignore[var-annotated]

    def __call__(self, payload: Any, context: TaskContext) -> Any:
        self.calls.append(payload)
        if len(self.calls) <= self.failures:
            raise TaskFailed(self.error, f"attempt {len(self.calls)}")
        return {"attempts": len(self.calls)}


def test_a_task_gets_its_arguments_and_its_result_goes_on() -> None:
    made = machine(
        {"A": work(Arguments={"n": "{% $states.input.n * 2 %}"}, Output="{% $states.result.x + 1 %}")}
    )
    found = run(made, {"n": 4}, work=lambda payload, _: {"x": payload["n"]})
    assert (found.status, found.output) == ("SUCCEEDED", 9)


def test_a_handler_cannot_change_the_executions_data() -> None:
    def spoil(payload: Any, _: TaskContext) -> Any:
        payload["n"] = "spoiled"
        return 1

    made = machine({"A": work(Arguments="{% $states.input %}", Output="{% $states.input.n %}")})
    assert run(made, {"n": 4}, work=spoil).output == 4


def test_an_exception_fails_the_execution_under_its_class_name() -> None:
    def broken(_: Any, __: TaskContext) -> Any:
        raise KeyError("serial")

    found = run(machine({"A": work()}), work=broken)
    assert (found.status, found.error) == ("FAILED", "KeyError")
    assert "serial" in str(found.cause)


def test_a_missing_handler_says_which_one_to_register() -> None:
    e = Engine(handlers={})
    found = e.run(e.start(machine({"A": work()})))
    assert found.error == "States.Runtime"
    assert WORK in str(found.cause)


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


def test_a_wait_of_a_day_takes_no_time_on_a_virtual_clock() -> None:
    made = machine({"A": {"Type": "Wait", "Seconds": 86_400, "End": True}})
    e = engine()
    execution = e.start(made)
    assert e.run_until_idle(wait=False) == 1
    assert e.describe(execution).status == "RUNNING"
    found = e.run(execution)
    assert found.stopped is not None
    assert (found.stopped - found.started).total_seconds() == 86_400


def test_starting_twice_with_the_same_name_and_input_is_one_execution() -> None:
    e = engine()
    made = machine({"A": {"Type": "Wait", "Seconds": 5, "End": True}})
    first = e.start(made, {"n": 1}, name="order-1")
    assert e.start(made, {"n": 1}, name="order-1") == first
    with pytest.raises(ExecutionAlreadyExists):
        e.start(made, {"n": 2}, name="order-1")
    e.run(first)
    with pytest.raises(ExecutionAlreadyExists):
        e.start(made, {"n": 1}, name="order-1")


def test_an_input_must_be_json_and_small_enough() -> None:
    e = engine()
    made = machine({"A": {"Type": "Succeed"}})
    with pytest.raises(InvalidInput):
        e.start(made, {"when": object()})  # type: ignore[dict-item]
    with pytest.raises(InvalidInput):
        e.start(made, "x" * 262_144)


def test_what_a_task_is_sent_keeps_to_the_limit_too() -> None:
    twice = '{% {"a": $states.input, "b": $states.input} %}'
    found = run(machine({"A": work(Arguments=twice)}), "x" * 140_000, work=lambda _, __: 1)
    assert (found.status, found.error) == ("FAILED", "States.DataLimitExceeded")


def test_a_result_over_the_limit_fails_and_only_its_own_name_catches_it() -> None:
    def big(_: Any, __: TaskContext) -> Any:
        return "x" * 262_144

    assert run(machine({"A": work()}), work=big).error == "States.DataLimitExceeded"
    for name, status in (("States.ALL", "FAILED"), ("States.DataLimitExceeded", "SUCCEEDED")):
        states = {"A": work(Catch=[{"ErrorEquals": [name], "Next": "B"}]), "B": {"Type": "Succeed"}}
        assert run(machine(states), work=big).status == status


def test_a_token_carries_success_failure_and_nothing_twice() -> None:
    tokens: list[str] = []
    made = machine({"A": {"Type": "Task", "Resource": ASK, "Arguments": {"t": "{% $states.context.Task.Token %}"}, "End": True}})  # fmt: skip
    e = engine(ask=lambda payload, _: tokens.append(payload["t"]))
    execution = e.start(made)
    assert e.run(execution).status == "RUNNING"
    with pytest.raises(InvalidToken):
        e.send_task_success("nonsense", {})
    e.send_task_success(tokens[0], {"ok": True})
    assert e.run(execution).output == {"ok": True}
    with pytest.raises(TaskTimedOut):
        e.send_task_success(tokens[0], {})
    other = e.start(made)
    e.run(other)
    e.send_task_failure(tokens[1], "Refused", "by hand")
    assert (e.run(other).error, e.run(other).cause) == ("Refused", "by hand")
    assert "TaskSubmitted" in types(e, other)


def test_a_handler_may_answer_its_own_token_before_it_returns() -> None:
    e: Engine

    def ask(_: Any, context: TaskContext) -> Any:
        e.send_task_success(str(context.token), "early")

    e = engine(ask=ask)
    assert e.run(e.start(machine({"A": {"Type": "Task", "Resource": ASK, "End": True}}))).output == "early"


def test_heartbeats_keep_a_waiting_task_alive_until_its_timeout() -> None:
    tokens: list[str] = []
    task = {"Type": "Task", "Resource": ASK, "HeartbeatSeconds": 10, "TimeoutSeconds": 25, "End": True}
    e = engine(ask=lambda _, context: tokens.append(context.token))
    execution = e.start(machine({"A": task}))
    e.run_until_idle(wait=False)
    for _ in range(2):
        e.clock.sleep(9)
        e.send_task_heartbeat(tokens[0])
        e.run_until_idle(wait=False)
    assert e.describe(execution).status == "RUNNING"
    found = e.run(execution)
    assert (found.status, found.error) == ("FAILED", "States.Timeout")
    assert found.stopped is not None
    assert (found.stopped - found.started).total_seconds() == 25
    with pytest.raises(TaskTimedOut):
        e.send_task_heartbeat(tokens[0])


def test_a_missed_heartbeat_is_caught_as_timeout_too() -> None:
    task = {"Type": "Task", "Resource": ASK, "HeartbeatSeconds": 10, "TimeoutSeconds": 99, "End": True,
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "B"}]}  # fmt: skip
    found = run(machine({"A": task, "B": {"Type": "Succeed"}}), ask=lambda *_: None)
    assert found.output == {"Error": "States.HeartbeatTimeout", "Cause": ""}
    del task["Catch"]
    assert run(machine({"A": task}), ask=lambda *_: None).error == "States.Timeout"


def test_events_name_the_service_and_the_action() -> None:
    for resource, service, action in (
        ("arn:aws:states:::aws-sdk:s3:listBuckets", "aws-sdk:s3", "listBuckets"),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution.sync:2"),
    ):
        e = Engine(handlers={"*": lambda *_: 1})
        execution = e.start(machine({"A": {"Type": "Task", "Resource": resource, "End": True}}))
        e.run(execution)
        details = e.history(execution)[2]["taskScheduledEventDetails"]
        assert (details["resourceType"], details["resource"]) == (service, action)  # type: ignore[index,call-overload]


def test_two_threads_may_wait_for_each_others_executions() -> None:
    started = threading.Event()

    def slow(payload: Any, _: TaskContext) -> Any:
        started.set()
        time.sleep(0.05)
        return payload

    e = Engine(handlers={WORK: slow})
    execution = e.start(machine({"A": work(Arguments="{% $states.input %}", TimeoutSeconds=3600)}), {"n": 1})
    other = threading.Thread(target=e.run, args=(execution,))
    other.start()
    started.wait(10)
    assert e.run(execution).output == {"n": 1}
    other.join()


def test_a_handler_that_returns_after_its_timeout_has_failed() -> None:
    clock = VirtualClock()
    e = Engine(handlers={WORK: lambda *_: clock.sleep(61)}, clock=clock)
    assert e.run(e.start(machine({"A": work(TimeoutSeconds=60)}))).error == "States.Timeout"


def test_the_machines_own_timeout_ends_it_timed_out() -> None:
    made = machine({"A": {"Type": "Wait", "Seconds": 100, "End": True}}, TimeoutSeconds=60)
    found = run(made)
    assert found.status == "TIMED_OUT"
    assert found.stopped is not None
    assert (found.stopped - found.started).total_seconds() == 60


def test_stopping_aborts_a_waiting_execution() -> None:
    e = engine()
    execution = e.start(machine({"A": {"Type": "Wait", "Seconds": 100, "End": True}}))
    e.run_until_idle(wait=False)
    e.stop(execution, "Manual", "no longer needed")
    found = e.run(execution)
    assert (found.status, found.error, found.cause) == ("ABORTED", "Manual", "no longer needed")
    assert types(e, execution)[-1] == "ExecutionAborted"
    with pytest.raises(ExecutionDoesNotExist):
        e.stop("nonsense")


def test_a_failed_branch_fails_its_parallel_and_aborts_its_siblings() -> None:
    branches = [
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": True}}},
        {"StartAt": "X", "States": {"X": {"Type": "Fail", "Error": "Boom", "Cause": "why"}}},
    ]
    e = engine()
    execution = e.start(machine({"A": {"Type": "Parallel", "Branches": branches, "End": True}}))
    found = e.run(execution)
    assert (found.error, found.cause) == ("Boom", "why")
    assert found.started == found.stopped
    assert types(e, execution)[-3:] == ["WaitStateAborted", "ParallelStateFailed", "ExecutionFailed"]


def test_inner_scopes_read_outer_variables_and_lose_their_own() -> None:
    inner = {"Type": "Pass", "Assign": {"y": "{% $x + 1 %}"}, "Next": "I2"}
    part = {
        "StartAt": "I",
        "States": {"I": inner, "I2": {"Type": "Pass", "Output": "{% $x + $y %}", "End": True}},
    }
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "P"},
        "P": {"Type": "Parallel", "Branches": [part], "Assign": {"x": 2}, "Next": "Z"},
        "Z": {
            "Type": "Pass",
            "Output": "{% {'inner': $states.input, 'x': $x, 'y': $exists($y)} %}",
            "End": True,
        },
    }
    assert run(machine(states)).output == {"inner": [3], "x": 2, "y": False}


def test_all_of_a_states_assignments_see_the_values_from_before() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "C"},
        "C": {"Type": "Pass", "Output": "{% [$a, $b] %}", "End": True},
    }
    assert run(machine(states)).output == [2, 1]


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


def test_an_endless_loop_stops_at_the_limit_of_the_history() -> None:
    found = run(machine({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [
        {"Condition": True, "Next": "A"}], "Default": "C"}, "C": {"Type": "Succeed"}}))  # fmt: skip
    assert (found.status, found.error) == ("FAILED", "States.Runtime")
    assert "25000" in str(found.cause)


def test_workers_run_many_executions_and_branches_at_once() -> None:
    together = threading.Barrier(3, timeout=10)

    def meet(payload: Any, _: TaskContext) -> Any:
        together.wait()
        return payload

    branch = {"StartAt": "X", "States": {"X": work(Arguments="{% $states.input %}")}}
    branches = [{"StartAt": f"X{n}", "States": {f"X{n}": branch["States"]["X"]}} for n in range(3)]  # type: ignore[index]
    e = Engine(handlers={WORK: meet})
    with e.workers(3):
        execution = e.start(machine({"A": {"Type": "Parallel", "Branches": branches, "End": True}}), {"n": 1})
        assert e.wait_for(execution, 10).output == [{"n": 1}] * 3


def test_serve_works_until_it_is_told_to_stop() -> None:
    e = Engine(handlers={WORK: lambda payload, _: payload})
    stop = threading.Event()
    server = threading.Thread(target=e.serve, args=(2, stop))
    server.start()
    executions = [e.start(machine({"A": work(Arguments="{% $states.input %}")}), {"n": n}) for n in range(20)]
    found = [e.wait_for(execution, 10) for execution in executions]
    stop.set()
    server.join()
    assert [f.output for f in found] == [{"n": n} for n in range(20)]


def test_a_redriven_execution_repeats_the_failed_state_only() -> None:
    flaky = Flaky(1)
    states = {"A": {"Type": "Pass", "Assign": {"kept": 7}, "Next": "B"}, "B": work(Output="{% $kept %}")}
    e = engine(work=flaky)
    execution = e.start(machine(states))
    assert e.run(execution).status == "FAILED"
    e.redrive(execution)
    found = e.run(execution)
    assert (found.status, found.output, found.redrive_count) == ("SUCCEEDED", 7, 1)
    assert types(e, execution).count("PassStateEntered") == 1
    assert "ExecutionRedriven" in types(e, execution)


def test_an_express_execution_leaves_no_trace_and_may_not_wait_for_tokens() -> None:
    e = engine(work=lambda payload, _: payload["n"] + 1, ask=lambda *_: None)
    found = e.start_sync(machine({"A": work(Arguments="{% $states.input %}")}), {"n": 1})
    assert (found.status, found.output) == ("SUCCEEDED", 2)
    assert e.list_executions() == []
    assert e.start_sync(machine({"A": {"Type": "Task", "Resource": ASK, "End": True}})).status == "TIMED_OUT"


def test_observers_see_events_as_they_are_recorded() -> None:
    seen: list[str] = []
    e = Engine(on_event=lambda _, event: seen.append(event.type))
    e.run(e.start(machine({"A": {"Type": "Succeed"}})))
    assert seen == ["ExecutionStarted", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]


def test_history_links_every_event_to_the_one_before_in_its_branch() -> None:
    e = engine(work=lambda *_: 1)
    execution = e.start(machine({"A": work()}), {"n": 1})
    e.run(execution)
    history = e.history(execution)
    assert [(h["id"], h["previousEventId"]) for h in history] == [
        (n, 0 if n < 3 else n - 1) for n in range(1, 8)
    ]
    assert history[2]["lambdaFunctionScheduledEventDetails"] == {
        "resource": WORK, "input": '{"n":1}', "inputDetails": {"truncated": False}}  # fmt: skip
    assert time.strptime(str(history[0]["timestamp"])[:19], "%Y-%m-%dT%H:%M:%S")


def test_a_worker_survives_a_failing_journal_and_the_execution_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rimedio.asl.execution.engine.RETRY_SECONDS", 0.01)

    class Ailing(MemoryJournal):
        left = 2

        def commit(self, changes: Any) -> bool:
            self.left -= 1
            if self.left >= 0:
                raise OSError("disk full")
            return super().commit(changes)

    e = Engine(Ailing(), {WORK: lambda payload, _: payload})
    with e.workers(1):
        execution = e.start(machine({"A": work(Arguments="{% $states.input %}")}), {"n": 1})
        assert e.wait_for(execution, 10).output == {"n": 1}
    kinds = types(e, execution)
    assert kinds.count("ExecutionStarted") == 1
    assert kinds.count("LambdaFunctionScheduled") == 1


def test_an_early_answer_survives_a_crash_while_the_handler_still_runs() -> None:
    journal, clock = MemoryJournal(), VirtualClock()

    class Killed(BaseException):
        pass

    def ask(_: Any, context: TaskContext) -> Any:
        first.send_task_success(str(context.token), "early")
        first.run_until_idle(wait=False)
        raise Killed

    made = machine({"A": {"Type": "Task", "Resource": ASK, "End": True}})
    first = Engine(journal, {ASK: ask}, clock=clock)
    execution = first.start(made)
    with pytest.raises(Killed):
        first.run(execution)
    second = Engine(journal, {ASK: lambda *_: None}, clock=clock)
    second.resume()
    assert second.run(execution).output == "early"


def test_a_redrive_keeps_what_branches_and_items_had_done() -> None:
    done: list[str] = []
    broken = {"b"}

    def handler(payload: Any, _: TaskContext) -> Any:
        if payload in broken:
            raise TaskFailed("Broken", payload)
        done.append(payload)
        return payload

    item = {"StartAt": "I", "States": {"I": work(Arguments="{% $states.input %}")}}
    states = {
        "P": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "X", "States": {"X": work(Arguments="{% 'x' %}", Next="Y") | {"End": False}, "Y": {"Type": "Succeed"}}},
                {"StartAt": "M", "States": {"M": {"Type": "Map", "Items": ["a", "b"], "MaxConcurrency": 1, "ItemProcessor": item, "End": True}}},
            ],
            "Next": "Z",
        },
        "Z": {"Type": "Pass", "End": True},
    }  # fmt: skip
    journal = MemoryJournal()
    e = Engine(journal, {WORK: handler}, clock=VirtualClock())
    execution = e.start(machine(states, "P"))
    assert e.run(execution).error == "Broken"
    assert sorted(done) == ["a", "x"]
    broken.clear()
    again = Engine(journal, {WORK: handler}, clock=VirtualClock())
    again.redrive(execution)
    assert again.run(execution).output == ["x", ["a", "b"]]
    assert sorted(done) == ["a", "b", "x"]


def test_an_aborted_execution_can_be_redriven() -> None:
    e = engine()
    execution = e.start(
        machine({"A": {"Type": "Wait", "Seconds": 100, "Next": "B"}, "B": {"Type": "Succeed"}})
    )
    e.run_until_idle(wait=False)
    e.stop(execution)
    assert e.run(execution).status == "ABORTED"
    e.redrive(execution)
    assert e.run(execution).status == "SUCCEEDED"
    with pytest.raises(NotRedrivable):
        e.redrive(execution)


def test_a_deadline_that_was_met_keeps_nobody_waiting() -> None:
    e = Engine(handlers={WORK: lambda *_: 1}, clock=VirtualClock())
    before = e.clock.now()
    e.start(machine({"A": work(TimeoutSeconds=3600)}))
    e.run_until_idle()
    assert e.clock.now() == before


def test_an_answer_reaches_an_execution_whose_runner_sleeps() -> None:
    asked = threading.Event()
    tokens: list[str] = []

    def ask(_: Any, context: TaskContext) -> None:
        tokens.append(str(context.token))
        asked.set()

    e = Engine(handlers={ASK: ask})
    task = {"Type": "Task", "Resource": ASK, "TimeoutSeconds": 3600, "End": True}
    execution = e.start(machine({"A": task}))
    found: list[Description] = []
    runner = threading.Thread(target=lambda: found.append(e.run(execution)))
    runner.start()
    asked.wait(10)
    e.send_task_success(tokens[0], "now")
    runner.join(10)
    assert found[0].output == "now"
