"""Yes and no, must and may, before and after, open and close."""

import pytest

from rimedio.answering.verification.agreement import Evidence, disagreements
from rimedio.answering.verification.reasons import Doubt


def doubts(claim: str, quote: str, language: str = "en") -> set[Doubt]:
    return {d.doubt for d in disagreements(claim, language, Evidence(quote, "", quote, (), language))}


@pytest.mark.parametrize(
    ("claim", "quote", "language", "doubt"),
    [
        ("Open the cover.", "Do not open the cover.", "en", Doubt.NEGATION_DIFFERS),
        ("Aprire il coperchio.", "Non aprire il coperchio.", "it", Doubt.NEGATION_DIFFERS),
        ("The cover can be opened.", "The cover can't be opened.", "en", Doubt.NEGATION_DIFFERS),
        ("The fuse may be replaced.", "The fuse must be replaced.", "en", Doubt.MODALITY_DIFFERS),
        (
            "Il fusibile può essere sostituito.",
            "Il fusibile deve essere sostituito.",
            "it",
            Doubt.MODALITY_DIFFERS,
        ),
        ("Close the drain valve.", "Open the drain valve.", "en", Doubt.OPPOSITE),
        ("Turn the unit on.", "Turn the unit off.", "en", Doubt.OPPOSITE),
        ("Check it after opening.", "Check it before opening.", "en", Doubt.OPPOSITE),
        ("Il LED è verde.", "Il LED è rosso.", "it", Doubt.OPPOSITE),
        (
            "Open the left and close the right valve.",
            "Close the left and open the right valve.",
            "en",
            Doubt.OPPOSITE,
        ),
        ("Only the fan is checked.", "The fan is checked.", "en", Doubt.ONLY_ADDED),
        ("Set L1 to 12 A and L2 to 10 A.", "Set L1 to 10 A and L2 to 12 A.", "en", Doubt.NUMBER_DIFFERS),
    ],
)
def test_a_turned_sentence_is_seen(claim: str, quote: str, language: str, doubt: Doubt) -> None:
    assert doubt in doubts(claim, quote, language)


@pytest.mark.parametrize(
    ("claim", "quote", "language"),
    [
        ("Switch off, then open the cover.", "Before opening the cover, switch off.", "en"),
        ("The neutral is never connected.", "Do not connect the neutral.", "en"),
        ("Clean the fan.", "Clean the fan. Do not use solvents.", "en"),
        ("Il neutro non va mai collegato.", "Non collegare mai il neutro.", "it"),
        ("It takes 10 min at most.", "It takes at most 10 minutes.", "en"),
    ],
)
def test_other_words_for_the_same_are_no_conflict(claim: str, quote: str, language: str) -> None:
    assert doubts(claim, quote, language) == set()
