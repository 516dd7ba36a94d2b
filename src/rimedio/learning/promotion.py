"""Better, by a stated test, or not: the only way a challenger becomes champion without a person's override.

1. On all rows that both were tested on (held-out rows, fresh corrections, live tickets whose truth became
   known in the shadow) the exact McNemar test finds more wins than losses, p < 0.05, one-sided.
2. On the fixed held-out rows the lower end of the 95 % interval of the difference is above -3 points: what
   worked keeps working, since fresh corrections are by nature what the champion got wrong.
3. No category with twenty fixed rows or more loses over 10 points of recall: one that collapses is either
   forgotten or poisoned.
"""

from dataclasses import dataclass
from enum import StrEnum

from rimedio.classification.comparison import mcnemar
from rimedio.learning.training import Evaluation

P_MAX = 0.05
FIXED_LOSS_MAX = 0.03
RECALL_LOSS_MAX = 0.10


class Finding(StrEnum):
    """What speaks for or against a challenger."""

    BETTER = "BETTER"
    NOT_BETTER = "NOT_BETTER"
    WORSE_ON_FIXED = "WORSE_ON_FIXED"
    CATEGORY_COLLAPSED = "CATEGORY_COLLAPSED"
    NEVER_MEASURED = "NEVER_MEASURED"


_TEXTS: dict[Finding, tuple[str, str]] = {
    Finding.BETTER: (
        "migliore: vince {0} confronti e ne perde {1} (McNemar p = {2})",
        "better: it wins {0} comparisons and loses {1} (McNemar p = {2})",
    ),
    Finding.NOT_BETTER: (
        "non dimostrato migliore: vince {0} confronti e ne perde {1} (McNemar p = {2})",
        "not shown to be better: it wins {0} comparisons and loses {1} (McNemar p = {2})",
    ),
    Finding.WORSE_ON_FIXED: (
        "può perdere fino a {0} punti sulle righe fisse di prova",
        "it may lose up to {0} points on the fixed test rows",
    ),
    Finding.CATEGORY_COLLAPSED: (
        "la categoria {0} perde {1} punti di richiamo",
        "the category {0} loses {1} points of recall",
    ),
    Finding.NEVER_MEASURED: (
        "non è mai stato confrontato con il campione",
        "it was never compared with the champion",
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding and its figures, in both languages."""

    finding: Finding
    it: str
    en: str


@dataclass(frozen=True, slots=True)
class ShadowTally:
    """How champion and challenger did on live tickets; the last four counts know the truth."""

    seen: int = 0
    agree: int = 0
    judged: int = 0
    champion_right: int = 0
    challenger_right: int = 0
    only_champion: int = 0
    only_challenger: int = 0


@dataclass(frozen=True, slots=True)
class PromotionVerdict:
    """Whether the challenger is better, and why."""

    better: bool
    p_value: float
    won: int
    lost: int
    reasons: tuple[Reason, ...]


def judge(evaluation: Evaluation | None, shadow: ShadowTally) -> PromotionVerdict:
    """The stated test."""
    if evaluation is None:
        return PromotionVerdict(False, 1.0, 0, 0, (_reason(Finding.NEVER_MEASURED),))
    fixed, fresh = evaluation.fixed, evaluation.fresh
    won = fixed.only_challenger + fresh.only_challenger + shadow.only_challenger
    lost = fixed.only_champion + fresh.only_champion + shadow.only_champion
    p_value = mcnemar(won, lost)
    better = p_value < P_MAX
    reasons = [_reason(Finding.BETTER if better else Finding.NOT_BETTER, won, lost, f"{p_value:.3g}")]
    if fixed.difference_low < -FIXED_LOSS_MAX:
        reasons.append(_reason(Finding.WORSE_ON_FIXED, f"{-100 * fixed.difference_low:.1f}"))
    reasons += [
        _reason(Finding.CATEGORY_COLLAPSED, label, f"{100 * loss:.0f}")
        for label, loss in evaluation.recall_losses.items()
        if loss > RECALL_LOSS_MAX
    ]
    return PromotionVerdict(better and len(reasons) == 1, p_value, won, lost, tuple(reasons))


def _reason(finding: Finding, *values: object) -> Reason:
    italian, english = _TEXTS[finding]
    return Reason(finding, italian.format(*values), english.format(*values))
