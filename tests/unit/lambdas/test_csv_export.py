"""A spreadsheet of tickets runs nothing of what customers wrote."""

import csv
import io
from datetime import UTC, datetime

import pytest

from rimedio.domain.ticket import Ticket
from rimedio.lambdas.csv_export import COLUMNS, harmless, tickets_csv

AT = datetime(2026, 1, 1, tzinfo=UTC)


def ticket(symptom: str, customer: str = "Officine Riva") -> Ticket:
    return Ticket.model_validate(
        {
            "ticket_id": "tkt_00000000-0000-4000-8000-000000000000",
            "tenant_id": "acme",
            "customer": {"id": "c1", "name": customer},
            "asset": {"product_type": "HVAC", "model": "H1", "serial": "S1"},
            "symptom_text": symptom,
            "created_at": AT,
            "updated_at": AT,
        }
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "\u00a0@"])
def test_a_cell_that_would_be_a_formula_is_text(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("separator", [";", "; ", "\t", "\r\n", "\n\t", ";\u00a0", ';"'])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_no_formula_begins_behind_what_another_country_separates_cells_by(separator: str, sign: str) -> None:
    """Excel in Italian opens a CSV with semicolons: what stands behind one is a cell of its own."""
    text = f"E029{separator}{sign}HYPERLINK(1);end"
    written = tickets_csv([ticket(f"{text} {text}")]).decode("utf-8-sig")
    for line in csv.reader(io.StringIO(written, newline=""), delimiter=";", quoting=csv.QUOTE_NONE):
        for cell in line:
            assert not cell.strip('" \t\u00a0').startswith(("=", "+", "-", "@", "＝"))


def test_plain_cells_stay_as_they_are() -> None:
    for plain in ("E029 = surriscaldamento", "E029; a 5 °C\nspento", "uno-due, -5 °C"):
        assert harmless(plain) == plain


def test_every_ticket_is_one_row_whatever_it_says() -> None:
    nasty = '=HYPERLINK("http://x","click");\r\n"quoted", more'
    written = tickets_csv([ticket(nasty, "@Riva"), ticket("nothing special here")])
    header, first, second = csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))
    assert tuple(header) == COLUMNS
    assert first[COLUMNS.index("symptom_text")] == f"'{nasty}"
    assert first[COLUMNS.index("customer_name")] == "'@Riva"
    assert second[COLUMNS.index("symptom_text")] == "nothing special here"
