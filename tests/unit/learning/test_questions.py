"""Which tickets, questions and searches show that the manuals are silent."""

from datetime import UTC, datetime

import pytest

from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.learning.questions import grounds_of, is_unsupported

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def ticket(status: Status, reason: str | None) -> Ticket:
    return Ticket(
        customer=Customer(id="c", name="Mario Riva"),
        asset=Asset(product_type="HVAC", model="TP-8", serial="1"),
        symptom_text="it does not heat any more",
        ticket_id="tkt_00000000-0000-4000-8000-000000000001",
        tenant_id="acme",
        created_at=NOW,
        updated_at=NOW,
        status=status,
        status_reason=reason,
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.ESCALATED, "NOT_IN_DOCUMENTATION: no passage answers the request"),
        (Status.ESCALATED, "CATEGORY_UNKNOWN: unclear; UNKNOWN_CODE: code E399 is not defined"),
        (Status.IN_REVIEW, "NOT_IN_DOCUMENTATION: no passage answers the request"),
        (Status.ESCALATED, "escalated by anna"),
        (Status.ESCALATED, "review-rejected: this is about another machine"),
    ],
)
def test_what_the_manuals_do_not_answer_is_a_gap(status: Status, reason: str) -> None:
    assert is_unsupported(ticket(status, reason))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.ESCALATED, "DANGEROUS_REQUEST: a person decides"),
        (Status.ESCALATED, "injection"),
        (Status.ESCALATED, "denied:refunds"),
        (Status.ESCALATED, "States.Timeout: the step took too long"),
        (Status.ESCALATED, "ModelUnavailable: nobody answers"),
        (Status.READY, None),
        (Status.NEEDS_INFO, "Which code is on the display?"),
        (Status.IN_REVIEW, "LOW_CONFIDENCE: confidence 0.4"),
        (Status.RESOLVED, "replaced the board"),
    ],
)
def test_other_troubles_are_none(status: Status, reason: str | None) -> None:
    assert not is_unsupported(ticket(status, reason))


def test_reasons_are_known_by_their_codes() -> None:
    assert {g.value for g in grounds_of(["VAGUE: too little", "see E029: it is hot"])} == {"VAGUE"}
