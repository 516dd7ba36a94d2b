import re
from importlib.resources import files

from rimedio.knowledge.lexicon import asked_terms, stored_terms


def forms(text: str, language: str) -> set[str]:
    return {form for term in asked_terms(text, language) for form in term.forms}


def test_a_stem_says_its_language() -> None:
    assert stored_terms("contactors", "en") == ["en:contactor"]
    assert stored_terms("Schütze", "de") == ["any:schutze"]


def test_a_question_asks_in_its_own_language_first() -> None:
    [term] = asked_terms("contattori", "it")
    assert term.forms[0] == "it:contattor"


def test_names_are_asked_for_in_every_language() -> None:
    assert {"it:lambd", "en:lambda", "any:lambda"} <= forms("Lambda", "it")


def test_technical_words_are_translated_both_ways() -> None:
    assert "en:contactor" in forms("il contattore", "it")
    assert "it:contattor" in forms("the contactor", "en")


def test_what_a_question_asks_meets_what_is_stored() -> None:
    stored = set(stored_terms("Check the supply voltage of the board.", "en"))
    asked = asked_terms("verificare la tensione di alimentazione della scheda", "it")
    assert all(stored & set(term.forms) for term in asked)


def test_every_line_of_the_glossary_has_both_sides() -> None:
    text = (files("rimedio.knowledge") / "glossary.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 300
    assert all(re.fullmatch(r"[\w', -]+ \| [\w', -]+", line) for line in lines)
