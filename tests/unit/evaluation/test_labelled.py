"""Labelled tickets are read, filled in and refused line by line."""

import json
from pathlib import Path

import pytest
from stdnum import iban, luhn
from stdnum.it import codicefiscale, iva

from rimedio.domain.errors import InvalidInput
from rimedio.evaluation.labelled import load_labelled

ROW = {
    "id": "x-1",
    "ticket": {
        "customer": {"id": "c", "name": "Riva"},
        "asset": {"product_type": "HVAC", "model": "TP-8", "serial": "S"},
        "symptom_text": "iban {{iban}} e ancora {{iban}}, carta {{card}}, cf {{codice_fiscale}}, piva {{partita_iva}}",
    },
    "expected": {"outcome": ["PUBLISH", "REVIEW"], "must_not_quote": ["{{iban}}"]},
    "traits": ["pii"],
}


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_placeholders_become_data_with_valid_check_digits(tmp_path: Path) -> None:
    (ticket,) = load_labelled(write(tmp_path / "t.jsonl", json.dumps(ROW), ""))
    words = ticket.request.symptom_text.replace(",", "").split()
    assert words[1] == words[4] == ticket.expected.must_not_quote[0]
    assert iban.is_valid(words[1], check_country=False)
    assert luhn.is_valid(words[6])
    assert codicefiscale.is_valid(words[8])
    assert iva.is_valid(words[10])


def test_the_same_line_gives_the_same_data_and_another_line_other_data(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", json.dumps(ROW), json.dumps(ROW))
    first, second = load_labelled(path)
    assert load_labelled(path)[0] == first
    assert first.request.symptom_text != second.request.symptom_text


@pytest.mark.parametrize("line", ["{", '{"id": "x"}', json.dumps(ROW).replace("iban", "passport")])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(InvalidInput, match=r"t\.jsonl:2 is not a labelled ticket"):
        load_labelled(write(tmp_path / "t.jsonl", json.dumps(ROW), line))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.jsonl cannot be read"):
        load_labelled(tmp_path / "none.jsonl")
