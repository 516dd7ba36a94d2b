"""Two classifiers on the same rows: exact test, interval, and what a label loses."""

import pytest

from rimedio.classification.comparison import compare, mcnemar, paired, recall_losses


def test_the_exact_test_is_that_of_the_fair_coin() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == pytest.approx(1 / 32)
    assert mcnemar(8, 2) == pytest.approx((45 + 10 + 1) / 1024)
    assert mcnemar(2, 8) > 0.98
    assert mcnemar(900, 700) < 1e-5  # large counts stay exact


def test_only_rows_that_tell_the_two_apart_count() -> None:
    truth = ["A"] * 10
    champion = ["A"] * 5 + ["B"] * 5
    found = compare(paired(truth, champion, ["A"] * 9 + ["B"]))
    assert (found.only_champion, found.only_challenger, found.rows) == (0, 4, 10)
    assert found.difference == pytest.approx(0.4)
    assert found.difference_low <= 0.4 <= found.difference_high
    assert found.difference_low > 0


def test_no_rows_compare_as_equal() -> None:
    found = compare(paired([], [], []))
    assert (found.p_value, found.difference, found.difference_low) == (1.0, 0.0, 0.0)


def test_the_same_rows_give_the_same_interval() -> None:
    answers = paired(["A", "B"] * 20, ["A", "A"] * 20, ["B", "B"] * 20)
    assert compare(answers) == compare(answers)


def test_a_label_with_too_few_rows_says_nothing_of_its_recall() -> None:
    answers = paired(["A"] * 4 + ["B"] * 2, ["A"] * 4 + ["B"] * 2, ["A", "B", "B", "B", "A", "A"])
    assert recall_losses(answers, rows_min=3) == {"A": pytest.approx(0.75)}
