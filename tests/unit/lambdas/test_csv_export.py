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


def test_plain_cells_stay_as_they_are() -> None:
    assert harmless("E029 = surriscaldamento") == "E029 = surriscaldamento"


def test_every_ticket_is_one_row_whatever_it_says() -> None:
    nasty = '=HYPERLINK("http://x","click");\r\n"quoted", more'
    written = tickets_csv([ticket(nasty, "@Riva"), ticket("nothing special here")])
    header, first, second = csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))
    assert tuple(header) == COLUMNS
    assert first[COLUMNS.index("symptom_text")] == f"'{nasty}"
    assert first[COLUMNS.index("customer_name")] == "'@Riva"
    assert second[COLUMNS.index("symptom_text")] == "nothing special here"
