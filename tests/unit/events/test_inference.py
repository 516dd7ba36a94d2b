"""Schemas are inferred from what is seen, only widen, and say what a change means."""

import fastjsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.events.inference import differences, infer, merge

STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-5, 5)
    | st.sampled_from(["x", "2026-01-31T08:30:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, {"type": "integer"}),
        (1.5, {"type": "number"}),
        (True, {"type": "boolean"}),
        (None, {"type": "null"}),
        ("x", {"type": "string"}),
        ("2026-01-31T08:30:00Z", {"type": "string", "format": "date-time"}),
        ([], {"type": "array"}),
        ([1, 2.5], {"type": "array", "items": {"type": "number"}}),
        ({"a": 1}, {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
    ],
)
def test_a_value_has_the_schema_that_one_would_write(value: object, expected: object) -> None:
    assert infer(value) == expected


def test_joining_keeps_required_what_was_always_there() -> None:
    joined = merge(infer({"a": 1, "b": "x"}), infer({"a": None, "c": []}))
    assert joined["required"] == ["a"]
    assert joined["properties"] == {
        "a": {"type": ["integer", "null"]},
        "b": {"type": "string"},
        "c": {"type": "array"},
    }


@STEADY
@given(st.lists(VALUES, min_size=1, max_size=5))
def test_a_schema_accepts_every_value_it_was_made_from(values: list) -> None:
    schema = infer(values[0])
    for value in values[1:]:
        schema = merge(schema, infer(value))
    check = fastjsonschema.compile(
        {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"v": schema}}
    )
    for value in values:
        check({"v": value})


@STEADY
@given(VALUES, VALUES)
def test_joining_is_the_same_in_any_order_and_a_second_time_changes_nothing(
    one: object, other: object
) -> None:
    joined = merge(infer(one), infer(other))
    assert joined == merge(infer(other), infer(one))
    assert merge(joined, infer(one)) == merge(joined, infer(other)) == joined
    assert list(differences(joined, joined)) == []


@pytest.mark.parametrize(
    ("before", "after", "path", "breaking"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, "$.b", False),
        ({"a": 1}, {}, "$.a", True),
        ({"a": 1}, {"a": "x"}, "$.a", True),
        ({"a": 1}, {"a": None}, "$.a", True),
        ({"a": []}, {"a": [1]}, "$.a[*]", False),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, "$.a[*].c", False),
        ({"a": "2026-01-31T08:30:00Z"}, {"a": "soon"}, "$.a", True),
    ],
)
def test_a_difference_says_where_it_is_and_whether_it_breaks_readers(before, after, path, breaking) -> None:  # type: ignore[no-untyped-def]
    old = infer(before)
    (found,) = differences(old, merge(old, infer(after)))
    assert (found.path, found.breaking) == (path, breaking)


def test_very_deep_and_very_wide_values_stay_bounded() -> None:
    deep: object = 1
    for _ in range(60):
        deep = {"a": deep}
    assert "a" in repr(infer(deep))
    wide = infer({f"k{n:05d}": n for n in range(5000)})
    assert len(wide["properties"]) == 500
