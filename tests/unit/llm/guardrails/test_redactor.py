"""Redaction and its way back."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growth import assert_in_proportion

from rimedio.domain.errors import InvalidInput
from rimedio.llm.guardrails.pii import Redactor, Vault, redact, restore
from rimedio.llm.guardrails.pii.vault import canonical

TICKET = (
    "Buongiorno, sono Mario Bellandi (mario.bellandi@example.it), la XC-200 matricola XC2400137 mostra E029. "
    "Chiamatemi al 340 1234567. IP 192.0.2.7, firmware 1.2.3.4, coppia 2,5 Nm.\nGrazie\nMario Bellandi"
)
PIECES = st.sampled_from(
    [
        "mario.bellandi@example.it",
        "340 1234567",
        "+39 02 12345678",
        "Mario Bellandi",
        "BELLANDI",
        "192.0.2.7",
        "firmware 1.2.3.4",
        "tel.",
        "card",
        "matricola",
        "E029",
        "25 Nm",
        "Giovanni",
        "mi chiamo",
        "[EMAIL_1]",
        "[PHONE_2]",
        "12 345 678",
        "Sig.",
        "contact",
        "\n",
        ",",
        "x123",
        "(",
        ")",
        "è",
    ]
)


def test_a_redacted_ticket_keeps_what_the_machine_needs() -> None:
    text = redact(TICKET, names=["Mario Bellandi"]).text
    for kept in ("XC-200", "XC2400137", "E029", "1.2.3.4", "2,5 Nm"):
        assert kept in text
    for taken in ("Bellandi", "example.it", "340 1234567", "192.0.2.7"):
        assert taken not in text


def test_a_redacted_ticket_is_restored_to_the_letter() -> None:
    vault = Vault()
    assert restore(redact(TICKET, names=["Mario Bellandi"], vault=vault).text, vault) == TICKET


def test_the_same_value_has_the_same_placeholder_in_every_text_of_a_ticket() -> None:
    redactor = Redactor()
    first = redactor.redact("Scrivete a anna@example.org o luca@example.org").text
    second = redactor.redact(
        "LUCA@example.org non risponde, chiamate +39 340 1234567 o +39 340.123.4567"
    ).text
    assert first == "Scrivete a [EMAIL_1] o [EMAIL_2]"
    assert second == "[EMAIL_2] non risponde, chiamate [PHONE_1] o [PHONE_1]"


def test_entities_count_their_offsets_in_the_first_text() -> None:
    for entity in redact(TICKET, names=["Mario Bellandi"]).entities:
        assert TICKET[entity.start : entity.end] == entity.text


def test_what_must_be_kept_is_kept_whatever_it_looks_like() -> None:
    assert Redactor(keep=["340 1234567"]).redact("Seriale letto: 340 1234567").entities == ()


def test_a_placeholder_that_somebody_typed_is_not_filled_in() -> None:
    vault = Vault()
    redacted = redact("Copiate [EMAIL_1] qui, io sono anna@example.org", vault=vault).text
    assert redacted == "Copiate [EMAIL_1] qui, io sono [EMAIL_2]"
    assert restore(redacted, vault) == "Copiate [EMAIL_1] qui, io sono anna@example.org"


def test_a_vault_survives_storage_and_goes_on_counting() -> None:
    vault = Vault()
    redacted = redact("anna@example.org", vault=vault).text
    again = Vault.from_json(vault.to_json())
    assert restore(redacted, again) == "anna@example.org"
    assert redact("luca@example.org ANNA@example.org", vault=again).text == "[EMAIL_2] [EMAIL_1]"


@pytest.mark.parametrize(
    "stored", ["", "[]", "{}", '{"values": {"x": "y"}, "last": {}}', '{"values": 3, "last": {}}']
)
def test_a_broken_vault_is_refused_with_a_sentence(stored: str) -> None:
    with pytest.raises(InvalidInput, match="not a stored vault"):
        Vault.from_json(stored)


def test_a_vault_does_not_show_its_values_when_printed() -> None:
    vault = Vault()
    redact("anna@example.org", vault=vault)
    assert "anna" not in repr(vault)
    assert json.loads(vault.to_json())["values"] == {"[EMAIL_1]": "anna@example.org"}


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=14))
def test_redacting_twice_changes_nothing_and_restoring_loses_nothing(pieces: list[str]) -> None:
    text = " ".join(pieces)
    redactor = Redactor(["Mario Bellandi"])
    once = redactor.redact(text).text
    assert redactor.redact(once).text == once
    assert canonical(redactor.restore(once)) == canonical(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_redacted_without_an_error(text: str) -> None:
    redactor = Redactor()
    assert canonical(redactor.restore(redactor.redact(text).text)) == canonical(text)


WORST = [
    "a",
    "1",
    "1 ",
    "1.",
    "a@",
    "a.",
    "(1",
    "AB12 ",
    "Aa ",
    "Aa, ",
    "Mario ",
    "a:",
    "0:",
    "IT60",
    "@",
    "tel 1-",
    "[IP_1]",
]


@pytest.mark.parametrize("unit", WORST)
def test_the_worst_text_takes_time_in_proportion(unit: str) -> None:
    assert_in_proportion(Redactor(["Mario Bellandi"]).find, unit)


@pytest.mark.slow
@pytest.mark.parametrize("unit", WORST)
def test_a_megabyte_of_the_worst_is_read_in_seconds(unit: str) -> None:
    started = time.thread_time()
    Redactor(["Mario Bellandi"]).find((unit * (1_000_000 // len(unit) + 1))[:1_000_000])
    assert time.thread_time() - started < 300  # up to 20 s on a busy core; quadratic work takes hours
