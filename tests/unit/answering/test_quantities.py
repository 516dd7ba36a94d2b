"""Numbers and units agree however they are written, and differ when they differ."""

import pytest

from rimedio.answering.verification.codes import codes
from rimedio.answering.verification.quantities import agree, quantities


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("2,5 Nm", "2.5 Nm"),
        ("1 kW", "1000 W"),
        ("25 °C", "77 °F"),
        ("0.5 MΩ", "500 kΩ"),
        ("3 bar", "300 kPa"),
        ("5 minutes", "five minutes"),
        ("90 s", "1.5 min"),
        ("30 mA", "0.03 A"),
        ("2,50 mm", "2.5 mm"),
        ("-20 °C", "−20 °C"),
        ("±0.5 V", "+/- 500 mV"),
        ("12 l/min", "12 L/min"),
        ("25 gradi", "25 °C"),
    ],
)
def test_equal_quantities_agree(ours: str, theirs: str) -> None:
    assert agree(quantities(ours, "en")[0], quantities(theirs, "en")[0])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("2.5 Nm", "25 Nm"),
        ("5 mm", "5 cm"),
        ("20 °C", "-20 °C"),
        ("20 °C", "20 °F"),
        ("±0.5 V", "0.5 V"),
        ("10 minutes", "10 hours"),
        ("5 mW", "5 MW"),
        ("1.2.3", "1.2.4"),
    ],
)
def test_different_quantities_disagree(ours: str, theirs: str) -> None:
    assert not agree(quantities(ours, "en")[0], quantities(theirs, "en")[0])


def test_a_range_is_two_quantities_of_one_unit() -> None:
    low, high = quantities("from 10 to 15 mm", "en")
    assert (low.value, low.dimension) == (10, "length")
    assert (high.value, high.dimension) == (15, "length")


def test_a_dash_between_numbers_is_no_minus() -> None:
    assert [q.value for q in quantities("10-15 mm, 10 - 15 mm", "en")] == [10, 15, 10, 15]


@pytest.mark.parametrize(("language", "value"), [("it", 1000), ("en", 1)])
def test_the_language_says_what_a_mark_before_three_digits_means(language: str, value: float) -> None:
    assert quantities("1.000 V", language)[0].value == value


def test_list_numbers_are_no_quantities() -> None:
    assert quantities("3. Wait 5 minutes.", "en")[0].value == 5
    assert len(quantities("Step 3: wait 5 minutes.", "en")) == 1


def test_codes_are_not_read_as_numbers() -> None:
    text = "Error E029 on the XC-200, part 7731-204-C, code 042"
    found = codes(text)
    assert [c.canonical for c in found] == ["E029", "XC200", "7731204C", "042"]
    assert quantities(text, "en", [(c.start, c.end) for c in found]) == []


def test_values_with_units_are_no_codes() -> None:
    assert codes("230V, 50Hz, 16A, 10mm, 24-pin") == ()
