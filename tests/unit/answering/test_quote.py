"""A quote is found whatever typography did to it, and never where it is not."""

import pytest

from rimedio.answering.verification.quote import find_quote, is_trivial, same_words


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("Tighten the screws", "Now tighten   the\nscrews."),
        ("high-voltage cable", "the high-\nvoltage cable is orange"),
        ("sostituire il rimedio", "Sostituire il ri-\nmedio"),
        ('press "Start"', "Press “Start” twice"),
        ("press the button", "**Press** the `button`"),
        ("l'errore", "L’errore E029"),
        ("10-15 mm", "from 10–15 mm"),
        ("Check the fan. Clean the filter.", "1. Check the fan.\n2. Clean the filter."),
        ("tools: - two multimeters", "tools:\n- two multimeters"),
        ("tools: two multimeters", "tools:\n - two multimeters"),
        ("soft hyphen", "soft hy\u00adphen"),
        ("25 °C", "at 25\u00a0°C"),
    ],
)
def test_a_quote_is_found_despite_typography(quote: str, text: str) -> None:
    assert find_quote(quote, text) is not None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("open the cover", "open the covers"),
        ("2.5 Nm", "12.5 Nm"),
        ("torque of 2", "a torque of 2.5 Nm"),
        ("E02", "E029"),
        ("close the valve", "close a valve"),
        ("not", "nothing"),
        ("", "anything"),
        ("  ", "anything"),
    ],
)
def test_a_quote_that_differs_is_not_found(quote: str, text: str) -> None:
    assert find_quote(quote, text) is None


def test_the_span_covers_exactly_the_quoted_characters_of_the_original() -> None:
    text = "A.  *Open*\n  the valve, then wait."
    span = find_quote("open the valve", text)
    assert span is not None
    assert text[span.start : span.end] == "Open*\n  the valve"


def test_one_meaningful_word_is_trivial_and_two_are_not() -> None:
    assert is_trivial("the valve", "en")
    assert not is_trivial("open the valve", "en")
    assert is_trivial("la valvola", "it")


def test_same_words_ignores_case_and_closing_marks() -> None:
    assert same_words("Open the valve", "open  the valve.")
    assert not same_words("Open the valve", "Open a valve")
