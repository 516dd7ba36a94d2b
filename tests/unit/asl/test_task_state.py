"""Task states: payloads, results, tokens, heartbeats, limits, and the events of each family."""

import json
from typing import Any

import pytest
from tests.unit.asl.machines import ASK, WORK, engine, machine, run, types, work

from rimedio.asl import (
    Engine,
    InvalidToken,
    Machine,
    TaskContext,
    TaskFailed,
    TaskTimedOut,
    VirtualClock,
)


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


def test_a_handler_that_returns_after_its_timeout_has_failed() -> None:
    clock = VirtualClock()
    e = Engine(handlers={WORK: lambda *_: clock.sleep(61)}, clock=clock)
    assert e.run(e.start(machine({"A": work(TimeoutSeconds=60)}))).error == "States.Timeout"


def test_a_deadline_that_was_met_keeps_nobody_waiting() -> None:
    e = Engine(handlers={WORK: lambda *_: 1}, clock=VirtualClock())
    before = e.clock.now()
    e.start(machine({"A": work(TimeoutSeconds=3600)}))
    e.run_until_idle()
    assert e.clock.now() == before


def told(resource: str, handler: Any, given: Any = None, **fields: Any) -> list[tuple[str, Any]]:
    """Events of a task between its entry and its exit, with their details."""
    e = Engine(handlers={"*": handler}, clock=VirtualClock(), arn="arn:aws:states:eu-south-1:123456789012")
    execution = e.start(machine({"A": {"Type": "Task", "Resource": resource, "End": True, **fields}}), given)
    e.run_until_idle()
    events = e.history(execution)[2:]
    return [
        (str(event["type"]), next((v for k, v in event.items() if k.endswith("Details")), None))
        for event in events
        if not str(event["type"]).startswith(("Execution", "TaskState"))
    ]


def refused(error: str, cause: str = "why") -> Any:
    def refuse(_: Any, __: TaskContext) -> Any:
        raise TaskFailed(error, cause)

    return refuse


KEPT = {"truncated": False}


def test_a_functions_arn_has_its_own_family_of_events() -> None:
    scheduled = ("LambdaFunctionScheduled", {"resource": WORK, "input": '{"n":1}', "inputDetails": KEPT})
    started = ("LambdaFunctionStarted", None)
    done = ("LambdaFunctionSucceeded", {"output": "2", "outputDetails": KEPT})
    assert told(WORK, lambda *_: 2, {"n": 1}) == [scheduled, started, done]
    failed = ("LambdaFunctionFailed", {"error": "Boom", "cause": "why"})
    assert told(WORK, refused("Boom"), {"n": 1}) == [scheduled, started, failed]


def test_a_service_is_told_with_its_action_region_and_credentials() -> None:
    named = {"resourceType": "lambda", "resource": "invoke"}
    scheduled = {
        **named,
        "region": "eu-south-1",
        "parameters": '{"FunctionName":"f"}',
        "timeoutInSeconds": 60,
        "heartbeatInSeconds": 5,
        "taskCredentials": {"roleArn": "arn:aws:iam::123456789012:role/other"},
    }
    role = {"RoleArn": "{% 'arn:aws:iam::123456789012:role/' & $states.input %}"}
    limits = {"TimeoutSeconds": 60, "HeartbeatSeconds": "{% 5 %}"}
    events = told("arn:aws:states:::lambda:invoke", lambda *_: 2, "other", Arguments={"FunctionName": "f"},
                  Credentials=role, **limits)  # fmt: skip
    assert events == [
        ("TaskScheduled", scheduled),
        ("TaskStarted", named),
        ("TaskSucceeded", {**named, "output": "2", "outputDetails": KEPT}),
    ]


def test_a_job_is_submitted_before_it_succeeds_or_fails() -> None:
    resource = "arn:aws:states:::states:startExecution.sync:2"
    named = {"resourceType": "states", "resource": "startExecution.sync:2"}
    job = {"ExecutionArn": "x", "StartDate": 1, "Status": "SUCCEEDED"}
    submitted = (
        "TaskSubmitted",
        {**named, "output": '{"ExecutionArn":"x","StartDate":1}', "outputDetails": KEPT},
    )
    done = (
        "TaskSucceeded",
        {**named, "output": json.dumps(job, separators=(",", ":")), "outputDetails": KEPT},
    )
    assert told(resource, lambda *_: job)[2:] == [submitted, done]
    failed = ("TaskFailed", {**named, "error": "States.TaskFailed", "cause": json.dumps(job)})
    assert told(resource, refused("States.TaskFailed", json.dumps(job)))[2:] == [submitted, failed]
    broken = (
        "TaskSubmitFailed",
        {**named, "error": "StepFunctions.StateMachineDoesNotExistException", "cause": "why"},
    )
    assert told(resource, refused("StepFunctions.StateMachineDoesNotExistException"))[2:] == [broken]


def test_a_task_that_waits_for_a_token_is_submitted_when_its_handler_has_returned() -> None:
    events = told(ASK, lambda *_: {"MessageId": "1"}, HeartbeatSeconds=9)
    named = {"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken"}
    assert [kind for kind, _ in events] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut"]
    assert events[2][1] == {**named, "output": '{"MessageId":"1"}', "outputDetails": KEPT}
    assert events[3][1] == {**named, "error": "States.Timeout"}


@pytest.mark.parametrize(
    ("resource", "title"),
    [
        (WORK, WORK),
        ("arn:aws:states:::lambda:invoke", "lambda"),
        ("arn:aws:states:::aws-sdk:s3:getObject", "aws-sdk:s3"),
    ],
)
def test_a_result_over_the_limit_names_who_gave_it(resource: str, title: str) -> None:
    kind, details = told(resource, lambda *_: "x" * 262_144)[-1]
    assert kind.endswith("Failed")
    assert details["cause"].startswith(f"The state/task '{title}' returned a result with a size exceeding")


@pytest.mark.parametrize("value", [0, -1, 100_000_000, 2.5, "5", None])
def test_a_timeout_that_is_none_fails_before_anything_is_scheduled(value: Any) -> None:
    for field in ("TimeoutSecondsPath", "HeartbeatSecondsPath"):
        state = work(**{field: "$.t"})
        e = engine(work=lambda *_: 1)
        execution = e.start(Machine.parse({"StartAt": "A", "States": {"A": state}}), {"t": value})
        assert e.run(execution).error == "States.Runtime"
        assert types(e, execution)[1:] == ["TaskStateEntered", "ExecutionFailed"]
    state = work(TimeoutSeconds="{% $states.input.t %}")
    assert run(machine({"A": state}), {"t": value}).error == "States.QueryEvaluationError"


def test_heartbeats_must_be_closer_than_the_timeout() -> None:
    state = work(TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$.h")
    for beat, status in ((5, "FAILED"), (4, "SUCCEEDED")):
        made = Machine.parse({"StartAt": "A", "States": {"A": state}})
        assert run(made, {"t": 5, "h": beat}, work=lambda *_: 1).status == status
