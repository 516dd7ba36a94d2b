"""Codes as people write them who read them off a display."""

import json

import pytest

from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.spoken_codes import spoken_codes

TAXONOMY = Taxonomy.from_json(
    json.dumps(
        {
            "version": 1,
            "product_types": {"EV_CHARGER": {"label": {}, "models": ["KS-20", "T-8"]}},
            "categories": {},
        }
    ),
    "test",
)
KNOWN = frozenset({"E030", "E041", "E043", "H002", "H011", "F110", "W202"})


def codes(question: str) -> list[tuple[str, bool]]:
    return [(m.code, m.known) for m in spoken_codes(question, TAXONOMY, KNOWN.__contains__)]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("E 030 sul display, che faccio?", "E030"),
        ("The display says E 030", "E030"),
        ("mi dice E 030 giallo", "E030"),
        ("la colonnina segna EO30", "E030"),
        ("eo30 da ieri", "E030"),
        ("ho H O11 sul comando", "H011"),
        ("codice E 41, la stazione è offline", "E041"),
        ("errore e 43 lettore spento", "E043"),
        ("It shows h 2, pressure is low", "H002"),
        ("First F 110, then nothing", "F110"),
        ("avviso W-202", "W202"),
    ],
)
def test_a_known_code_is_read_when_blank_hyphen_or_o_stand_in_it(question: str, code: str) -> None:
    assert codes(question) == [(code, True)]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Compare E 099 dopo il temporale", "E099"),
        ("F 199 appeared after the storm", "F199"),
        ("EO98 sulla colonnina", "E098"),
        ("Screen says U 300", "U300"),
        ("Il display segna A 17, fermo", "A17"),
        ("E99 on the display, what now?", "E99"),
        ("La scheda mostra 777, che faccio?", "777"),
        ("sul display c'è scritto 555", "555"),
        ("Leggo 1023 sul display", "1023"),
        ("The wall control shows 888", "888"),
        ("404 is flashing on the screen", "404"),
        ("il numero 482 sullo schermo", "482"),
        ("the number 240 keeps flashing", "240"),
    ],
)
def test_what_a_display_shows_and_no_manual_defines_is_an_unknown_code(question: str, code: str) -> None:
    assert codes(question) == [(code, False)]


@pytest.mark.parametrize(
    "question",
    [
        "guasto con 2 auto e 30 minuti di attesa",
        "ho 12 stazioni e 41 tessere",
        "Il display mostra 230 V e 48 gradi",
        "La stazione mostra 6 kW e basta",
        "E 230 volt sono giusti?",
        "A 200 metri dalla rete",
        "Il contatore segna 45210",
        "the gauge shows 150 now",
        "la T-8 e la KS 20 sono spente",
        "serve la vite M8, il morsetto L 1 e il contattore K2",
        "quanto R290 o R 290 contiene?",
        "interruttore C 32 e differenziale tipo A 300 mA",
        "il 12/03/2024 alle 10:30",
        "firmware 4.3.1, serial KS2410123",
        "solo 100 euro",
        "abito in via Roma 120",
        "il display mostra 100 %",
    ],
)
def test_measures_counts_parts_and_dates_are_no_codes(question: str) -> None:
    assert codes(question) == []


def test_a_letter_that_is_a_word_makes_a_code_only_where_one_is_announced() -> None:
    assert codes("la prima auto e 43 persone") == []
    assert codes("mostra errore e 2 led rossi") == []
    assert codes("errore e 43") == [("E043", True)]
