"""Amounts are whole billionths of a dollar."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rimedio.cost.money import nano, said, usd


def test_one_token_of_a_small_model_is_not_rounded_away() -> None:
    assert nano(0.02 / 1_000_000) == 20


def test_a_float_counts_by_its_decimal_digits() -> None:
    assert nano(0.1) + nano(0.2) == nano(0.3) == 300_000_000
    assert nano(Decimal("1.0000000005")) == 1_000_000_001


@given(st.lists(st.integers(0, 10**15), max_size=50))
def test_a_sum_does_not_depend_on_its_order(amounts: list[int]) -> None:
    assert sum(amounts) == sum(reversed(amounts)) == sum(sorted(amounts))


@given(st.integers(-(10**12), 10**12))
def test_dollars_go_there_and_back(amount: int) -> None:
    assert nano(usd(amount)) == amount


def test_amounts_are_said_as_people_write_them() -> None:
    assert [said(nano(a)) for a in (0, 12.3, 1234.5, 0.00042)] == ["$0.00", "$12.30", "$1,234.50", "$0.00042"]
