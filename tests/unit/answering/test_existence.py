"""A quoted sentence is no answer when the thing asked for does not stand in it."""

import pytest

from rimedio.answering.case import AnswerCase
from rimedio.answering.context import Context, ContextEntry
from rimedio.answering.existence import unspoken
from rimedio.answering.question import Question, Retrieved
from rimedio.domain.answer import Draft, DraftSentence, DraftStep, Routing, Section, Verification
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals

ENGLISH = {
    "Vehicle handshake": "Stations with firmware 4.2 start the handshake too early. Update the firmware.",
    "Management system": "The station speaks OCPP 1.6 over Ethernet or 4G. Enter the server address.",
    "Wi-Fi": "Choose a 2.4 GHz network; 5 GHz is not supported.",
    "Sockets": "| Model | AC socket |\n|---|---|\n| K-20 | none |\n| K-20D | Type 2, 22 kW |",
    "Cards": "The station keeps up to 300 RFID cards.",
    "Grid services": "Feeding back to the grid (V2G) needs a vehicle that allows it.",
    "Supply": "Fit a residual current device of type A.",
}
ITALIAN = {
    "Blackout": "Quando manca la rete l'inverter si stacca: non ha un'uscita di emergenza.",
    "Silenzioso": "La modalità silenziosa riduce il rumore di notte.",
    "Aggiornamento": "Aggiornare il firmware dell'inverter dalla pagina di servizio.",
    "Rumori": "Un rumore d'acqua nei tubi è aria: sfiatare i radiatori.",
}


def case(question: str, heading: str, language: str = "en", codes: tuple[str, ...] = ()) -> AnswerCase:
    written = "it" if heading in ITALIAN else "en"
    text = (ITALIAN | ENGLISH)[heading]
    chunk = Chunk(
        "c1", "d1", "t", 0, text, "file:d1", "Kestrel manual", DocType.MANUAL, written, (heading,),
        product_models=("K-20",),
    )  # fmt: skip
    passage = Passage(chunk, 1, 1.0, Signals())
    entry = ContextEntry(1, passage, text, 10)
    quote = text.splitlines()[-1]
    draft = Draft(
        language,
        (DraftStep(Section.REMEDY, "Answer", (DraftSentence(quote, 1, quote),)),),
        Routing("test", "none", "1"),
    )
    asked = Question(question, language, codes, ("K-20",))
    return AnswerCase(
        asked, Retrieved(asked, (passage,)), Context((entry,), 10, 100), draft, Verification((), 0.99, 1.0)
    )


@pytest.mark.parametrize(
    ("question", "heading", "missing"),
    [
        ("Does the station support vehicle-to-grid, and from which firmware?", "Vehicle handshake", "vehicle-to-grid"),
        ("Is V2G available on the K-20?", "Vehicle handshake", "V2G"),
        ("Does the station support OCPP 2.0.1?", "Management system", "OCPP 2.0.1"),
        ("I would like to know whether ISO 15118 is supported", "Management system", "ISO 15118"),
        ("Is there a Type 1 connector?", "Sockets", "Type 1"),
        ("Can I control the station with Alexa?", "Management system", "Alexa"),
        ("Does the station have a camera?", "Cards", "camera"),
        ("Is it possible to use Bluetooth with the station?", "Wi-Fi", "Bluetooth"),
        ("Does it work with 5G?", "Management system", "5G"),
        ("The customer asks for night charging: can it be switched on at the display?", "Cards", "night"),
    ],
)  # fmt: skip
def test_an_english_question_for_a_thing_that_nothing_cited_names_is_not_answered(
    question: str, heading: str, missing: str
) -> None:
    assert missing in unspoken(case(question, heading))


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("L'inverter supporta le batterie di accumulo, e da quale versione del firmware?", "accumulo"),
        ("L'inverter ha il Bluetooth?", "Bluetooth"),
        ("Si può comandare l'inverter con Alexa?", "Alexa"),
        ("Vorrei sapere se SunSpec è previsto sull'inverter", "SunSpec"),
        ("C'è un sensore di irraggiamento?", "irraggiamento"),
        ("Il cliente chiede la ricarica notturna: si può attivare?", "notturna"),
        ("L'inverter ha KNX?", "KNX"),
    ],
)
def test_an_italian_question_for_a_thing_that_nothing_cited_names_is_not_answered(
    question: str, missing: str
) -> None:
    assert missing in unspoken(case(question, "Aggiornamento", "it"))


@pytest.mark.parametrize(
    ("question", "heading", "language"),
    [
        ("Does the station support OCPP?", "Management system", "en"),
        ("Does the K-20 support OCPP 1.6?", "Management system", "en"),
        ("Does it support 5 GHz WiFi?", "Wi-Fi", "en"),
        ("is there wifi?", "Wi-Fi", "en"),
        ("Does the K-20 have a Type 2 socket?", "Sockets", "en"),
        ("Are RFID cards supported?", "Cards", "en"),
        ("Is V2G supported?", "Grid services", "en"),
        ("Is vehicle-to-grid supported?", "Grid services", "en"),
        ("Is there an RCD?", "Supply", "en"),
        ("L'inverter ha un'uscita di emergenza per i blackout?", "Blackout", "it"),
        ("Esistono modalità silenziose?", "Silenzioso", "it"),
        ("La stazione supporta OCPP?", "Management system", "it"),
        ("DOES THE STATION KEEP RFID CARDS?", "Cards", "en"),
    ],
)
def test_a_thing_that_is_named_is_answered_whatever_its_spelling(
    question: str, heading: str, language: str
) -> None:
    assert unspoken(case(question, heading, language)) == ()


def test_an_acronym_and_the_words_it_stands_for_are_the_same_thing() -> None:
    spelled_out = case("Is an RCD available?", "Supply")
    assert unspoken(spelled_out) == ()
    assert unspoken(case("Is an SPD available?", "Supply")) == ("SPD",)


@pytest.mark.parametrize(
    "question",
    [
        "C'è un rumore strano nella pompa, è normale?",
        "Perché i tubi hanno un suono così forte?",
        "La pompa ha fatto rumore tutta la notte, cosa devo controllare?",
        "Come faccio a togliere il gorgoglio?",
        "È possibile che ci sia dell'acqua nei tubi?",
        "Posso dormire tranquillo con tutto questo frastuono?",
        "I termosifoni gorgogliano.",
    ],
)
def test_who_tells_of_a_fault_may_use_words_that_the_manual_does_not(question: str) -> None:
    assert unspoken(case(question, "Rumori", "it")) == ()


def test_a_question_about_a_code_is_judged_by_its_code() -> None:
    assert unspoken(case("Is there a reset button for E029?", "Cards", codes=("E029",))) == ()


def test_a_serial_number_and_a_measure_are_no_things_that_a_manual_names() -> None:
    assert unspoken(case("Can I use RFID cards on K202410123, supply 400 V?", "Cards")) == ()
    assert unspoken(case("Supporta 300 tessere RFID?", "Cards", "it")) == ()
