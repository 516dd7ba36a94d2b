"""Contextual grounding goes sentence by sentence and believes what stands literally in the source."""

import pytest

from rimedio.answering.verify import GroundednessVerifier
from rimedio.bedrock_local.grounding import assessed

SOURCE = (
    "E043 – Card reader missing\n**Meaning:** the RFID reader does not answer. **Remedy:** with the station isolated "
    "plug in cable J8 again. Tighten the screws to 4 Nm."
)


def score(answer: str, *sources: str) -> float:
    return assessed(GroundednessVerifier(), answer, sources or (SOURCE,), "").grounding


def test_literal_lines_are_grounded_whatever_letter_they_begin_with() -> None:
    lines = "the RFID reader does not answer.\nwith the station isolated plug in cable J8 again."
    assert score(lines) > 0.95


@pytest.mark.parametrize(
    "said", ["Tighten the screws to 9 Nm.", "The RFID reader answers.", "Call the fire brigade."]
)
def test_another_number_a_lost_negation_and_another_matter_are_not(said: str) -> None:
    assert score(said) < 0.3


def test_one_false_sentence_of_two_halves_the_score() -> None:
    assert 0.4 < score("Tighten the screws to 4 Nm.\nTighten the screws to 9 Nm.") < 0.6


def test_any_of_the_sources_may_carry_a_sentence() -> None:
    assert score("The belt is black.", SOURCE, "The belt is black.") > 0.95


def test_of_a_remedy_in_json_its_sentences_are_judged() -> None:
    assert (
        score('{"steps": [{"title": "Invented", "sentences": [{"text": "Tighten the screws to 4 Nm."}]}]}')
        > 0.95
    )


def test_an_answer_without_a_sentence_claims_nothing() -> None:
    assert score("…") == 1.0
