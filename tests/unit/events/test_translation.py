"""Changes of the table become events: the same change, the same event."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rimedio.domain.errors import InvalidInput
from rimedio.events.detail_types import SOURCE_OF, DetailType
from rimedio.events.domain_events import (
    KINDS,
    SolutionPublished,
    TicketStatusChanged,
    detail_of,
    domain_event,
)
from rimedio.events.event import check_event
from rimedio.events.translation import events_of
from rimedio.storage import keys
from rimedio.storage.streams import Change, ChangeKind
from rimedio.storage.table import Key

AT = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
TICKET = {
    "entity": "ticket",
    "tenant_id": "acme",
    "ticket_id": "tkt_1",
    "version": 1,
    "status": "NEW",
    "priority": "P2",
    "symptom_text": "my secret words",
    "customer": {"id": "cus_1", "name": "Anna Rossi", "contact_email": "anna@example.org"},
    "asset": {"product_type": "INVERTER", "model": "XC-200", "serial": "SN-1"},
}


REVIEW = {
    "review_id": "rev_1",
    "ticket_id": "tkt_1",
    "solution_id": "sol_1",
    "reviewer": "olga",
    "verdict": "EDITED",
}


def change(new: dict | None, old: dict | None = None, sequence: str = "1") -> Change:
    kind = ChangeKind.REMOVE if new is None else ChangeKind.MODIFY if old else ChangeKind.INSERT
    return Change(sequence, kind, Key("T#acme#TICKET#tkt_1", "META"), old, new, AT)


def moved(status: str, **more: object) -> dict:
    return TICKET | {"status": status, "version": 5} | more


def test_a_new_ticket_is_opened_once_however_often_its_change_is_read() -> None:
    (first,) = events_of(change(TICKET))
    (second,) = events_of(change(TICKET, sequence="99"))
    assert first.detail_type == DetailType.TICKET_OPENED
    assert first.account == "acme"
    assert first == second


def test_a_ticket_that_is_ready_has_changed_its_status_and_published_its_solution() -> None:
    events = events_of(change(moved("READY", solution_id="sol_1", confidence=0.9), moved("PROCESSING")))
    assert [e.detail_type for e in events] == [
        DetailType.TICKET_STATUS_CHANGED,
        DetailType.SOLUTION_PUBLISHED,
    ]
    assert events[0].detail["status"] == "READY"
    assert events[0].detail["previous_status"] == "PROCESSING"
    assert events[1].detail["solution_id"] == "sol_1"
    assert events[0].id != events[1].id


def test_each_version_of_a_ticket_is_another_event() -> None:
    one = events_of(change(moved("ESCALATED"), moved("PROCESSING")))
    two = events_of(change(moved("ESCALATED", version=7), moved("PROCESSING")))
    assert one[0].id != two[0].id


def test_no_event_carries_the_customers_words_name_or_address() -> None:
    for event in (*events_of(change(TICKET)), *events_of(change(moved("READY", solution_id="s"), TICKET))):
        text = event.as_json().decode()
        for private in ("secret words", "Anna", "example.org"):
            assert private not in text


@pytest.mark.parametrize("status", ["INDEXED", "REFUSED"])
def test_an_event_names_a_file_without_the_folders_of_the_machine(status: str) -> None:
    item = {"entity": keys.DOCUMENT.name, "tenant_id": "acme", "document_id": "d", "status": status}
    (event,) = events_of(change(item | {"source_uri": "/srv/private/xc200.pdf"}))
    assert event.detail["source_uri"] == "xc200.pdf"


def test_a_write_that_moves_nothing_and_a_removal_are_no_events() -> None:
    assert events_of(change(moved("READY", category="x"), moved("READY"))) == ()
    assert events_of(change(None, TICKET)) == ()
    assert events_of(change({"entity": "ticket-card", "tenant_id": "acme"})) == ()


@pytest.mark.parametrize(
    ("entity", "attributes", "old", "expected"),
    [
        (keys.REVIEW, REVIEW, None, DetailType.REVIEW_DECIDED),
        (
            keys.FEEDBACK,
            {"feedback_id": "f", "ticket_id": "tkt_1", "rating": 5},
            None,
            DetailType.FEEDBACK_GIVEN,
        ),
        (keys.MESSAGE, {"message_id": "m", "session_id": "tkt_1"}, None, DetailType.MESSAGE_ADDED),
        (keys.GAP, {"gap_id": "gap_1", "count": 3}, None, DetailType.KNOWLEDGE_GAP_FOUND),
        (
            keys.DOCUMENT,
            {"document_id": "d", "status": "INDEXED"},
            {"status": "PROCESSING"},
            DetailType.DOCUMENT_INDEXED,
        ),
        (keys.DOCUMENT, {"document_id": "d", "status": "REFUSED"}, None, DetailType.DOCUMENT_REFUSED),
        (
            keys.ARTICLE,
            {"article_id": "a", "status": "APPROVED"},
            {"status": "DRAFT"},
            DetailType.ARTICLE_APPROVED,
        ),
    ],
)
def test_every_kind_of_item_tells_its_own_event(entity, attributes, old, expected) -> None:  # type: ignore[no-untyped-def]
    item = {"entity": entity.name, "tenant_id": "acme"} | attributes
    (event,) = events_of(change(item, None if old is None else item | old))
    assert event.detail_type == expected
    check_event(event)
    assert events_of(change(item, item)) == ()


def test_a_handler_reads_an_event_as_its_type() -> None:
    event, published = events_of(
        change(moved("READY", solution_id="sol_1", confidence=0.9), moved("PROCESSING"))
    )
    told = domain_event(event)
    assert isinstance(told, TicketStatusChanged)
    assert (told.status, told.previous_status, told.version, told.model) == (
        "READY",
        "PROCESSING",
        5,
        "XC-200",
    )
    assert domain_event(published) == SolutionPublished(
        "tkt_1", "P2", product_type="INVERTER", model="XC-200", serial="SN-1", customer_id="cus_1",
        solution_id="sol_1", confidence=0.9,
    )  # fmt: skip
    assert detail_of(told).items() <= event.detail.items()
    with pytest.raises(InvalidInput):
        domain_event(replace(event, detail_type="Nothing"))


def test_every_kind_of_event_has_a_type_and_a_source() -> None:
    assert KINDS.keys() == SOURCE_OF.keys() == set(DetailType)
