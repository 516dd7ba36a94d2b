"""Technical prose is cut where sentences end."""

import pytest

from rimedio.answering.sentences import split_sentences


def cut(text: str) -> list[str]:
    return [span.of(text) for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stop the unit. Wait a little. Open it.", ["Stop the unit.", "Wait a little.", "Open it."]),
        ("Hold for 3 s. Wait 5 min. Open it.", ["Hold for 3 s.", "Wait 5 min.", "Open it."]),
        ("Serrare a 3.5 Nm. Chiudere.", ["Serrare a 3.5 Nm.", "Chiudere."]),
        ("Sostituire il filtro (cod. XC2-1). Fine.", ["Sostituire il filtro (cod. XC2-1).", "Fine."]),
        ("1. Open the box. Look inside.", ["1. Open the box.", "Look inside."]),
        ("See fig. 3 for details. Done!", ["See fig. 3 for details.", "Done!"]),
        ("One paragraph\n\nanother one", ["One paragraph", "another one"]),
        ("È rotto? Sì! Allora cambiarlo.", ["È rotto?", "Sì!", "Allora cambiarlo."]),
        ("   ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, expected):
    assert cut(text) == expected


def test_spans_are_literally_in_the_text_and_lose_only_white_space():
    text = "  A first one.  A second one?\n\nThe third "

    assert "".join("".join(cut(text)).split()) == "".join(text.split())
