"""What a request tells of: shocks, fire, burning, people hurt. Denials, parts and vapour are no hazards."""

import pytest
from tests.growth import assert_in_proportion

from rimedio.llm.guardrails.hazards import find_hazards


def told(text: str) -> list[str]:
    return [flag.rule for flag in find_hazards(text)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("La colonnina dà la scossa quando tocco il cavo, E029", "told-shock"),
        ("Toccando l'inverter ho preso la corrente", "told-shock"),
        ("Sento pizzicare se tocco la carcassa", "told-shock"),
        ("My son got an electric shock from the plug", "told-shock"),
        ("The station gave me a small shock", "told-shock"),
        ("I feel a tingle when I touch the housing", "told-shock"),
        ("The charger does not start and there is smoke", "told-fire"),
        ("Non si avvia ed esce del fumo nero dal quadro", "told-fire"),
        ("Ieri ha preso fuoco la scatola", "told-fire"),
        ("Ho visto delle scintille dal connettore", "told-fire"),
        ("The inverter is sparking", "told-fire"),
        ("F104, then the capacitor exploded", "told-fire"),
        ("Si sente odore di bruciato vicino alla pompa", "told-burning"),
        ("C'è puzza di plastica", "told-burning"),
        ("There is a burning smell at the terminal box", "told-burning"),
        ("It smells like gas near the outdoor unit", "told-burning"),
        ("Il connettore è fuso", "told-burning"),
        ("We found a melted plug this morning", "told-burning"),
        ("Il tecnico si è ustionato la mano", "told-injury"),
        ("Our electrician was injured yesterday", "told-injury"),
    ],
)
def test_a_hazard_that_is_told_is_found(text: str, rule: str) -> None:
    assert rule in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "Nessun odore di bruciato, solo il codice E029.",
        "E034, non c'è fumo e non si sente odore di bruciato.",
        "No smoke, no sparks, it just stops.",
        "It stopped without any burning smell.",
        "Esce un fumo bianco dalla macchina fuori in giardino, è normale?",
        "White smoke comes from the outdoor unit while it defrosts.",
        "The smoke detector in the room is not connected to the pump.",
        "Da quando abbiamo cambiato il firewall la colonnina risulta offline.",
        "F115 arco elettrico dopo il temporale.",
        "La presa di corrente è vicino alla finestra, il fuso orario è sbagliato.",
        "Perdita di gas refrigerante, pressione bassa.",
        "La lampada è bruciata e la scheda è guasta.",
        "The firmware update never finishes; the ignition of the car is off.",
        "A shock absorber came with the delivery.",
        "Vorrei il manuale della pompa di calore.",
    ],
)
def test_what_is_denied_or_no_hazard_is_left_out(text: str) -> None:
    assert told(text) == []


def test_a_denial_of_one_hazard_does_not_hide_another() -> None:
    assert told("No smoke, but it gave me a shock") == ["told-shock"]
    assert told("Non parte: scossa toccando la porta") == ["told-shock"]


def test_the_words_that_told_it_are_shown_as_written() -> None:
    assert find_hazards("LA COLONNINA DÀ LA SCOSSA!")[0].text == "SCOSSA"


@pytest.mark.parametrize("unit", ["non ", "c'è un po' ", "smell of the ", "fumo bianco ", "touch "])
def test_work_grows_in_proportion_to_the_text(unit: str) -> None:
    assert_in_proportion(find_hazards, unit)
