"""Pass, Choice, Wait, Succeed and Fail."""

from typing import Any

import pytest
from tests.unit.asl.machines import engine, machine, run

from rimedio.asl import (
    Description,
    Machine,
)


def test_a_wait_of_a_day_takes_no_time_on_a_virtual_clock() -> None:
    made = machine({"A": {"Type": "Wait", "Seconds": 86_400, "End": True}})
    e = engine()
    execution = e.start(made)
    assert e.run_until_idle(wait=False) == 1
    assert e.describe(execution).status == "RUNNING"
    found = e.run(execution)
    assert found.stopped is not None
    assert (found.stopped - found.started).total_seconds() == 86_400


def path(states: dict[str, Any], given: Any = None) -> Description:
    """How a JSONPath machine ends; its first state is A."""
    e = engine()
    return e.run(e.start(Machine.parse({"StartAt": "A", "States": states}), given))


def seconds(found: Description) -> float:
    assert found.stopped is not None
    return (found.stopped - found.started).total_seconds()


@pytest.mark.parametrize("value", [0, 1, 1.0, 99_999_999])
def test_a_wait_lasts_as_long_as_its_path_says(value: float) -> None:
    found = path({"A": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}, {"s": value})
    assert (found.status, seconds(found)) == ("SUCCEEDED", value)


@pytest.mark.parametrize("value", [-1, 100_000_000, 1.5, "1", "x", True, None, [], {}])
def test_seconds_that_are_none_fail_the_execution(value: Any) -> None:
    found = path({"A": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}, {"s": value})
    assert (found.status, found.error, seconds(found)) == ("FAILED", "States.Runtime", 0)
    state = {"Type": "Wait", "Seconds": "{% $states.input.s %}", "End": True}
    assert run(machine({"A": state}), {"s": value}).error == "States.QueryEvaluationError"


@pytest.mark.parametrize(
    ("instant", "lasts"),
    [("2020-01-01T00:00:00Z", 0), ("2026-01-01T00:01:00Z", 60), ("2026-01-01T02:00:00+01:00", 3600)],
)
def test_a_wait_until_an_instant_ends_then_or_at_once(instant: str, lasts: float) -> None:
    forms: list[dict[str, Any]] = [{"TimestampPath": "$.at"}, {"Timestamp": instant}]
    for form in forms:
        assert seconds(path({"A": {"Type": "Wait", **form, "End": True}}, {"at": instant})) == lasts
    state = {"Type": "Wait", "Timestamp": "{% $states.input.at %}", "End": True}
    assert seconds(run(machine({"A": state}), {"at": instant})) == lasts


def test_a_wait_of_more_than_68_years_is_too_long() -> None:
    found = path({"A": {"Type": "Wait", "TimestampPath": "$", "End": True}}, "2094-12-11T18:20:15.000Z")
    assert str(found.cause).endswith("Wait state delay is too long.")


def test_an_instant_that_is_none_is_quoted() -> None:
    found = path({"A": {"Type": "Wait", "TimestampPath": "$.at", "End": True}}, {"at": "tomorrow"})
    assert found.cause == (
        "An error occurred while executing the state 'A' (entered at the event id #2). The TimestampPath "
        "parameter does not reference a valid ISO-8601 extended offset date-time format string: "
        "$.at == tomorrow"
    )


def test_a_choice_without_a_way_out_cannot_be_caught() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "B"}]}
    inner = {"StartAt": "I", "States": {"I": choice, "B": {"Type": "Succeed"}}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    outer = {"Type": "Parallel", "Branches": [inner], "Catch": catch, "Next": "C"}
    found = path({"A": outer, "C": {"Type": "Succeed"}}, {"n": 2})
    assert found.error == "States.Runtime"
    assert "The state does not point to a next state." in str(found.cause)


def test_a_rule_has_its_own_output_and_assignments_and_the_default_the_states() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input = 1 %}", "Next": "B", "Output": "rule", "Assign": {"x": 1}}
        ],
        "Default": "B",
        "Output": "default",
        "Assign": {"x": 2},
    }
    states = {"A": choice, "B": {"Type": "Pass", "Output": "{% [$states.input, $x] %}", "End": True}}
    assert [run(machine(states), given).output for given in (1, 3)] == [["rule", 1], ["default", 2]]


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        ({}, None, None),
        ({"Error": "E"}, "E", None),
        ({"Cause": "why"}, None, "why"),
        ({"ErrorPath": "$.e", "CausePath": "$$.State.Name"}, "Broken", "A"),
        ({"Error": "E", "CausePath": "States.Format('{} failed', $.e)"}, "E", "Broken failed"),
    ],
)
def test_a_fail_state_tells_what_it_names_and_no_more(
    fields: Any, error: str | None, cause: str | None
) -> None:
    e = engine()
    execution = e.start(
        Machine.parse({"StartAt": "A", "States": {"A": {"Type": "Fail", **fields}}}), {"e": "Broken"}
    )
    found = e.run(execution)
    assert (found.status, found.error, found.cause) == ("FAILED", error, cause)
    told = {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}
    assert e.history(execution)[-1]["executionFailedEventDetails"] == told


@pytest.mark.parametrize(
    ("language", "value", "error"),
    [
        ("JSONata", "{% $states.input.e %}", "Broken"),
        ("JSONata", "{% $states.input.n %}", "States.QueryEvaluationError"),
        ("JSONata", "{% $states.input.nothing %}", "States.QueryEvaluationError"),
        ("JSONPath", "$.n", "States.Runtime"),
        ("JSONPath", "$.nothing", "States.Runtime"),
    ],
)
def test_the_error_of_a_fail_state_must_be_a_string(language: str, value: str, error: str) -> None:
    field = "Error" if language == "JSONata" else "ErrorPath"
    e = engine()
    made = Machine.parse(
        {"QueryLanguage": language, "StartAt": "A", "States": {"A": {"Type": "Fail", field: value}}}
    )
    assert e.run(e.start(made, {"e": "Broken", "n": 5})).error == error


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({"Result": {"r": 1}}, {"r": 1}),
        ({"Result": None}, None),
        ({"Result": 1, "ResultPath": None}, {"a": {"b": 2}}),
        ({"Result": 1, "ResultPath": "$.a.c"}, {"a": {"b": 2, "c": 1}}),
        ({"Parameters": {"x.$": "$.b"}, "InputPath": "$.a"}, {"x": 2}),
        (
            {"Parameters": {"x.$": "$.b"}, "Result": 1, "InputPath": "$.a", "ResultPath": "$.r"},
            {"a": {"b": 2}, "r": 1},
        ),
        ({"InputPath": None}, {}),
        ({"OutputPath": None}, {}),
        ({"InputPath": "$.a", "ResultPath": "$.r", "OutputPath": "$.r"}, {"b": 2}),
    ],
)
def test_a_pass_state_filters_in_the_order_of_the_specification(fields: Any, output: Any) -> None:
    assert path({"A": {"Type": "Pass", **fields, "End": True}}, {"a": {"b": 2}}).output == output


def test_what_leaves_a_state_keeps_to_the_limit() -> None:
    found = path({"A": {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": True}}, "x" * 140_000)
    assert found.error == "States.DataLimitExceeded"
    assert found.cause == (
        "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit."
    )


def test_languages_mix_by_state_and_share_variables() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"},
        "B": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {"y": "{% $x + $states.input.n %}"},
            "Next": "C",
        },
        "C": {"Type": "Pass", "Parameters": {"z.$": "States.MathAdd($x, $.y)"}, "End": True},
    }
    assert path(states, {"n": 1}).output == {"z": 3}


def test_an_expression_that_fails_is_noted_before_the_execution_does() -> None:
    e = engine()
    states = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Pass", "Output": {"v": "{% $states.input.nothing %}"}, "End": True},
    }
    execution = e.start(machine(states), {})
    cause = (
        "An error occurred while executing the state 'B' (entered at the event id #4). The JSONata expression "
        "'$states.input.nothing' specified for the field 'Output/v' returned nothing (undefined)."
    )
    assert e.run(execution).cause == cause
    noted = e.history(execution)[-2]
    assert noted["evaluationFailedEventDetails"] == {
        "state": "B", "error": "States.QueryEvaluationError", "location": "Output/v", "cause": cause}  # fmt: skip
    assert (noted["id"], noted["previousEventId"]) == (5, 3)


def test_the_context_object_tells_of_execution_machine_and_state() -> None:
    e = engine()
    execution = e.start(
        machine({"A": {"Type": "Pass", "Output": "{% $states.context %}", "End": True}}), {"n": 1}, "first"
    )
    assert e.run(execution).output == {
        "Execution": {
            "Id": execution,
            "Input": {"n": 1},
            "StartTime": "2026-01-01T00:00:00.000Z",
            "Name": "first",
            "RoleArn": "arn:aws:iam::000000000000:role/local",
            "RedriveCount": 0,
        },
        "StateMachine": {
            "Id": "arn:aws:states:local:000000000000:stateMachine:StateMachine",
            "Name": "StateMachine",
        },
        "State": {"Name": "A", "EnteredTime": "2026-01-01T00:00:00.000Z"},
    }
