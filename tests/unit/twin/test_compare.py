"""Histories are compared by their shape."""

from typing import Any

from tools.twin.compare import chains


def told(*events: tuple[int, int, str, str]) -> list[dict[str, Any]]:
    return [
        {"id": number, "previousEventId": before, "type": kind}
        | ({"stateEnteredEventDetails": {"name": state}} if state else {})
        for number, before, kind, state in events
    ]


PLAIN = told(
    (1, 0, "ExecutionStarted", ""),
    (2, 1, "TaskStateEntered", "A"),
    (3, 2, "TaskScheduled", ""),
    (4, 3, "TaskSucceeded", ""),
    (5, 4, "ExecutionSucceeded", ""),
)


def test_a_try_that_was_made_again_changes_no_shape() -> None:
    retried = told(
        (1, 0, "ExecutionStarted", ""),
        (2, 1, "TaskStateEntered", "A"),
        (3, 2, "TaskScheduled", ""),
        (4, 3, "TaskFailed", ""),
        (5, 4, "TaskScheduled", ""),
        (6, 5, "TaskTimedOut", ""),
        (7, 6, "TaskScheduled", ""),
        (8, 7, "TaskSucceeded", ""),
        (9, 8, "ExecutionSucceeded", ""),
    )
    assert chains(retried) == chains(PLAIN)


def test_another_state_or_another_end_is_another_shape() -> None:
    assert chains(PLAIN) != chains([*PLAIN[:-1], {**PLAIN[-1], "type": "ExecutionFailed"}])
    renamed = {**PLAIN[1], "stateEnteredEventDetails": {"name": "B"}}
    assert chains(PLAIN) != chains([PLAIN[0], renamed, *PLAIN[2:]])


def test_branches_may_end_in_any_order() -> None:
    def parallel(last: int) -> list[dict[str, Any]]:
        return told(
            (1, 0, "ParallelStateStarted", ""),
            (2, 1, "PassStateEntered", "A"),
            (3, 1, "PassStateEntered", "B"),
            (4, last, "ParallelStateSucceeded", ""),
        )

    assert chains(parallel(2)) == chains(parallel(3))
