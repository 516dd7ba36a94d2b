"""What `rimedio costs` says of the budget: the console's words, no names out of the program."""

import re

import pytest
from tests.conftest import ROOT

from rimedio.cli.costs import LEVELS, budget_words
from rimedio.cost.budgets import BudgetState, Level, Limits
from rimedio.cost.money import NANO

CONSOLE = ROOT / "src" / "rimedio" / "console" / "i18n" / "en" / "insights.js"


def state(spent: int, monthly: int | None, aside: int = 0) -> BudgetState:
    limits = Limits(None if monthly is None else monthly * NANO)
    return BudgetState("2026-11", limits, spent * NANO, (spent + aside) * NANO)


def test_without_a_limit_it_says_so() -> None:
    assert budget_words(state(3, None)) == "Budget of the month: $3.00 spent; no limit is set."


@pytest.mark.parametrize(
    ("spent", "words"), [(1, "All models"), (7, "Smaller model"), (9, "Quotes only"), (10, "People only")]
)
def test_each_level_has_its_name_and_its_meaning(spent: int, words: str) -> None:
    said = budget_words(state(spent, 10))
    assert said.startswith(f"Budget of the month: ${spent}.00 of $10.00 ({spent}0%) spent. {words}: ")
    assert not re.search(r"[A-Z]{3}", said)


def test_what_is_put_aside_is_told_apart_from_what_is_spent() -> None:
    assert "$1.00 of $10.00 (10%) spent, $2.00 put aside for calls under way" in budget_words(state(1, 10, 2))


def test_a_budget_of_nothing_divides_by_nothing() -> None:
    assert "$0.00 of $0.00 spent. People only" in budget_words(state(0, 0))


def test_the_names_are_those_of_the_console() -> None:
    shown = dict(re.findall(r'"budget\.level_([A-Z_]+)": "(.*?)"', CONSOLE.read_text("utf-8")))
    assert {level: name for level, (name, _) in LEVELS.items()} == {level: shown[level] for level in Level}
