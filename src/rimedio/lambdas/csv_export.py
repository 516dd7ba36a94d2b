"""Tickets as a spreadsheet, in which nothing that a customer wrote can run."""

import csv
import io
import re
from collections.abc import Iterable

from rimedio.domain.ticket import Ticket

COLUMNS = (
    "ticket_id", "status", "priority", "created_at", "updated_at", "customer_id", "customer_name",
    "product_type", "model", "serial", "error_code", "category", "confidence", "lang", "symptom_text",
    "status_reason", "duplicate_of",
)  # fmt: skip
# What spreadsheets take for the beginning of a formula, also behind white space (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Excel in Italian separates by semicolon and takes our quotes for text, so that a semicolon, tab or line break
# inside of a cell begins a new one there. Each match takes a whole run of blanks, so that the time is linear.
INNER = re.compile(r"([;\t\r\n][\s\"]*)([=+\-@＝＋－＠]?)")


def tickets_csv(tickets: Iterable[Ticket]) -> bytes:
    """CSV (RFC 4180) in UTF-8, with a byte order mark so that spreadsheets read the accents."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for ticket in tickets:
        writer.writerow([harmless(cell) for cell in _row(ticket)])
    return text.getvalue().encode("utf-8-sig", errors="replace")


def harmless(cell: str) -> str:
    """The cell, with an apostrophe before what would be a formula, whatever separates the cells."""
    inner = INNER.sub(lambda found: f"{found[1]}'{found[2]}" if found[2] else found[0], cell)
    return f"'{inner}" if cell.startswith(FORMULA) or cell.lstrip().startswith(FORMULA) else inner


def _row(ticket: Ticket) -> tuple[str, ...]:
    asset, customer = ticket.asset, ticket.customer
    values = (
        ticket.ticket_id, ticket.status.value, ticket.priority.value, ticket.created_at.isoformat(),
        ticket.updated_at.isoformat(), customer.id, customer.name, asset.product_type, asset.model,
        asset.serial, ticket.error_code, ticket.category, ticket.confidence, ticket.lang,
        ticket.symptom_text, ticket.status_reason, ticket.duplicate_of,
    )  # fmt: skip
    return tuple("" if value is None else str(value) for value in values)
