"""A ticket's steps out of its execution's history."""

from datetime import UTC, datetime, timedelta

from rimedio.domain.codec import Json
from rimedio.tickets.run_log import SHOWN_CHARS_MAX, StepStatus, cut, steps_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def event(number: int, previous: int, kind: str, **details: Json) -> dict[str, Json]:
    return {
        "timestamp": (NOW + timedelta(seconds=number)).isoformat(),
        "type": kind,
        "id": number,
        "previousEventId": previous,
        "someEventDetails": dict(details),
    }


def test_a_task_that_is_tried_twice_is_two_steps() -> None:
    first, second = steps_of(
        [
            event(1, 0, "ExecutionStarted"),
            event(2, 1, "TaskStateEntered", name="A", input='{"x": 1}'),
            event(3, 2, "TaskScheduled", parameters='{"FunctionName": "a", "Payload": {"y": 2}}'),
            event(4, 3, "TaskFailed", error="Throttled", cause="slow down"),
            event(5, 4, "TaskScheduled", parameters='{"FunctionName": "a", "Payload": {"y": 2}}'),
            event(6, 5, "TaskSucceeded", output="{}"),
            event(7, 6, "TaskStateExited", name="A", output='{"z": 3}'),
        ]
    )
    assert (first.state, first.status, first.error, first.cause) == (
        "A", StepStatus.FAILED, "Throttled", "slow down",
    )  # fmt: skip
    assert (first.attempt, second.attempt, second.status) == (1, 2, StepStatus.SUCCEEDED)
    assert (second.type, second.input, second.output) == ("Task", {"y": 2}, {"z": 3})
    assert (first.duration_ms, second.duration_ms) == (2000.0, 2000.0)


def test_a_caught_failure_stays_a_failure_with_its_error() -> None:
    (step,) = steps_of(
        [
            event(1, 0, "TaskStateEntered", name="A", input="{}"),
            event(2, 1, "TaskScheduled", parameters="{}"),
            event(3, 2, "TaskFailed", error="E", cause="why"),
            event(4, 3, "TaskStateExited", name="A", output="{}"),
        ]
    )
    assert (step.status, step.error, step.ended_at) == (StepStatus.FAILED, "E", NOW + timedelta(seconds=3))


def test_a_state_that_waits_for_a_person_has_no_end() -> None:
    (step,) = steps_of(
        [
            event(1, 0, "TaskStateEntered", name="Wait", input="{}"),
            event(2, 1, "TaskScheduled", parameters="{}"),
            event(3, 2, "TaskSubmitted", resource="invoke.waitForTaskToken"),
        ]
    )
    assert (step.status, step.ended_at, step.duration_ms) == (StepStatus.WAITING, None, None)


def test_branches_do_not_end_one_another() -> None:
    outer, one, two = steps_of(
        [
            event(1, 0, "ParallelStateEntered", name="P", input="{}"),
            event(2, 1, "TaskStateEntered", name="A", input="{}"),
            event(3, 1, "TaskStateEntered", name="B", input="{}"),
            event(4, 3, "TaskStateExited", name="B", output='"b"'),
            event(5, 2, "TaskStateExited", name="A", output='"a"'),
            event(6, 5, "ParallelStateExited", name="P", output='["a","b"]'),
        ]
    )
    assert (one.output, two.output, outer.output) == ("a", "b", ["a", "b"])
    assert (outer.type, outer.status) == ("Parallel", StepStatus.SUCCEEDED)


def test_nothing_is_cut_but_what_is_too_long() -> None:
    assert cut({"a": "b"}) == {"a": "b"}
    shown = cut({"a": "x" * SHOWN_CHARS_MAX})
    assert isinstance(shown, dict)
    assert shown["characters"] == SHOWN_CHARS_MAX + 9
    assert str(shown["beginning"]).startswith('{"a": "xxx')


def test_a_history_without_events_has_no_steps() -> None:
    assert steps_of([]) == ()
