"""Tables of cases, their coverage, and the fixture."""

import json
from pathlib import Path
from typing import Any

import pytest

from rimedio.asl import Machine
from rimedio.asl.pytest_plugin import Runner, asl_cases
from rimedio.asl.testing import Case, Coverage, Return, Throw, differences, read_cases, run_case

pytest_plugins = ["pytester"]
EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "asl"
ORDER = EXAMPLES / "order.asl.json"
APPROVAL = EXAMPLES / "approval.asl.json"


def parsed(path: Path) -> Machine:
    return Machine.parse(path.read_text("utf-8"), path.name.partition(".")[0])


@pytest.mark.parametrize(
    ("got", "expected", "lines"),
    [
        ({"a": [1, 2]}, {"a": [1, 2]}, []),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["$.a[1]: got 2, expected 3"]),
        ({"a": 1}, {"b": 1}, ["$.b: missing, expected 1", "$.a: got 1, which is not expected"]),
        ([1], [1, 2], ["$: got 1 elements, expected 2"]),
        (True, 1, ["$: got true, expected 1"]),
        ("x" * 200, None, [f'$: got "{"x" * 78}…, expected null']),
    ],
)
def test_two_values_are_told_apart_place_by_place(got: Any, expected: Any, lines: list[str]) -> None:
    assert list(differences(got, expected)) == lines


@pytest.mark.parametrize("name", ["order", "approval", "inspection", "readings"])
def test_the_cases_of_the_examples_come_out_as_expected(name: str) -> None:
    machine, coverage = parsed(EXAMPLES / f"{name}.asl.json"), None
    coverage = Coverage(machine)
    for case in read_cases(EXAMPLES / f"{name}.cases.json"):
        result = run_case(machine, case)
        assert result.problems == []
        coverage.add(result.trace)
    assert all(coverage.states.values())


def test_coverage_names_what_no_case_has_gone_through() -> None:
    machine = parsed(APPROVAL)
    coverage = Coverage(machine)
    coverage.add(run_case(machine, Case("cheap", {"price": 1})).history)
    assert list(coverage.lines()) == [
        "states      2 of 5 (40 %)",
        "transitions 1 of 6 (16 %)",
        "not entered  AskOwner, Approved?, SendBack",
    ]
    coverage.add(
        run_case(machine, Case("no", {"price": 900}, {"AskOwner": Return({"approved": False})})).history
    )
    assert list(coverage.lines())[-2:] == [
        "not taken    AskOwner → Approved? after an error",
        "not taken    Approved? → Repair",
    ]


def test_a_case_may_check_the_cause_the_time_and_an_output_of_null() -> None:
    machine = Machine.parse(
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "OutputPath": None, "End": True}}}
    )
    good = {"name": "a", "expect": {"output": {}, "seconds": 60}}
    assert run_case(machine, Case.read(good)).problems == []
    bad = {
        "name": "a",
        "mocks": {"Wrong": {"return": 1}},
        "expect": {"output": None, "seconds": 1, "cause": "x"},
    }
    assert run_case(machine, Case.read(bad)).problems == [
        "mocks name the state 'Wrong', which the machine does not have",
        "output $: got {}, expected null",
        "cause is None, expected x",
        "it took 60 seconds, expected 1",
    ]


def test_a_file_of_cases_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    for body, words in ((["no"], "a JSON list of objects"), ([{"input": "@gone.json"}], "cannot be read")):
        path.write_text(json.dumps(body))
        with pytest.raises(ValueError, match=words):
            read_cases(path)


def test_a_task_that_waits_for_a_token_is_answered_by_its_mock_or_left_waiting() -> None:
    machine = parsed(APPROVAL)
    assert (
        run_case(machine, Case("", {"price": 900}, {"AskOwner": Return({"approved": True})})).execution.output
        == "repaired"
    )
    timed_out = run_case(machine, Case("nobody answers", {"price": 900}))
    assert (timed_out.execution.output, timed_out.seconds) == ("sent back", 1_209_600)


def test_a_started_execution_waits_for_the_test(asl: Runner) -> None:
    going = asl.start(APPROVAL, {"price": 900})
    assert list(going.waiting) == ["AskOwner"]
    assert going.advance(1_000_000).status == "RUNNING"
    assert going.answer("AskOwner", {"approved": True}).output == "repaired"
    assert going.waiting == {}
    going = asl.start(APPROVAL, {"price": 900})
    assert going.advance(1_209_601).output == "sent back"
    going = asl.start(APPROVAL, {"price": 900})
    assert going.refuse("AskOwner", "Absent", "on holiday").error == "Absent"


def test_what_went_wrong_is_told_with_what_happened(asl: Runner) -> None:
    tried = asl.run(
        ORDER, {"order": 1, "card": "x", "lines": []}, {"Charge": Throw("BankUnreachable", "no answer")}
    )
    tried.assert_failed("BankUnreachable", "no answer")
    with pytest.raises(pytest.fail.Exception) as failure:
        tried.assert_succeeded({"parcel": 1})
    assert str(failure.value).splitlines()[:3] == [
        "it is FAILED",
        'output $: got null, expected {"parcel":1}',
        "what happened:",
    ]
    assert "  Charge  failed  after 4 attempts  BankUnreachable: no answer" in str(failure.value)


@asl_cases("../../../examples/asl/inspection.cases.json")
def test_a_file_of_cases_parametrizes_a_test(asl: Runner, case: Any) -> None:
    asl.check(case)


def test_a_failing_case_of_a_file_says_what_differs(pytester: Any) -> None:
    (pytester.path / "m.asl.json").write_text(
        '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
    )
    (pytester.path / "m.cases.json").write_text('[{"name": "one", "input": 1, "expect": {"output": 2}}]')
    pytester.makepyfile(
        "from rimedio.asl.pytest_plugin import asl_cases\n\n\n"
        '@asl_cases("m.cases.json")\ndef test_it(asl, case):\n    asl.check(case)\n'
    )
    result = pytester.runpytest_inprocess("--asl-coverage", "-p", "no:rerunfailures")
    result.stdout.fnmatch_lines(
        [
            "*output $: got 1, expected 2",
            "what happened:",
            "*P  succeeded*",
            "*state machines*",
            "m",
            "*states*1 of 1*",
        ]
    )
