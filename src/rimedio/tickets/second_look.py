"""What a reopened ticket changes: its first remedy was not enough, so a person sees the next one first.

The confidence was calibrated on first answers. Among tickets whose first answer failed it promises too much,
most of all where the same remedy comes out again.
"""

from collections.abc import Sequence
from dataclasses import replace

from rimedio.answering.outcomes import ground
from rimedio.domain.answer import Decision, Draft, Outcome, Solution
from rimedio.domain.ground import Ground

REOPENED = "reopened"  # the workflow's note
SAME_SHARE = 0.8  # of the new sentences that an earlier remedy holds too


def second_look(decision: Decision, draft: Draft, earlier: Sequence[Solution]) -> Decision:
    """The decision about a reopened ticket: never PUBLISH, and it says where a remedy is repeated."""
    if decision.outcome not in (Outcome.PUBLISH, Outcome.REVIEW):
        return decision
    why = Ground.SAME_REMEDY if any(repeats(draft, solution) for solution in earlier) else Ground.REOPENED
    reasons = (ground(why, draft.language), *decision.reasons)
    return replace(decision, outcome=Outcome.REVIEW, reasons=reasons)


def repeats(draft: Draft, solution: Solution) -> bool:
    """Whether a draft says again what a solution said."""
    said = "\n".join(step.text for step in solution.steps)
    sentences = {sentence.text for sentence in draft.sentences}
    return bool(sentences) and sum(text in said for text in sentences) >= SAME_SHARE * len(sentences)
