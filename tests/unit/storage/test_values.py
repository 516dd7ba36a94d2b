"""Values: what an item may hold, how large it is, how it compares."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.domain.errors import InvalidInput
from rimedio.storage.values import (
    BYTES_MARK,
    ITEM_BYTES_MAX,
    added,
    canonical,
    canonical_item,
    canonical_number,
    order,
    same,
)  # fmt: skip

STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"a": "xyz"}, 1 + 3),
        ({"né": "è"}, 3 + 2),
        ({"a": None, "b": True}, 2 + 2),
        ({"a": b"1234"}, 1 + 4),
        ({"a": []}, 1 + 3),
        ({"a": ["x", "y"]}, 1 + 3 + 2 * 2),
        ({"a": {"bc": "x"}}, 1 + 3 + 1 + 2 + 1),
    ],
)
def test_sizes_are_counted_as_dynamodb_counts(item, size: int) -> None:
    assert canonical_item(item)[1] == size


def test_the_largest_item_is_accepted_and_one_byte_more_refused() -> None:
    assert canonical_item({"a": "x" * (ITEM_BYTES_MAX - 1)})[1] == ITEM_BYTES_MAX
    with pytest.raises(InvalidInput, match=str(ITEM_BYTES_MAX + 1)):
        canonical_item({"a": "x" * ITEM_BYTES_MAX})


@pytest.mark.parametrize(
    ("given_", "kept"),
    [(1.0, 1), (-0.0, 0), (1e-200, 0), (2.0**62, 2**62), (2.0**70, 2.0**70), (0.5, 0.5), (True, True)],
)
def test_a_number_takes_the_form_both_homes_can_keep(given_, kept) -> None:
    found = canonical(given_)
    assert (found, type(found)) == (kept, type(kept))


def test_subclasses_become_plain() -> None:
    class Text(str):
        __slots__ = ()

    class Number(int):
        pass

    assert type(canonical(Text("a"))) is str
    assert type(canonical_number(Number(1), "n")) is int
    assert canonical((1, (2,))) == [1, [2]]


@pytest.mark.parametrize("name", ["", BYTES_MARK, "x" * 70_000, 1, "\ud800"])
def test_an_attribute_name_that_cannot_be_kept_is_refused(name) -> None:
    with pytest.raises(InvalidInput):
        canonical_item({name: 1})
    with pytest.raises(InvalidInput, match="outer"):
        canonical_item({"outer": {name: 1}})


def test_a_truth_value_is_never_a_number() -> None:
    assert not same(True, 1)
    assert not same([False], [0])
    assert not same({"a": True}, {"a": 1})
    assert same(1, 1.0)
    assert order(True, 2) is None


@STEADY
@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_text_is_ordered_as_its_utf8_bytes(one: str, two: str) -> None:
    left, right = one.encode(), two.encode()
    assert order(one, two) == (left > right) - (left < right)


@STEADY
@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_cents_are_added_exactly(one: int, two: int) -> None:
    assert added(canonical_number(one / 100, "n"), canonical_number(two / 100, "n"), "n") == canonical_number(
        (one + two) / 100, "n"
    )


def test_an_overflow_is_refused_and_not_wrapped() -> None:
    with pytest.raises(InvalidInput, match="64 bits"):
        added(2**63 - 1, 1, "count")
