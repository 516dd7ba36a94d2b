"""What the daily sweep of a data folder takes, and what it leaves."""

from pathlib import Path

import pytest

from rimedio.bootstrap.laptop import LaptopRimedio
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import NotFound
from rimedio.domain.ticket import Asset, Customer, Status, TicketRequest
from rimedio.settings import EmbedderName, Settings
from rimedio.storage.folder import DataFolder

DAY = 86_400
REQUEST = TicketRequest(
    customer=Customer(id="c1", name="Officine Riva"),
    asset=Asset(product_type="EV_CHARGER", model="XC-200", serial="SN1"),
    symptom_text="La colonnina si spegne dopo cinque minuti di ricarica",
)


def test_histories_go_after_ninety_days_and_tickets_stay(tmp_path: Path) -> None:
    clock = FakeClock()
    settings = Settings(data_dir=tmp_path, embedder=EmbedderName.NONE)
    system = LaptopRimedio(settings, DataFolder(tmp_path), clock)
    system.prepare()
    ticket = system.runner.settle(system.open_ticket(system.tenant, REQUEST))
    execution = str(ticket.execution_id)
    assert ticket.status is Status.ESCALATED  # it knows no manual

    clock.advance(89 * DAY)
    system.sweep()
    assert system.runner.history(execution)

    clock.advance(2 * DAY)
    system.sweep()
    with pytest.raises(NotFound):
        system.runner.history(execution)
    assert system.tickets.get(system.tenant, ticket.ticket_id).status is Status.ESCALATED
    system.close()
