"""Executions in memory: starting, tasks, failures, tokens, time."""

import threading
import time
from typing import Any

import pytest
from tests.unit.asl.machines import ASK, WORK, Flaky, engine, machine, run, types, work

from rimedio.asl import (
    Description,
    Engine,
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidInput,
    MemoryJournal,
    NotRedrivable,
    TaskContext,
    TaskFailed,
    VirtualClock,
)


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
    assert started.wait(60)
    assert e.run(execution).output == {"n": 1}
    other.join()


def test_the_machines_own_timeout_ends_it_timed_out() -> None:
    e = engine()
    execution = e.start(machine({"A": {"Type": "Wait", "Seconds": 100, "End": True}}, TimeoutSeconds=60))
    found = e.run(execution)
    assert (found.status, found.error) == ("TIMED_OUT", None)
    assert found.stopped is not None
    assert (found.stopped - found.started).total_seconds() == 60
    last = e.history(execution)[-1]
    assert (last["type"], last["previousEventId"]) == ("ExecutionTimedOut", 0)
    assert last["executionTimedOutEventDetails"] == {"error": "States.Timeout"}


def test_a_redrive_begins_the_machines_timeout_anew() -> None:
    e = engine()
    states = {"A": {"Type": "Wait", "Seconds": 100, "Next": "B"}, "B": {"Type": "Pass", "Output": "{% $states.context.Execution %}", "End": True}}  # fmt: skip
    execution = e.start(machine(states, TimeoutSeconds=60))
    assert e.run(execution).status == "TIMED_OUT"
    e.redrive(execution)
    found = e.run(execution)
    assert found.status == "SUCCEEDED"
    assert isinstance(found.output, dict)
    assert (found.output["RedriveCount"], found.output["RedriveTime"]) == (1, "2026-01-01T00:01:00.000Z")
    redriven = next(event for event in e.history(execution) if event["type"] == "ExecutionRedriven")
    assert (redriven["id"], redriven["previousEventId"]) == (4, 3)
    assert redriven["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_stopping_aborts_a_waiting_execution() -> None:
    e = engine()
    execution = e.start(machine({"A": {"Type": "Wait", "Seconds": 100, "End": True}}))
    e.run_until_idle(wait=False)
    e.stop(execution, "Manual", "no longer needed")
    found = e.run(execution)
    assert (found.status, found.error, found.cause) == ("ABORTED", "Manual", "no longer needed")
    last = e.history(execution)[-1]
    assert (last["type"], last["previousEventId"]) == ("ExecutionAborted", 0)
    assert last["executionAbortedEventDetails"] == {"error": "Manual", "cause": "no longer needed"}
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


def test_event_25000_of_an_endless_loop_ends_it() -> None:
    states = {"A": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "A"}], "Default": "B"},
              "B": {"Type": "Succeed"}}  # fmt: skip
    e = engine()
    execution = e.start(machine(states))
    assert e.run(execution).error == "States.Runtime"
    history = e.history(execution)
    assert [(event["id"], event["previousEventId"]) for event in history[-2:]] == [
        (24_999, 24_998),
        (25_000, 24_999),
    ]
    cause = "The execution reached the maximum number of history events (25000)."
    assert history[-1]["executionFailedEventDetails"] == {"error": "States.Runtime", "cause": cause}
    e.redrive(execution)
    assert e.run(execution).cause == cause


def test_workers_run_many_executions_and_branches_at_once() -> None:
    together = threading.Barrier(3, timeout=60)

    def meet(payload: Any, _: TaskContext) -> Any:
        together.wait()
        return payload

    branch = {"StartAt": "X", "States": {"X": work(Arguments="{% $states.input %}")}}
    branches = [{"StartAt": f"X{n}", "States": {f"X{n}": branch["States"]["X"]}} for n in range(3)]  # type: ignore[index]
    e = Engine(handlers={WORK: meet})
    with e.workers(3):
        execution = e.start(machine({"A": {"Type": "Parallel", "Branches": branches, "End": True}}), {"n": 1})
        assert e.wait_for(execution, 60).output == [{"n": 1}] * 3


def test_serve_works_until_it_is_told_to_stop() -> None:
    e = Engine(handlers={WORK: lambda payload, _: payload})
    stop = threading.Event()
    server = threading.Thread(target=e.serve, args=(2, stop))
    server.start()
    executions = [e.start(machine({"A": work(Arguments="{% $states.input %}")}), {"n": n}) for n in range(20)]
    found = [e.wait_for(execution, 60) for execution in executions]
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
    monkeypatch.setattr("rimedio.asl.execution.workbench.RETRY_SECONDS", 0.01)

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
        assert e.wait_for(execution, 60).output == {"n": 1}
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
    assert asked.wait(60)
    e.send_task_success(tokens[0], "now")
    runner.join(60)
    assert found[0].output == "now"
