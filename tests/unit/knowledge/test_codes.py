"""Error codes and part numbers in questions and texts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import assert_in_proportion

from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.codes import (
    DATE_OR_TIME,
    canonical,
    find_codes,
    mentioned_codes,
    part_numbers,
    resolve,
)

TAXONOMY = Taxonomy.from_json(
    json.dumps(
        {
            "version": 1,
            "product_types": {"EV_CHARGER": {"label": {}, "models": ["XC-200", "MG 5000", "H100"]}},
            "categories": {},
        }
    ),
    "test",
)
KNOWN = frozenset({"E407/01", "E407/02", "E096/00", "042", "043", "E029", "BROWNOUT", "F28", "7"})


def codes(question: str) -> list[tuple[str, bool]]:
    return [(m.code, m.known) for m in find_codes(question, TAXONOMY, KNOWN.__contains__)]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("E407", "E407"),
        ("e-407", "E407"),
        ("E 407", "E407"),
        ("F.28", "F28"),
        ("E407/01", "E407/01"),
        ("E407-01", "E407/01"),
        ("E-407.01", "E407/01"),
        ("E407 sub code 01", "E407/01"),
        ("E407 (sottocodice 01)", "E407/01"),
        ("042", "042"),
        ("BrownOut", "BROWNOUT"),
    ],
)
def test_every_spelling_of_a_code_has_one_canonical_form(written: str, form: str) -> None:
    assert canonical(written) == form


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Sul display compare l'errore 042: cosa devo fare?", [("042", True)]),
        ("codice di errore n. 42", [("042", True)]),
        ("Il codice errore è 042.", [("042", True)]),
        ("il codice che appare sul display è 042", [("042", True)]),
        ("mi dà 042 sul display", [("042", True)]),
        ("a 042 error", [("042", True)]),
        ("errori 042 e 043", [("042", True), ("043", True)]),
        ("errore 042, 3 volte al giorno", [("042", True)]),
        ("Errore E029 sulla XC-200, si spegne dopo 5 minuti", [("E029", True)]),
        ("che vuol dire e029?", [("E029", True)]),
        ("e407/01", [("E407/01", True)]),
        ("error E407 sub code 02", [("E407/02", True)]),
        ("BrownOut on my charger", [("BROWNOUT", True)]),
        ("lampeggia F28", [("F28", True)]),
        ("allarme 7", [("7", True)]),
    ],
)
def test_known_codes_are_found_however_they_are_asked_for(
    question: str, found: list[tuple[str, bool]]
) -> None:
    assert codes(question) == found


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("errore 999", "999"),
        ("Il codice E999 che significa?", "E999"),
        ("what does error code 407 mean", "407"),
        ("E407/05", "E407/05"),
        ("allarme 8", "8"),
        ("Display shows E998", "E998"),
    ],
)
def test_an_unknown_code_is_reported_as_unknown(question: str, code: str) -> None:
    assert codes(question) == [(code, False)]


def test_a_code_without_its_sub_code_stands_for_all_of_them() -> None:
    assert codes("errore E407") == [("E407/01", True), ("E407/02", True)]
    assert codes("E096") == [("E096/00", True)]


@pytest.mark.parametrize(
    "question",
    [
        "guasto a 230 V",
        "guasto 230 V",
        "allarme da 10 minuti",
        "allarme 16A",
        "errore 5 volte al giorno",
        "errore alle 10:30",
        "errore del 12/03/2024",
        "errore firmware 1.4.2",
        "la MG 5000 non parte, la XC-200 neppure, H100 sì",
        "codice cliente 12345",
        "cod. 123-456",
        "il ricambio XC2-PSU-0420",
        "we had 10 errors yesterday",
        "quanto R290 contiene? e R410?",
        "carica a 230V 32A 50 Hz",
    ],
)
def test_measures_dates_models_and_parts_are_never_codes(question: str) -> None:
    assert codes(question) == []


@given(
    st.integers(1, 999),
    st.sampled_from(["V", "A", "kW", "°C", "bar", "minuti", "min", "Hz", "volte", "%", "giorni"]),
)
def test_a_number_with_a_unit_after_a_code_word_is_never_a_code(number: int, unit: str) -> None:
    assert codes(f"errore {number} {unit}") == []


@given(st.text(max_size=200))
def test_no_text_makes_the_search_fail(text: str) -> None:
    for mention in find_codes(text, TAXONOMY, KNOWN.__contains__):
        assert mention.written in text


@given(
    st.sampled_from("EFHW"),
    st.integers(100, 9999),
    st.sampled_from(["errore {}", "codice {}", "{}", "ho {} fisso"]),
)
def test_a_code_of_the_taxonomy_is_found_in_any_question(letter: str, number: int, phrase: str) -> None:
    code = f"{letter}{number}"
    if code != "H100":
        assert [m.code for m in find_codes(phrase.format(code), TAXONOMY, {code}.__contains__)] == [code]


def test_zeros_in_front_may_be_left_out_or_added() -> None:
    assert resolve("42", KNOWN.__contains__) == ("042",)
    assert resolve("E0029", KNOWN.__contains__) == ("E029",)
    assert resolve("E407/1", KNOWN.__contains__) == ("E407/01",)
    assert resolve("E407/3", KNOWN.__contains__) == ()


def test_codes_that_a_text_names_are_listed_once() -> None:
    assert mentioned_codes("Vedi E029 ed errore 042; poi ancora E029.", TAXONOMY) == ("E029", "042")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ricambi: XC2-PSU-0420 e XC2-FLT-01.", ("XC2-PSU-0420", "XC2-FLT-01")),
        ("cod. 123-456", ("123-456",)),
        ("P/N 4500123", ("4500123",)),
        ("codice ricambio AB12345", ("AB12345",)),
        ("cifratura AES-256-GCM secondo ISO-8859-1", ()),
        ("errore E029", ()),
    ],
)
def test_part_numbers_are_found_by_shape_or_by_what_introduces_them(
    text: str, parts: tuple[str, ...]
) -> None:
    assert part_numbers(text) == parts


def test_codes_of_capitals_are_found_only_when_known_and_asked_for_as_codes() -> None:
    known = {"OL", "0X1A"}.__contains__
    assert [m.code for m in find_codes("errore OL sul display", TAXONOMY, known)] == ["OL"]
    assert [m.code for m in find_codes("error 0x1a", TAXONOMY, known)] == ["0X1A"]
    assert find_codes("il display OL è acceso", TAXONOMY, known) == ()
    assert find_codes("errore USB", TAXONOMY, known) == ()


@pytest.mark.parametrize("unit", ["1", "1.", "v1.", "12:30 "])
def test_dates_of_an_endless_run_are_looked_for_in_proportion_to_it(unit: str) -> None:
    """20 MB of one digit took hours: the search for version numbers began anew at every digit of the run."""
    assert_in_proportion(lambda text: list(DATE_OR_TIME.finditer(text)), unit)
