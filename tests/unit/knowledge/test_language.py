import pytest

from rimedio.knowledge.language import detect_language


@pytest.mark.parametrize(
    "text",
    [
        "Sul display compare E029: cosa devo fare?",
        "il contattore non scatta",
        "reset allarme caldaia",
        "perdita acqua scambiatore",
        "Perché la wallbox non ricarica?",
        "Errore 042",
        "pompa rumorosa",
        "Ho acceso l'inverter ma il LED resta spento",
    ],
)
def test_short_italian_questions_are_italian(text: str) -> None:
    assert detect_language(text) == "it"


@pytest.mark.parametrize(
    "text",
    [
        "What should I do about error E029?",
        "the fan is not spinning",
        "boiler pressure low",
        "no hot water",
        "How do I reset the charger",
        "charger keeps tripping the breaker",
        "Replace the fuse",
        "LED blinking red",
    ],
)
def test_short_english_questions_are_english(text: str) -> None:
    assert detect_language(text, default="it") == "en"


@pytest.mark.parametrize("text", ["", "E029 XC-200", "12 34", "??", "KM1 / 48V"])
def test_codes_and_numbers_speak_for_no_language(text: str) -> None:
    assert detect_language(text, default="it") == "it"
    assert detect_language(text, default="en") == "en"


def test_program_code_is_no_prose_of_any_language() -> None:
    code = 'aws iam create-role --role-name demo --assume-role-policy-document file://policy.json --query "Role.Arn"\n'
    assert detect_language(code * 5, default="it") == "it"


def test_a_whole_text_in_capitals_still_has_a_language() -> None:
    assert detect_language("NON APRIRE IL QUADRO SOTTO TENSIONE", default="en") == "it"
