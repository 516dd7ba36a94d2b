"""Numbers that belong to people are found; numbers that belong to machines stay."""

import pytest
from stdnum import luhn
from stdnum.iso7064 import mod_97_10
from stdnum.it import codicefiscale

from rimedio.llm.guardrails.pii import EntityKind, Redactor


def found(text: str) -> list[tuple[str, str]]:
    return [(str(s.kind), text[s.start : s.end]) for s in Redactor().find(text)]


def card(prefix: str, length: int) -> str:
    body = prefix + "123456789012345678"[: length - len(prefix) - 1]
    return body + luhn.calc_check_digit(body)


def iban(country: str, body: str) -> str:
    return country + mod_97_10.calc_check_digits(body + country).zfill(2) + body


FISCAL_BODY = "RSSMRA80A01H501"
FISCAL = FISCAL_BODY + codicefiscale.calc_check_digit(FISCAL_BODY)
VAT_BODY = "1234567" + "015"  # number, then the province that issued it
VAT = VAT_BODY + luhn.calc_check_digit(VAT_BODY)
IBAN_IT = iban("IT", "X0542811101000000123456")


@pytest.mark.parametrize(
    "text",
    [
        "+39 340 1234567",
        "+39 02 1234 5678",
        "0039 340 1234567",
        "340 1234567",
        "340.123.4567",
        "3401234567",
        "02 12345678",
        "0444/123456",
        "(602) 272-9781",
    ],
)
def test_a_telephone_number_that_can_be_nothing_else_needs_no_word_before_it(text: str) -> None:
    assert found(f"Buongiorno {text}, grazie.") == [("PHONE", text)]


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        ("Call me on ", "99 668472", ""),
        ("Phone:\n", "358 0594", "\n"),
        ("Tel. ", "01.84.17.61.18", "."),
        ("reach me at ", "201-948-1927x036", " please"),
        ("", "655 437 108", " office"),
        ("mobile ", "07700 063 966", "-Home"),
        ("Chiamatemi al ", "345 1234567", " 2 volte"),
        ("my number is ", "668 5702", ""),
        ("rispondo allo ", "0494 92 82 32", ""),
    ],
)
def test_any_national_form_is_believed_beside_a_word_for_telephone(
    before: str, number: str, after: str
) -> None:
    assert ("PHONE", number) in found(before + number + after)


@pytest.mark.parametrize(
    "text",
    [
        "matricola 3401234567",
        "serial number 340 1234567",
        "S/N 02 12345678",
        "ordine 4500012345",
        "ricambio 400-123-456",
        "part no. 0444-123456",
        "P/N 340.123.4567",
        "coppia 25 Nm, poi 12 345 678 kWh",
        "il contatore segna 3401234567 Wh",
        "codice errore 0961 7596216",
        "2024-05-12 04:34:22",
        "12/05/2024 10:30",
        "EAN 4006381333931",
        "tensioni 230.5 231.2 229.9",
        "firmware 2.14.3 build 20240115",
        "Modbus registro 40001 40002 40003",
        "social security 125-17-4954",
    ],
)
def test_numbers_of_machines_and_papers_stay(text: str) -> None:
    assert found(text) == []


def test_an_iban_is_found_whole_or_in_groups() -> None:
    grouped = " ".join(IBAN_IT[n : n + 4] for n in range(0, len(IBAN_IT), 4))
    assert found(f"Bonifico su {IBAN_IT}.") == [("IBAN", IBAN_IT)]
    assert found(f"Bonifico su {grouped} entro lunedì") == [("IBAN", grouped)]
    assert found(IBAN_IT.lower()) == [("IBAN", IBAN_IT.lower())]


def test_an_iban_with_a_wrong_check_sum_needs_the_word_iban() -> None:
    wrong = IBAN_IT[:-1] + str((int(IBAN_IT[-1]) + 1) % 10)
    assert found(f"Modello {wrong}") == []
    assert found(f"Il mio IBAN è {wrong}") == [("IBAN", wrong)]


@pytest.mark.parametrize(
    ("prefix", "length"), [("4", 16), ("5", 16), ("37", 15), ("36", 14), ("4", 13), ("6011", 16)]
)
def test_a_card_is_found_by_its_luhn_digit(prefix: str, length: int) -> None:
    number = card(prefix, length)
    assert found(f"Ecco {number}") == [("CARD", number)]


def test_a_card_may_stand_in_groups() -> None:
    number = card("4", 16)
    grouped = " ".join(number[n : n + 4] for n in range(0, 16, 4))
    assert found(f"Visa {grouped}") == [("CARD", grouped)]


def test_a_mistyped_card_needs_a_word_before_it() -> None:
    number = card("4", 16)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert found(f"Valore {wrong}") == []
    assert found(f"My credit card {wrong} is lost") == [("CARD", wrong)]


def test_a_serial_number_with_a_luhn_digit_is_no_card() -> None:
    assert found(f"matricola {card('4', 16)}") == []
    assert found(f"RFID card {card('5', 16)}") == []


def test_a_codice_fiscale_is_found_only_with_its_check_letter() -> None:
    wrong = FISCAL[:-1] + ("A" if FISCAL[-1] != "A" else "B")
    assert found(f"CF {FISCAL}") == [("TAX_CODE", FISCAL)]
    assert found(f"cf {FISCAL.lower()}") == [("TAX_CODE", FISCAL.lower())]
    assert found(f"CF {wrong}") == []


def test_a_partita_iva_is_found_when_announced() -> None:
    assert found(f"P. IVA {VAT}") == [("VAT_NUMBER", VAT)]
    assert found(f"IT{VAT}") == [("VAT_NUMBER", f"IT{VAT}")]
    assert found(f"lotto {VAT}") == []


@pytest.mark.parametrize(
    "address", ["192.168.1.10", "8.8.8.8", "2001:db8::ff00:42:8329", "fe80::1ff:fe23:4567:890a"]
)
def test_an_ip_address_is_found(address: str) -> None:
    assert found(f"La colonnina ha l'indirizzo {address} e non risponde") == [("IP", address)]


@pytest.mark.parametrize(
    "text",
    [
        "firmware 1.2.3.4",
        "versione 10.0.1.2 del software",
        "v1.2.3.4",
        "vedi sezione 4.3.2.1",
        "updated to 2.1.0.7",
        "maschera 255.255.255.0",
        "127.0.0.1",
        "ore 12:30:45",
        "MAC 00:1A:2B:3C:4D:5E",
        "EUI 00:11:22:33:44:55:66:77",
        "300.1.2.3",
        "std::array",
    ],
)
def test_versions_sections_masks_and_times_are_no_addresses(text: str) -> None:
    assert not [kind for kind, _ in found(text) if kind == "IP"]


@pytest.mark.parametrize(
    "address",
    ["mario.rossi@example.it", "a+b@sub.example.co.uk", "info [at] example.org", "O_k-1@example.museum"],
)
def test_an_email_address_is_found(address: str) -> None:
    assert (str(EntityKind.EMAIL), address) in found(f"Scrivere a {address}, grazie")
