"""A challenger is promoted for being better, never for being new."""

import pytest

from rimedio.classification.comparison import Comparison
from rimedio.learning.promotion import Finding, ShadowTally, judge
from rimedio.learning.training import Evaluation


def comparison(won: int, lost: int, rows: int = 200, low: float = -0.005) -> Comparison:
    right = rows // 2
    return Comparison(rows, right, right + won - lost, lost, won, 1.0, low, 0.1)


def findings(evaluation: Evaluation | None, shadow: ShadowTally | None = None) -> tuple[bool, list[Finding]]:
    verdict = judge(evaluation, shadow or ShadowTally())
    return verdict.better, [reason.finding for reason in verdict.reasons]


def test_enough_wins_and_nothing_lost_is_better() -> None:
    assert findings(Evaluation(comparison(1, 0), comparison(8, 1))) == (True, [Finding.BETTER])


def test_wins_that_chance_explains_are_not_enough() -> None:
    assert findings(Evaluation(comparison(2, 1), comparison(2, 0))) == (False, [Finding.NOT_BETTER])


def test_live_tickets_of_the_shadow_count_too() -> None:
    evaluation = Evaluation(comparison(1, 1), comparison(2, 0))
    assert not judge(evaluation, ShadowTally()).better
    assert judge(evaluation, ShadowTally(seen=20, judged=10, only_challenger=6)).better


def test_corrections_alone_do_not_pay_for_what_worked_before() -> None:
    fixed = comparison(0, 6, low=-0.05)
    assert findings(Evaluation(fixed, comparison(30, 0))) == (
        False,
        [Finding.BETTER, Finding.WORSE_ON_FIXED],
    )


def test_a_category_that_collapses_keeps_the_challenger_out() -> None:
    evaluation = Evaluation(comparison(3, 0), comparison(20, 0), {"SENSOR": 0.3, "THERMAL": -0.1})
    better, found = findings(evaluation)
    assert not better
    assert Finding.CATEGORY_COLLAPSED in found


def test_what_was_never_measured_is_never_better() -> None:
    assert findings(None, ShadowTally(only_challenger=50)) == (False, [Finding.NEVER_MEASURED])


@pytest.mark.parametrize("language", ["it", "en"])
def test_reasons_say_their_figures_in_both_languages(language: str) -> None:
    [reason] = judge(Evaluation(comparison(1, 0), comparison(8, 1)), ShadowTally()).reasons
    assert "9" in getattr(reason, language)
    assert "{" not in getattr(reason, language)
