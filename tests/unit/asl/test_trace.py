"""A history becomes a tree again."""

from datetime import UTC, datetime
from typing import Any

from rimedio.asl import Engine, Machine, VirtualClock
from rimedio.asl.testing import Case, Return, Throw, run_case
from rimedio.asl.trace import Mark, Trace, event_of

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
ANY = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]


def states(**named: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(named)), "States": named}


def trace_of(definition: dict[str, Any], given: Any = None, **mocks: Any) -> Trace:
    return Trace.of(run_case(Machine.parse(definition), Case("", given, mocks)).history)


def marks(trace: Trace) -> list[tuple[str, str]]:
    return [(visit.name, str(visit.mark)) for visit in trace.visits()]


def test_items_and_branches_stand_inside_their_state() -> None:
    parallel = {"Type": "Parallel", "Branches": [states(X=PASS), states(Y=PASS)], "End": True}
    trace = trace_of(states(M={"Type": "Map", "ItemProcessor": states(P=parallel), "End": True}), [1, 2])
    [outer] = trace.root.visits
    assert [thread.index for thread in outer.threads] == [0, 1]
    assert [[[v.name for v in t.visits] for t in thread.visits[0].threads] for thread in outer.threads] == [
        [["X"], ["Y"]],
        [["X"], ["Y"]],
    ]
    assert {visit.mark for visit in trace.visits()} == {Mark.SUCCEEDED}
    assert outer.threads[1].visits[0].threads[1].depth == 2


def test_retries_are_counted_and_a_caught_error_is_kept() -> None:
    retry = {**TASK, "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}], "Catch": ANY}
    trace = trace_of(states(A=retry, Caught=PASS), A=[Throw("Busy"), Return(1)])
    assert [(v.name, v.mark, v.attempts) for v in trace.visits()] == [("A", Mark.SUCCEEDED, 2)]
    trace = trace_of(states(A=retry, Caught=PASS), A=Throw("Busy", "too much"))
    [first, second] = trace.visits()
    assert (first.mark, first.attempts, first.error, first.cause) == (Mark.CAUGHT, 3, "Busy", "too much")
    assert second.mark is Mark.SUCCEEDED


def test_the_state_that_failed_is_found_and_its_neighbours_are_aborted() -> None:
    branches = [states(Slow={"Type": "Wait", "Seconds": 9, "End": True}), states(Bad=TASK)]
    trace = trace_of(
        states(P={"Type": "Parallel", "Branches": branches, "End": True}), Bad=Throw("Boom", "why")
    )
    assert marks(trace) == [("P", "failed"), ("Slow", "aborted"), ("Bad", "failed")]
    culprit = trace.culprit()
    assert culprit is not None
    assert (culprit.name, culprit.error, trace.status) == ("Bad", "Boom", "FAILED")


def test_an_expression_that_fails_belongs_to_its_own_state() -> None:
    first, bad = {"Type": "Pass", "Next": "Bad"}, {"Type": "Map", "Items": "{% 'no list' %}", "End": True}
    machine = {
        "QueryLanguage": "JSONata",
        **states(First=first, Bad={**bad, "ItemProcessor": states(X=PASS)}),
    }
    trace = trace_of(machine)
    assert marks(trace) == [("First", "succeeded"), ("Bad", "failed")]
    culprit = trace.culprit()
    assert culprit is not None
    assert culprit.error == "States.QueryEvaluationError"


def test_a_fail_state_inside_a_map_that_is_caught() -> None:
    fails = {
        "Type": "Map",
        "ItemProcessor": states(F={"Type": "Fail", "Error": "No"}),
        "Catch": ANY,
        "End": True,
    }
    trace = trace_of(states(M=fails, Caught=PASS), [1])
    assert marks(trace) == [("M", "caught"), ("F", "failed"), ("Caught", "succeeded")]
    assert trace.root.visits[0].threads[0].mark is Mark.FAILED


def test_a_parallel_that_is_tried_again_shows_its_last_attempt() -> None:
    state = {
        "Type": "Parallel",
        "Branches": [states(X=TASK)],
        "Retry": [{"ErrorEquals": ["No"]}],
        "End": True,
    }
    trace = trace_of(states(P=state), X=[Throw("No"), Return(1)])
    assert [(v.name, v.mark, v.attempts) for v in trace.visits()] == [
        ("P", Mark.SUCCEEDED, 2),
        ("X", Mark.SUCCEEDED, 1),
    ]


def test_a_running_execution_is_where_its_leaves_are() -> None:
    token = {**TASK, "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}
    branches = [states(T=token), states(W={"Type": "Wait", "Seconds": 9, "End": True})]
    engine = Engine(handlers={"*": lambda payload, context: None}, clock=VirtualClock())
    execution = engine.start(Machine.parse(states(P={"Type": "Parallel", "Branches": branches, "End": True})))
    engine.run_until_idle(wait=False)
    trace = Trace.of(engine.history(execution))
    assert [(leaf.name, leaf.mark) for leaf in trace.leaves()] == [("T", Mark.WAITING), ("W", Mark.RUNNING)]
    engine.stop(execution)
    engine.run_until_idle(wait=False)
    trace = Trace.of(engine.history(execution))
    assert (trace.status, trace.leaves()) == ("ABORTED", [])
    assert marks(trace) == [("P", "aborted"), ("T", "aborted"), ("W", "aborted")]


def test_a_redriven_execution_goes_on_in_the_state_that_failed() -> None:
    answers: list[Any] = [ValueError("first"), 1]

    def handler(payload: Any, context: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    engine = Engine(handlers={"*": handler}, clock=VirtualClock())
    inner = {"Type": "Parallel", "Branches": [states(X=PASS), states(T=TASK)], "End": True}
    execution = engine.start(Machine.parse(states(P=inner)))
    assert engine.run(execution).status == "FAILED"
    engine.redrive(execution)
    assert engine.run(execution).status == "SUCCEEDED"
    trace = Trace.of(engine.history(execution))
    assert trace.status == "SUCCEEDED"
    assert [(v.name, v.mark) for v in trace.visits() if v.name == "T"][-1] == ("T", Mark.SUCCEEDED)
    assert trace.root.visits[0].mark is Mark.SUCCEEDED


def test_events_as_sdks_answer_them_are_read() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for stamp in (at, "2026-01-01T00:00:00.000Z", at.timestamp()):
        row: Any = {"timestamp": stamp, "type": "ExecutionStarted", "id": 1, "previousEventId": 0}
        assert event_of(row).at == at.timestamp()
