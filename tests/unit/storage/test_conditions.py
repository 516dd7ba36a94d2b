"""Conditions as data: their limits and how they are told in messages."""

import pytest

from rimedio.domain.errors import InvalidInput
from rimedio.storage.conditions import (
    And,
    AttributeIn,
    Contains,
    Equals,
    Exists,
    LessThan,
    Not,
    NotExists,
    all_of,
    any_of,
    describe,
    holds,
    leaves,
)  # fmt: skip


def test_a_message_names_attributes_and_never_values() -> None:
    condition = all_of(Exists("pk"), any_of(Equals("secret", "hunter2"), Not(LessThan("version", 3))))
    assert describe(condition) == "Equals(secret), Exists(pk), LessThan(version)"
    assert "hunter2" not in describe(condition)


def test_every_comparison_of_a_nested_condition_is_found() -> None:
    condition = Not(all_of(Exists("a"), any_of(NotExists("b"), Equals("c", 1))))
    assert list(leaves(condition)) == [Exists("a"), NotExists("b"), Equals("c", 1)]


def test_a_condition_as_long_as_dynamodb_takes_is_allowed_and_a_longer_one_refused() -> None:
    assert And(tuple(Exists("a") for _ in range(100)))
    with pytest.raises(InvalidInput, match="101"):
        And(tuple(Exists("a") for _ in range(101)))
    with pytest.raises(InvalidInput, match="101"):
        AttributeIn("a", tuple(range(101)))


def test_bytes_are_searched_as_bytes() -> None:
    item = {"raw": b"abc", "list": [True, 2]}
    assert holds(Contains("raw", b"bc"), item)
    assert not holds(Contains("raw", "bc"), item)
    assert not holds(Contains("list", 1), item)
    assert not holds(LessThan("raw", "b"), item)
    assert holds(LessThan("raw", b"b"), item)
