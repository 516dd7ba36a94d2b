"""Dangerous deeds are flagged; warnings against them are not."""

import pytest
from tests.growth import assert_in_proportion

from rimedio.llm.guardrails.safety import find_dangers


def rules(text: str) -> list[str]:
    return [flag.rule for flag in find_dangers(text)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Aprire il quadro sotto tensione e stringere i morsetti.", "live-mains-work"),
        ("Replace the board while the unit is powered.", "live-mains-work"),
        ("Open the cabinet without switching off the mains.", "live-mains-work"),
        ("Sostituire il relè senza togliere la tensione.", "live-mains-work"),
        ("Bypass the RCD and restart.", "protection-bypassed"),
        ("Ponticellare l'interblocco della porta.", "protection-bypassed"),
        ("Disconnect the earth wire if it trips again.", "protection-bypassed"),
        ("Escludere il differenziale e riprovare.", "protection-bypassed"),
        ("Replace the fuse with a larger one.", "fuse-overrated"),
        ("Sostituire il fusibile con un pezzo di filo.", "fuse-overrated"),
        ("Open the power stage immediately after switching off.", "stored-energy"),
        ("Aprire il coperchio senza attendere la scarica.", "stored-energy"),
        ("Poi toccare i condensatori.", "capacitor-touched"),
        ("Vent the refrigerant into the air.", "refrigerant-released"),
        ("Allentare il raccordo frigorifero.", "refrigerant-released"),
        ("Cercare la perdita con un accendino.", "flame-near-gas"),
        ("Salire sul tetto da soli.", "alone-at-height"),
        ("Climb the ladder without a harness.", "alone-at-height"),
        ("Tappare la valvola di sicurezza.", "relief-valve-blocked"),
        ("Unplug the MC4 connectors under load.", "dc-unplugged-under-load"),
        ("Tenere premuto il contattore con un cacciavite.", "contactor-forced"),
        ("Lavorare senza guanti isolanti.", "no-protective-gear"),
    ],
)
def test_a_dangerous_instruction_is_flagged(text: str, rule: str) -> None:
    assert rule in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "Non aprire mai il quadro sotto tensione.",
        "Never replace the board while the unit is powered.",
        "È vietato escludere il differenziale.",
        "Do not bypass the interlock.",
        "Toccare i morsetti in tensione è pericoloso.",
        "Work on the cabinet is forbidden while it is live.",
        "Per escludere un guasto a terra misurare l'isolamento.",
        "Remove the gas detector and fit a new one.",
        "Attendere 10 minuti, poi scollegare il bus DC.",
        "Isolare prima l'impianto. Poi intervenire sui morsetti che erano in tensione.",
        "Switch off the mains, wait ten minutes, then open the cabinet.",
        "Recuperare il refrigerante, poi aprire il circuito frigorifero.",
        "Sostituire il fusibile con uno dello stesso valore.",
        "Usare sempre i guanti: non lavorare senza guanti.",
        "Misurare la tensione tra L1 e N con l'apparecchio acceso.",
        "Premere il pulsante di emergenza, poi ripristinarlo.",
    ],
)
def test_a_warning_or_a_safe_step_is_not_flagged(text: str) -> None:
    assert rules(text) == []


def test_a_precaution_that_is_itself_denied_makes_nothing_safe() -> None:
    assert "live-mains-work" in rules("Open the cabinet while it is live, no need to switch it off.")


def test_a_flag_shows_the_words_that_raised_it() -> None:
    (flag,) = find_dangers("Prima di tutto: bypass the RCD. Poi ripartire.")
    assert flag.text == "bypass the RCD"
    assert flag.message


@pytest.mark.parametrize("unit", ["apri ", "bypass ", "non ", "a b. ", "senza ", "open the fuse "])
def test_the_worst_text_takes_time_in_proportion(unit: str) -> None:
    assert_in_proportion(find_dangers, unit)
