"""A ticket keeps the rules of the domain."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rimedio.domain.codec import dumps
from rimedio.domain.errors import IllegalMove
from rimedio.domain.ticket import (
    MOVES,
    Asset,
    Attachment,
    AttachmentType,
    Customer,
    Status,
    Ticket,
    TicketRequest,
)

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
CUSTOMER = Customer(id="c1", name="Officine Riva")
ASSET = Asset(product_type="EV_CHARGER", model="XC-200", serial="SN1")


def ticket(status: Status = Status.NEW) -> Ticket:
    return Ticket(
        ticket_id="tkt_00000000-0000-4000-8000-000000000000",
        tenant_id="acme",
        customer=CUSTOMER,
        asset=ASSET,
        symptom_text="Si spegne dopo cinque minuti",
        status=status,
        created_at=NOW,
        updated_at=NOW,
    )


@given(st.sampled_from(Status), st.sampled_from(Status))
def test_only_the_moves_of_the_table_are_possible(start: Status, end: Status) -> None:
    before = ticket(start)
    if end in MOVES[start]:
        after = before.moved_to(end, NOW, reason="because")
        assert (after.status, after.version, after.status_reason) == (end, before.version + 1, "because")
    else:
        with pytest.raises(IllegalMove, match=f"is {start} and cannot become {end}"):
            before.moved_to(end, NOW)


def test_every_status_but_new_can_be_reached_and_left() -> None:
    assert set().union(*MOVES.values()) == set(Status) - {Status.NEW}
    assert all(MOVES[status] for status in Status)


@pytest.mark.parametrize(("length", "accepted"), [(9, False), (10, True), (5000, True), (5001, False)])
def test_a_symptom_has_ten_to_five_thousand_characters(length: int, accepted: bool) -> None:
    def build() -> TicketRequest:
        return TicketRequest(customer=CUSTOMER, asset=ASSET, symptom_text="x" * length)

    if accepted:
        assert len(build().symptom_text) == length
    else:
        with pytest.raises(ValidationError):
            build()


def test_blanks_do_not_count_as_a_symptom() -> None:
    with pytest.raises(ValidationError):
        TicketRequest(customer=CUSTOMER, asset=ASSET, symptom_text=" " * 50)


def test_a_caller_cannot_choose_tenant_or_status() -> None:
    body = {
        "customer": CUSTOMER.model_dump(),
        "asset": ASSET.model_dump(),
        "symptom_text": "Non si accende più niente",
        "tenant_id": "someone-else",
    }
    with pytest.raises(ValidationError, match="tenant_id"):
        TicketRequest.model_validate(body)


@pytest.mark.parametrize("address", ["a@b", "no at", "a b@c.it", "a@b."])
def test_an_address_without_the_shape_of_one_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        Customer(id="c1", name="Riva", contact_email=address)


def full_request(text_chars: int = 5000, entries: int = 50) -> TicketRequest:
    wide = "\U0001f527"  # four bytes in UTF-8
    files = [
        Attachment(
            id=wide * 199 + str(n),
            type=AttachmentType.LOG,
            uri="upload:" + "a" * 2041,
            name=wide * 200,
            text=wide * text_chars,
        )
        for n in range(10)
    ]
    return TicketRequest(
        customer=CUSTOMER,
        asset=ASSET,
        symptom_text=wide * 5000,
        attachments=tuple(files),
        metadata={f"{n:02d}" + wide * 98: wide * 500 for n in range(entries)},
    )


def test_the_largest_ticket_that_is_taken_fits_an_item_of_dynamodb() -> None:
    assert 250_000 < len(dumps(full_request()).encode()) < 400_000


def test_a_ticket_that_would_not_fit_is_refused_and_says_where() -> None:
    with pytest.raises(ValidationError, match="text"):
        full_request(text_chars=5001)
    with pytest.raises(ValidationError, match="metadata"):
        full_request(entries=51)
