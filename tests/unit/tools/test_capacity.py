"""The capacity report of a data folder."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tools.capacity import main

from rimedio.domain.clock import SeededIds, SystemClock
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.storage.folder import DataFolder
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_tickets_that_went_their_way_are_priced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with DataFolder(tmp_path) as data:
        store = TicketStore(SqliteTable(data.database, SystemClock()), SystemClock(), SeededIds())
        ticket = Ticket(
            ticket_id="tkt_00000000-0000-4000-8000-000000000001",
            tenant_id="acme",
            customer=Customer(id="c", name="C"),
            asset=Asset(product_type="EV_CHARGER", model="XC-200", serial="1"),
            symptom_text="It stops after five minutes.",
            created_at=AT,
            updated_at=AT,
        )
        store.create(ticket)
        store.save(ticket.moved_to(Status.PROCESSING, AT))
    for _ in range(2):  # reading leaves nothing behind
        assert main(["--data", str(tmp_path), "--region", "us-east-1"]) == 0
        said = capsys.readouterr().out
        # three new items and two changed in a transaction: 10; six index entries appear, two move, two change: 12
        assert "1 tickets, 5 writes: 22 write units a ticket (table 10, indexes 12)" in said
        assert "on demand $" in said
        assert "shards: 1, T#acme#TICKET#" in said


def test_what_is_no_data_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 1
    assert "--data" in capsys.readouterr().err
