"""A draft is read as a whole, in the order of its sentences."""

from typing import cast

from rimedio.answering.context import Context
from rimedio.domain.answer import Draft, DraftSentence, DraftStep, Routing, SafetyFlag, Section
from rimedio.llm.guardrails import Guardrails
from rimedio.tickets.draft_safety import DraftSafety, no_safety

CONTEXT = cast("Context", None)


def draft(*sentences: str) -> Draft:
    steps = tuple(DraftStep(Section.REMEDY, "", (DraftSentence(s, 1, s),)) for s in sentences)
    return Draft("en", steps, Routing("extractive", "extractive", "test"))


def test_the_sentences_are_read_together_and_in_order() -> None:
    seen: list[str] = []

    def inspect(text: str) -> tuple[SafetyFlag, ...]:
        seen.append(text)
        return ()

    DraftSafety(inspect).check(draft("First.", "Second."), CONTEXT)
    assert seen == ["First.\nSecond."]


def test_live_work_is_flagged_by_the_real_guardrails() -> None:
    check = DraftSafety(Guardrails().inspect_answer).check
    assert check(draft("Replace the mains terminal without disconnecting the power."), CONTEXT)
    assert not check(draft("Clean the air filter with a dry brush."), CONTEXT)


def test_an_empty_draft_and_a_guardrail_that_is_off_find_nothing() -> None:
    def never(_text: str) -> tuple[SafetyFlag, ...]:
        raise AssertionError("there was nothing to read")

    assert DraftSafety(never).check(draft(), CONTEXT) == ()
    assert DraftSafety(no_safety).check(draft("Touch live wires."), CONTEXT) == ()
