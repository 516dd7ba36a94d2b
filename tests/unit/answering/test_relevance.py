"""Whether what was found answers, and whether the question can be answered at all."""

import pytest

from rimedio.answering.relevance import NAMES, measure, relevance, standalone
from rimedio.answering.vagueness import vagueness
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals


def passage(text: str, **signals: float) -> Passage:
    chunk = Chunk("c", "d", "t", 0, text, "file:m", "Manual", DocType.MANUAL, "en")
    return Passage(chunk, 1, 1.0, Signals(**signals))  # type: ignore[arg-type]


ANSWER = "Clean the inlet filter of the heat pump every six months with warm water."
QUESTION = "How often must the inlet filter of the heat pump be cleaned?"


def test_nothing_found_answers_nothing() -> None:
    assert relevance(QUESTION, [], "en") == 0


def test_an_unknown_code_is_not_answered_by_its_neighbours() -> None:
    assert relevance(QUESTION, [passage(ANSWER)], "en", unknown_codes=("E099",)) == 0


def test_a_passage_that_answers_is_more_relevant_than_one_that_does_not() -> None:
    good = passage(ANSWER, cosine=0.9, known_terms=1.0)
    bad = passage("The warranty covers two years from the date of sale.", cosine=0.78, known_terms=1.0)
    assert relevance(QUESTION, [good], "en") > relevance(QUESTION, [bad], "en") + 0.2


def test_features_are_finite_for_odd_questions() -> None:
    for text in ("", "???", "the of and", "E029"):
        found = measure(text, [passage(ANSWER)], "en")
        assert len(found) == len(NAMES)
        assert all(abs(v) < 10 for v in found)


def test_a_short_follow_up_keeps_the_subject_before_it() -> None:
    assert (
        standalone(["How do I clean the filter?", "How often?"]) == "How do I clean the filter?\nHow often?"
    )


def test_a_long_question_stands_alone() -> None:
    long = "Where on the side of the outdoor unit do I find the plate with the serial number?"
    assert standalone(["Hello", long]) == long
    assert standalone([]) == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [("It is broken, help", "en"), ("La pompa di calore non va", "it"), ("same problem as last time", "en")],
)
def test_a_request_that_names_nothing_is_vague(text: str, language: str) -> None:
    assert vagueness(text, language).is_vague


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The display stays black after the firmware update", "en"),
        ("Dopo il temporale il salvavita scatta appena collego l'auto", "it"),
    ],
)
def test_a_described_symptom_is_not_vague(text: str, language: str) -> None:
    assert not vagueness(text, language).is_vague


def test_pointing_at_something_unnamed_is_vague_and_at_something_named_is_not() -> None:
    asked = "What services does this library offer?"
    assert vagueness(asked, "en").points_nowhere
    assert not vagueness(asked, "en", ["Tell me about the city library."]).points_nowhere
