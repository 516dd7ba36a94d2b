"""Which execution is whose: by the name it was started under, until it has taken the ticket."""

from datetime import UTC, datetime

import pytest

from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.tickets.run_name import another, is_run_of, name_of

ARN = "arn:aws:states:local:0:execution:ticket:"
ID = "tkt_00000000-0000-4000-8000-000000000001"


def ticket(status: Status, version: int = 1, execution_id: str | None = None) -> Ticket:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Ticket(
        customer=Customer(id="c1", name="Mario"),
        asset=Asset(product_type="INVERTER", model="XC-200", serial="S1"),
        symptom_text="It does not start any more.",
        ticket_id=ID,
        tenant_id="acme",
        created_at=now,
        updated_at=now,
        status=status,
        version=version,
        execution_id=execution_id,
    )


@pytest.mark.parametrize(
    ("stands", "execution", "own"),
    [
        (ticket(Status.NEW), ID, True),
        (ticket(Status.NEW), another(ID, 3), True),
        (ticket(Status.NEW), f"{ID}-4", False),
        (ticket(Status.PROCESSING, 4), f"{ID}-4", True),
        (ticket(Status.PROCESSING, 4), another(f"{ID}-4", 2), True),
        (ticket(Status.PROCESSING, 6), f"{ID}-4", False),
        (ticket(Status.PROCESSING, 4), ID, False),
        (ticket(Status.PROCESSING, 5, ARN + f"{ID}-4"), f"{ID}-4", True),
        (ticket(Status.PROCESSING, 5, ARN + f"{ID}-4"), f"{ID}-5", False),
    ],
)
def test_a_run_is_known_by_its_name_until_it_has_taken_its_ticket(
    stands: Ticket, execution: str, own: bool
) -> None:
    assert is_run_of(ARN + execution, stands) is own


def test_the_same_ticket_as_it_stands_has_one_name() -> None:
    assert name_of(ticket(Status.NEW)) == ID
    assert name_of(ticket(Status.PROCESSING, 4)) == f"{ID}-4"
