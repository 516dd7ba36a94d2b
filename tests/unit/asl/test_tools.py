"""Validation, trying states, cases, pictures, integrations, versions."""

import random
from typing import Any

import pytest

from rimedio.asl import (
    Engine,
    InvalidDefinition,
    Machine,
    MemoryJournal,
    Registry,
    Route,
    StateMachineDoesNotExist,
    VirtualClock,
    validate,
)
from rimedio.asl.integrations.functions import START, nested
from rimedio.asl.testing import Case, Throw, run_case

pytest_plugins = ["rimedio.asl.pytest_plugin"]
PASS: dict[str, Any] = {"Type": "Pass", "End": True}


def findings(definition: Any) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.location) for finding in validate(definition)]


def states(**named: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(named)), "States": named}


def test_a_good_definition_has_no_findings() -> None:
    assert findings(states(A=PASS)) == []
    assert findings('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}') == []


@pytest.mark.parametrize(
    ("definition", "finding"),
    [
        ("{", ("INVALID_JSON_DESCRIPTION", None)),
        ("[]", ("INVALID_JSON_DESCRIPTION", None)),
        ({"States": {"A": PASS}}, ("SCHEMA_VALIDATION_FAILED", "")),
        ({**states(A=PASS), "StartAt": "B"}, ("MISSING_TRANSITION_TARGET", "/StartAt")),
        (states(A={"Type": "Pass", "Next": "B"}), ("MISSING_TRANSITION_TARGET", "/States/A/Next")),
        (states(A=PASS, B=PASS), ("MISSING_TRANSITION_TARGET", "/States/B")),
        (states(A={"Type": "Pass", "Next": "A"}), ("MISSING_END_STATE", None)),
        (states(A={"Type": "Pass"}), ("SCHEMA_VALIDATION_FAILED", "/States/A")),
        (states(A={"Type": "Nope"}), ("SCHEMA_VALIDATION_FAILED", "/States/A/Type")),
        (states(A={**PASS, "Retry": []}), ("SCHEMA_VALIDATION_FAILED", "/States/A")),
        (states(A={**PASS, "Output": 1}), ("SCHEMA_VALIDATION_FAILED", "/States/A")),
        (states(A={**PASS, "Parameters": {"x.$": "y"}}), ("SCHEMA_VALIDATION_FAILED", "/States/A/Parameters")),
        (states(A={**PASS, "ResultPath": "$.a[*]"}), ("SCHEMA_VALIDATION_FAILED", "/States/A/ResultPath")),
        (states(A={**PASS, "QueryLanguage": "JSONata", "Output": "{% x %}"}), ("UNSUPPORTED_JSONATA_EXPRESSION", "/States/A/Output")),
        (states(A={**PASS, "QueryLanguage": "JSONata", "Output": {"a": "{% ( %}"}}), ("INVALID_JSONATA_EXPRESSION", "/States/A/Output/a")),
        (states(A={"Type": "Wait", "End": True}), ("SCHEMA_VALIDATION_FAILED", "/States/A")),
        (states(A={"Type": "Choice", "Choices": []}), ("SCHEMA_VALIDATION_FAILED", "/States/A/Choices")),
        ({"QueryLanguage": "JSONata", **states(A={**PASS, "QueryLanguage": "JSONPath"})}, ("SCHEMA_VALIDATION_FAILED", "/States/A")),
        ({"QueryLanguage": "jsonata", **states(A=PASS)}, ("SCHEMA_VALIDATION_FAILED", "/QueryLanguage")),
        (states(A={"Type": "Parallel", "End": True, "Branches": [states(A=PASS)]}), ("DUPLICATE_STATE_NAME", "/States/A/Branches[0]/States/A")),
    ],
)  # fmt: skip
def test_a_bad_definition_is_found_out_at_its_place(definition: Any, finding: tuple[str, str | None]) -> None:
    assert finding in findings(definition)
    with pytest.raises(InvalidDefinition):
        Machine.parse(definition)


def test_a_static_result_that_looks_computed_is_a_warning_only() -> None:
    definition = states(A={**PASS, "Result": {"x.$": "$.y"}})
    assert [(f.code, f.severity) for f in validate(definition)] == [("PASS_RESULT_IS_STATIC", "WARNING")]
    Machine.parse(definition)


TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"n.$": "$.n"},
    "ResultPath": "$.r",
    "Retry": [{"ErrorEquals": ["Flaky"], "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    "Next": "After",
}


MACHINE = states(
    A={**TASK, "Next": "B"},
    Caught={"Type": "Fail", "Error": "Gave up"},
    B={"Type": "Wait", "Seconds": 9, "End": True},
)


def test_a_case_runs_with_an_answer_for_each_attempt() -> None:
    row: dict[str, Any] = {
        "name": "second try",
        "input": {"n": 1},
        "mocks": {"A": [{"throw": {"error": "Flaky"}}, {"return": 5}]},
        "expect": {"output": {"n": 1, "r": 5}, "states": ["A", "B"]},
    }
    assert run_case(Machine.parse(MACHINE), Case.read(row)).problems == []
    wrong = {**row, "expect": {"output": {}, "status": "FAILED", "states": ["A"], "error": "X"}}
    assert list(run_case(Machine.parse(MACHINE), Case.read(wrong)).problems) == [
        "status is SUCCEEDED, expected FAILED",
        "output $.n: got 1, which is not expected",
        "output $.r: got 5, which is not expected",
        "error is None, expected X",
        "states: after A came B, expected the end",
    ]
    with pytest.raises(ValueError, match="A mock is"):
        Case.read({"mocks": {"A": 1}})


def test_the_fixture_runs_a_machine_with_mocks(asl: Any) -> None:
    tried = asl.run(MACHINE, {"n": 1}, {"A": Throw("Other")})
    assert (tried.execution.error, tried.states) == ("Gave up", ["A", "Caught"])


@pytest.mark.parametrize(("suffix", "output"), [(".sync", '{"x":1}'), (".sync:2", {"x": 1})])
def test_a_nested_execution_is_awaited(suffix: str, output: Any) -> None:
    registry = Registry()
    registry.put(Machine.parse(states(W={"Type": "Wait", "Seconds": 60, "Next": "E"}, E=PASS), "child"))
    handlers: dict[str, Any] = {}
    engine = Engine(MemoryJournal(), handlers, clock=VirtualClock())
    handlers.update(nested(engine, registry.find))
    task = {"Type": "Task", "Resource": START + suffix, "End": True,
            "Parameters": {"StateMachineArn": "child", "Input": {"x": 1}}}  # fmt: skip
    found = engine.run(engine.start(Machine.parse(states(A=task), "parent")))
    assert isinstance(found.output, dict)
    assert (found.status, found.output["Output"]) == ("SUCCEEDED", output)
    kinds = [event["type"] for event in engine.history(found.execution_id)]
    assert kinds[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_failed_nested_execution_fails_the_task() -> None:
    registry = Registry()
    registry.put(Machine.parse(states(F={"Type": "Fail", "Error": "Inner"}), "child"))
    handlers: dict[str, Any] = {}
    engine = Engine(MemoryJournal(), handlers)
    handlers.update(nested(engine, registry.find))
    for name, error in (
        ("child", "States.TaskFailed"),
        ("gone", "StepFunctions.StateMachineDoesNotExistException"),
    ):
        task = {
            "Type": "Task",
            "Resource": START + ".sync:2",
            "Parameters": {"StateMachineArn": name},
            "End": True,
        }
        assert engine.run(engine.start(Machine.parse(states(A=task), "parent"))).error == error


def test_versions_stay_and_aliases_move() -> None:
    journal = MemoryJournal()
    registry = Registry(journal, random.Random(3))
    first, second = (Machine.parse(states(A={**PASS, "Result": n}), "orders") for n in (1, 2))
    registry.put(first)
    assert (registry.publish("orders"), registry.publish("orders")) == (1, 1)
    registry.put(second)
    assert registry.publish("orders") == 2
    assert registry.find("orders:1") is first
    assert registry.find("arn:aws:states:local:000000000000:stateMachine:orders") is second
    registry.alias("orders", "live", Route({1: 75, 2: 25}))
    assert Registry(journal).find("orders:2").definition == second.definition
    assert Registry(journal).aliases("orders") == {"live": Route({1: 75, 2: 25})}
    drawn = [registry.find("orders:live") for _ in range(400)]
    assert 60 < sum(machine is second for machine in drawn) < 140
    for bad in ("orders:9", "orders:gone", "other"):
        with pytest.raises(StateMachineDoesNotExist):
            registry.find(bad)
    with pytest.raises(ValueError, match="sum to 100"):
        Route({1: 50})


def test_an_execution_is_started_by_name_version_and_alias() -> None:
    engine = Engine(MemoryJournal())
    for n in (1, 2):
        engine.registry.put(Machine.parse(states(A={**PASS, "Result": n}), "orders"))
        engine.registry.publish("orders")
    engine.registry.alias("orders", "live", Route({1: 100}))
    outputs = [
        engine.run(engine.start(name)).output for name in ("orders", "orders:1", "orders:2", "orders:live")
    ]
    assert outputs == [2, 1, 2, 1]
    with pytest.raises(StateMachineDoesNotExist):
        engine.start("orders:3")
