"""People's names: those of the ticket's own fields in every form, and those that a text introduces."""

import pytest

from rimedio.llm.guardrails.pii import Redactor


def people(text: str, *names: str) -> list[str]:
    return [text[s.start : s.end] for s in Redactor(names).find(text) if s.kind == "PERSON"]


@pytest.mark.parametrize(
    "text",
    ["Nicolò Bellandi", "BELLANDI", "nicolo bellandi", "Bellandi Nicolò", "nicolo'", "Nicolò", "bellandi"],
)
def test_a_given_name_is_found_in_every_form(text: str) -> None:
    assert people(f"Ha chiamato {text} ieri", "Nicolò Bellandi") == [text]


def test_the_kind_of_a_company_is_not_its_name() -> None:
    text = "Gli impianti elettrici di Sartorelli srl sono fermi"
    assert people(text, "Sartorelli Impianti Elettrici S.r.l.") == ["Sartorelli"]


def test_a_surname_that_is_a_colour_leaves_red_lamps_alone() -> None:
    assert people("I LED rossi lampeggiano e i fili Rossi sono staccati", "Mario Rossi") == []
    assert people("Il signor rossi dice che il LED è rosso", "Mario Rossi") == ["rossi"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Buongiorno, mi chiamo Giovanni Valsecchi e ho un guasto", "Giovanni Valsecchi"),
        ("mi chiamo giovanni", "giovanni"),
        ("My name is Siiri", "Siiri"),
        ("Chiedere del Sig. Oberhofer", "Oberhofer"),
        ("Ask for Mrs. Poulton, please", "Poulton"),
        ("il tecnico Zanotelli ha cambiato la scheda", "Zanotelli"),
        ("Non parte.\nCordiali saluti\nEzio Donati", "Ezio Donati"),
        ("Hi Freddy, the wallbox is dead", "Freddy"),
        ("Ho parlato con giovanna ieri", "giovanna"),
        ("Thanks,\nJ. Marie van der Berg", "Marie van der Berg"),
    ],
)
def test_a_name_that_the_text_introduces_is_found(text: str, name: str) -> None:
    assert any(name in found for found in people(text))


def test_a_surname_alone_is_found_after_the_full_name() -> None:
    assert people("Sono Carla Zanotelli. Richiamate Zanotelli domani.") == ["Carla Zanotelli", "Zanotelli"]


@pytest.mark.parametrize(
    "text",
    [
        "La corrente massima è 32 A, la minima 6 A. Sarà necessario il Reset.",
        "Max Current 32 A, Min Voltage 207 V, LAN Cable, Ping Timeout",
        "User Manual, Quick Start Guide, Installer Menu, Owner Manual",
        "Per favore verificare. Mai aprire il coperchio. Una volta chiuso, premere Start.",
        "L'IVA è esclusa. Ion Lithium Battery. Renault Zoe, Alfa Romeo, Tesla Model 3.",
        "Errore E029 su XC-200, Modbus TCP, Wi-Fi Access Point, Heat Pump Controller",
        "Norma di prodotto, valvola marina, luce chiara, sole pieno, porta libera",
    ],
)
def test_technical_words_are_no_names(text: str) -> None:
    assert people(text) == []
