"""Event patterns mean what EventBridge means."""

import pytest

from rimedio.events.operators import InvalidPattern
from rimedio.events.pattern import Pattern

EVENT = {
    "source": "rimedio",
    "detail": {
        "status": "READY",
        "n": 5,
        "tags": ["a", "b"],
        "steps": [{"k": "x", "v": 1}, {"k": "y", "v": 2}],
    },
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["rimedio", "other"]}, True),
        ({"source": ["Rimedio"]}, False),
        ({"source": [{"equals-ignore-case": "RIMEDIO"}]}, True),
        ({"detail": {"status": [{"anything-but": ["FAILED", "NEW"]}]}}, True),
        ({"detail": {"status": [{"anything-but": {"prefix": "RE"}}]}}, False),
        ({"detail": {"missing": [{"anything-but": "x"}]}}, False),
        ({"detail": {"missing": [{"exists": False}]}}, True),
        ({"detail": {"status": [{"exists": False}]}}, False),
        ({"detail": {"n": [{"numeric": [">", 4, "<=", 5]}]}}, True),
        ({"detail": {"n": ["5"]}}, False),
        ({"detail": {"n": [True]}}, False),
        ({"detail": {"tags": ["b"]}}, True),
        ({"detail": {"steps": {"k": ["x"], "v": [1]}}}, True),
        ({"detail": {"steps": {"k": ["x"], "v": [2]}}}, False),
        ({"source": [{"wildcard": "r*m*o"}]}, True),
        ({"source": [{"wildcard": "r*m"}]}, False),
        ({"$or": [{"source": ["nobody"]}, {"detail": {"n": [5]}}]}, True),
        ({"$or": [{"source": ["nobody"]}, {"detail": {"n": [6]}}]}, False),
    ],
)
def test_an_operator_answers_as_documented(pattern: object, expected: bool) -> None:
    assert Pattern.compile(pattern).matches(EVENT) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        [],
        {},
        {"a": {}},
        {"a": []},
        {"a": "x"},
        {"a": [["x"]]},
        {"a": [{"prefix": "x", "suffix": "y"}]},
        {"a": [{"unknown": 1}]},
        {"a": [{"exists": "yes"}]},
        {"a": [{"numeric": ["<", 5, ">", 1]}]},
        {"a": [{"numeric": [">", 6e9]}]},
        {"a": [{"wildcard": "a**b"}]},
        {"a": [{"wildcard": "a\\n"}]},
        {"a": [{"anything-but": ["x", 1]}]},
        {"a": [{"cidr": "10.0.0.0"}]},
        {"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["z"]}]},
    ],
)
def test_a_pattern_that_breaks_a_rule_is_refused_with_the_reason(pattern: object) -> None:
    with pytest.raises(InvalidPattern, match=r"Event pattern is not valid\. Reason: ."):
        Pattern.compile(pattern)
