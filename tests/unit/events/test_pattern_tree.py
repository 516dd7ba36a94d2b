"""The quick way along the event's own objects says what the general matcher says, wherever it says anything."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.events.operators import InvalidPattern
from rimedio.events.pattern import Pattern

KEYS = st.sampled_from(["a", "b", "c", "a.b", "b.c"])
VALUES = st.sampled_from(["x", "y", 1, 2, True, None])
OPERATORS = st.sampled_from(
    [{"exists": True}, {"exists": False}, {"prefix": "x"}, {"anything-but": "x"}, {"numeric": [">", 1]}]
)
LEAVES = st.lists(st.one_of(VALUES, OPERATORS), min_size=1, max_size=2)
PATTERNS = st.recursive(
    st.dictionaries(KEYS, LEAVES, min_size=1, max_size=2),
    lambda below: st.dictionaries(KEYS, st.one_of(LEAVES, below), min_size=1, max_size=2),
    max_leaves=4,
)
EVENTS = st.dictionaries(
    KEYS,
    st.recursive(
        VALUES,
        lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=3)),
        max_leaves=8,
    ),
    max_size=3,
)
STEADY = settings(
    deadline=None, derandomize=True, max_examples=300, suppress_health_check=[HealthCheck.too_slow]
)


@STEADY
@given(pattern=PATTERNS, event=EVENTS)
def test_both_ways_of_matching_agree(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    agree(pattern, event)


@pytest.mark.slow
@settings(STEADY, max_examples=3000)
@given(pattern=PATTERNS, event=EVENTS)
def test_both_ways_of_matching_agree_on_thousands(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    agree(pattern, event)


def agree(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    try:
        compiled = Pattern.compile(pattern)
    except InvalidPattern:
        return
    general = replace(compiled, trees=(None,) * len(compiled.alternatives))
    assert compiled.matches(event) is general.matches(event)


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ({"u": {"k": ["a"], "v": ["b"]}}, {"u": [{"k": "a", "v": "c"}, {"k": "d", "v": "b"}]}, False),
        ({"u": {"k": ["a"], "v": ["b"]}}, {"u": [{"k": "a"}, {"k": "a", "v": "b"}]}, True),
        ({"u": {"k": [{"exists": False}]}}, {"u": [{"k": 1}, {"v": 2}]}, False),
        ({"a": {"b": ["x"]}}, {"a.b": "x", "a": {"b": "y"}}, True),
        ({"a": {"b": ["x"]}}, {"a": [[{"b": "x"}]]}, True),
    ],
)
def test_elements_of_arrays_and_dotted_keys(pattern: Any, event: Any, matches: bool) -> None:
    assert Pattern.compile(pattern).matches(event) is matches


@pytest.mark.parametrize("value", ["10.0.0.010", "10.0.0.7\x00", "10.0.0", "::ffff:10.0.0.7", 7, None, True])
def test_what_is_no_address_of_the_family_is_in_no_network(value: object) -> None:
    assert not Pattern.compile({"ip": [{"cidr": "10.0.0.0/24"}]}).matches({"ip": value})
