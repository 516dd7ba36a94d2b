"""Choice rules of JSONPath states."""

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.asl import StatesError
from rimedio.asl.expressions.choice import OPERATORS, TYPE_TESTS, compile_rule, parse_timestamp
from rimedio.asl.expressions.query import Scope
from rimedio.asl.jsontext import JSON, kind_of

MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
T, LATER = "2012-10-09T19:00:55Z", "2012-10-09T19:00:56Z"

VALUES: list[JSON] = [None, 0, 0.0, 1, 1.1, -0.0, 2**70, "", " ", "HelloWorld", "1", "true", "null", "2012-10-09T19:00:55",
                      T, "2012-10-09T19:00:55+01:00", "2023-02-24", [], [""], [T], {}, {"A": 0}, True, False]  # fmt: skip


def holds(given: JSON, **rule: Any) -> bool:
    scope = Scope({"v": given, "w": rule.pop("w", 5)}, {}, {"x": 1}, lambda: {"State": {"Name": "C"}})
    return bool(compile_rule({"Variable": "$.v", **rule}).evaluate(scope))


def test_there_are_39_comparisons() -> None:
    assert len(OPERATORS) == 39


@pytest.mark.parametrize("name", sorted(TYPE_TESTS))
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_has_the_types_that_json_gives_it(name: str, value: JSON) -> None:
    kinds = {"IsNull": "null", "IsNumeric": "number", "IsString": "string", "IsBoolean": "boolean"}
    expected = kind_of(value) == kinds[name] if name in kinds else value in (T, "2012-10-09T19:00:55+01:00")
    assert holds(value, **{name: True}) is expected
    assert holds(value, **{name: False}) is not expected


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(
    ("kind", "operand"), [("String", "a"), ("Numeric", 1), ("Timestamp", T), ("Boolean", True)]
)
def test_unlike_types_are_neither_equal_nor_in_an_order(kind: str, operand: JSON, value: JSON) -> None:
    alike = {"String": "string", "Numeric": "number", "Timestamp": "string", "Boolean": "boolean"}[kind]
    if kind_of(value) == alike:
        return
    for name in OPERATORS - {"StringMatches"}:
        if name.startswith(kind):
            other = {name: "$.w"} if name.endswith("Path") else {name: operand}
            assert not holds(value, w=operand, **other)
            if name.endswith("Path"):
                assert not holds(operand, w=value, **other)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("Numeric", 1, 2),
        ("Numeric", -1.5, 0),
        ("Numeric", 1, 1e300),
        ("String", "a", "b"),
        ("String", "", "a"),
        ("String", "A", "a"),
        ("String", "10", "9"),
        ("String", "\U0001f600", "￿"),
        ("Timestamp", T, LATER),
        ("Timestamp", T, "2012-10-09T19:00:55.000000001Z"),
        ("Timestamp", "2012-10-09T20:00:55+02:00", T),
        ("Timestamp", "2012-10-09T19:00Z", T),
    ],
)
def test_orders(kind: str, low: JSON, high: JSON) -> None:
    for name, outcomes in {
        "Equals": (False, False, True),
        "LessThan": (True, False, False),
        "LessThanEquals": (True, False, True),
        "GreaterThan": (False, True, False),
        "GreaterThanEquals": (False, True, True),
    }.items():
        for (left, right), expected in zip([(low, high), (high, low), (low, low)], outcomes, strict=True):
            assert holds(left, **{f"{kind}{name}": right}) is expected
            assert holds(left, w=right, **{f"{kind}{name}Path": "$.w"}) is expected


@pytest.mark.parametrize(
    ("given", "rule", "expected"),
    [
        (5, {"NumericEqualsPath": "$.w"}, True),
        (1, {"NumericEqualsPath": "$x"}, True),
        ("C", {"StringEqualsPath": "$$.State.Name"}, True),
        (1, {"NumericEquals": 1.0}, True),
        (0, {"NumericEquals": -0.0}, True),
        (True, {"NumericEquals": 1}, False),
        ("é", {"StringEquals": "e\u0301"}, False),
        ("2012-10-09T20:00:55+01:00", {"TimestampEquals": T}, True),
        ("2012-10-09T19:00:55.000Z", {"TimestampEquals": T}, True),
        (False, {"BooleanEquals": False}, True),
        (None, {"IsPresent": True}, True),
        (None, {"IsPresent": False}, False),
    ],
)
def test_operators(given: JSON, rule: dict[str, Any], expected: bool) -> None:
    assert holds(given, **rule) is expected


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("", "", True),
        ("", "*", True),
        ("anything\nat all", "*", True),
        ("log-2024.txt", "log-*.txt", True),
        ("log-.txt", "log-*.txt", True),
        ("log-2024.txt.gz", "log-*.txt", False),
        ("xlog-1.txt", "log-*.txt", False),
        ("aba", "ab*ba", False),
        ("a.b.c", "*.*.*", True),
        ("a.b", "*.*.*", False),
        ("a*b.log", r"a\*b.*", True),
        ("axb.log", r"a\*b.*", False),
        ("a\\b", r"a\\*", True),
        ("a?b", "a?b", True),
        ("axb", "a?b", False),
        ("a\\", "a\\", True),
        (5, "*", False),
    ],
)
def test_wildcards(text: JSON, pattern: str, expected: bool) -> None:
    assert holds(text, StringMatches=pattern) is expected


def test_a_pattern_of_many_wildcards_takes_no_time() -> None:
    begun = time.thread_time()
    assert not holds("a" * 100_000, StringMatches="*a" * 5_000 + "b")
    assert not holds("a" * 100_000, StringMatches="*aab" * 5_000 + "*")
    assert time.thread_time() - begun < 60  # milliseconds; with backtracking, longer than anybody lives


def evaluate(rule: dict[str, Any], given: JSON) -> JSON:
    return compile_rule(rule).evaluate(Scope(given, {}, {}, dict))


def test_choice_rules_combine_and_stop_as_soon_as_the_answer_is_known() -> None:
    rule = {"And": [{"Variable": "$.v", "IsPresent": True}, {"Not": {"Variable": "$.v", "NumericEquals": 1}}]}
    assert evaluate(rule, {"v": 2}) is True
    assert evaluate(rule, {"v": 1}) is False
    assert evaluate(rule, {}) is False
    either = {"Or": [{"Variable": "$.v", "IsNull": True}, {"Variable": "$.gone", "IsNull": True}]}
    assert evaluate(either, {"v": None}) is True
    with pytest.raises(StatesError):
        evaluate(either, {"v": 1})


@pytest.mark.parametrize(
    ("path", "given", "present"),
    [("$.l[0]", {"l": []}, False), ("$.l[0]", {"l": [None]}, True), ("$.a.b", {"a": 1}, False), ("$.a.b", {}, False),
     ("$v", {}, False), ("$$.x", {}, False), ("$", None, True)],
)  # fmt: skip
def test_presence_is_no_error(path: str, given: JSON, present: bool) -> None:
    assert evaluate({"Variable": path, "IsPresent": True}, given) is present
    assert evaluate({"Variable": path, "IsPresent": False}, given) is not present


@pytest.mark.parametrize("name", sorted(OPERATORS - {"IsPresent"}))
def test_a_path_to_nothing_fails_every_other_comparison(name: str) -> None:
    with pytest.raises(StatesError) as caught:
        evaluate({"Variable": "$.v", name: "$.w" if name.endswith("Path") else True}, {"w": 1})
    what = "Invalid path '$.v': The choice state's condition path references an invalid value."
    assert (caught.value.error, caught.value.cause) == ("States.Runtime", what)


@pytest.mark.parametrize(
    "text",
    ["2016-13-05T21:29:29Z", "2016-12-05 21:29:29Z", "2016-12-05T21:29:29", "2016-02-30T00:00:00Z", "2016-12-05",
     "2016-12-05t21:29:29z", "2016-12-05T24:00:00Z", "2016-12-05T23:60:00Z", "2016-12-05T23:59:60Z", "05-12-2016T21:29:29Z",
     "2016-12-05T21:29:29+25:00", "2016-12-05T21:29:29.1234567890Z", "2016-12-05T21:29:29 Z", "٢٠١٦-12-05T21:29:29Z", "", "Z"],
)  # fmt: skip
def test_what_is_no_timestamp(text: str) -> None:
    assert parse_timestamp(text) is None


@MANY
@given(
    st.sampled_from(sorted(OPERATORS)),
    st.sampled_from(VALUES) | st.text(max_size=3),
    st.sampled_from(VALUES) | st.text("a*\\", max_size=5),
)
def test_any_comparison_of_any_values_is_true_or_false(name: str, left: Any, right: Any) -> None:
    rule = {"Variable": "$.v", name: "$.w" if name.endswith("Path") else right}
    assert evaluate(rule, {"v": left, "w": right}) in (True, False)
