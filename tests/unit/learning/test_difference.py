"""Two solutions side by side: what came again, what changed, what went and what is new."""

from dataclasses import replace

import pytest

from rimedio.domain.answer import (
    Citation,
    Decision,
    Outcome,
    Performance,
    Quality,
    Routing,
    Section,
    Solution,
    Step,
)
from rimedio.domain.knowledge import DocType
from rimedio.domain.review import Change
from rimedio.learning.difference import Verdict, compare_solutions, diff_sentences, summarize


def solution(*sentences: str, outcome: Outcome = Outcome.PUBLISH, section: str = "E029") -> Solution:
    citation = Citation("c1", "chk", "m.md", "Manual", DocType.MANUAL, "…", 1.0, page=3, section=(section,))
    return Solution(
        solution_id="sol",
        ticket_id="tkt",
        language="en",
        steps=tuple(Step(n, Section.REMEDY, "Remedy", s, ("c1",)) for n, s in enumerate(sentences, 1)),
        citations=(citation,) if sentences else (),
        claims=(),
        safety_flags=(),
        alternative_actions=(),
        quality=Quality(0.9, 1.0, 0.8),
        decision=Decision(outcome, 0.8, ()),
        routing=Routing("extractive", "extractive-1", "1"),
        performance=Performance(12.0, cost_usd=0.02),
    )


def test_sentences_are_followed_through_their_changes() -> None:
    before = ["Switch it off.", "Replace the air filter.", "Close the door."]
    after = ["Switch it off!", "Replace the air filter XC2-FLT-01.", "Wait a minute.", "Close the door."]
    found = [(line.change, line.before, line.after) for line in diff_sentences(before, after)]
    assert found == [
        (Change.SAME, "Switch it off.", "Switch it off!"),
        (Change.CHANGED, "Replace the air filter.", "Replace the air filter XC2-FLT-01."),
        (Change.ADDED, None, "Wait a minute."),
        (Change.SAME, "Close the door.", "Close the door."),
    ]


def test_a_sentence_with_nothing_like_it_was_removed() -> None:
    [line] = diff_sentences(["Call the electrician at once."], [])
    assert (line.change, line.after) == (Change.REMOVED, None)


def test_the_verdict_looks_at_outcome_and_citations_before_words() -> None:
    old = solution("Replace the filter.")
    assert compare_solutions(old, old).verdict is Verdict.SAME
    assert compare_solutions(old, solution("Replace the air filter.")).verdict is Verdict.REWORDED
    assert (
        compare_solutions(old, solution("Replace the filter.", section="E030")).verdict is Verdict.DIFFERENT
    )
    reviewed = solution("Replace the filter.", outcome=Outcome.REVIEW)
    assert compare_solutions(old, reviewed).verdict is Verdict.DIFFERENT
    assert compare_solutions(None, old).verdict is Verdict.DIFFERENT


def test_a_summary_counts_and_averages() -> None:
    dearer = replace(solution("Another remedy, at last."), performance=Performance(30.0, cost_usd=0.04))
    same = compare_solutions(solution("Replace the filter."), solution("Replace the filter."))
    other = compare_solutions(solution("Replace the filter."), dearer)
    found = summarize([same, other], ["tkt_9: not there"])
    assert (found.tickets, found.same, found.reworded, found.different) == (2, 1, 1, 0)
    assert found.outcomes == {"PUBLISH → PUBLISH": 2}
    assert found.sentences_same == 0.5
    assert found.citations_kept == 1.0
    assert found.cost_after_usd == pytest.approx(0.03)
    assert found.latency_after_ms == pytest.approx(21.0)
    assert found.failed == ("tkt_9: not there",)
