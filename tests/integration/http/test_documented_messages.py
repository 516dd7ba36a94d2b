"""Events of streams and messages of webhooks are what the published document says they are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.integration.http.house import ACME, House

from rimedio.domain.ticket import Status
from rimedio.events import domain_events as told
from rimedio.events.detail_types import EVENTS, DetailType
from rimedio.events.event import new_event
from rimedio.events.signing import signed_headers
from rimedio.events.webhook_delivery import body_of
from rimedio.tickets.live.events import LiveEvent, QueueChange

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"  # another test holds it to the code
AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
TICKET = "tkt_00000000-0000-4000-8000-000000000000"
HAPPENINGS = [
    told.TicketOpened(TICKET, priority="P2"), told.TicketStatusChanged(TICKET, status="READY", confidence=0.9),
    told.SolutionPublished(TICKET, solution_id="sol_1"), told.ReviewDecided("rev_1", TICKET, "sol_1", "anna", "EDITED"),
    told.FeedbackGiven("fbk_1", TICKET, rating=5), told.MessageAdded(TICKET, "msg_1", "CUSTOMER"),
    told.DocumentIndexed("doc_1", pages=3), told.DocumentRefused("doc_1", reason="It is empty."),
    told.KnowledgeGapFound("gap_1", terms=("fan",)), told.ArticleApproved("art_1", ticket_ids=(TICKET,)),
    told.ModelPromoted("v2", 0.9), told.DriftDetected("inputs", "v2", 200, {"psi": 0.3}),
    told.BudgetLevelChanged("PERSON", "FULL", "2026-01", 10.5, 10.0), told.ScheduleDue("nightly", AT, {"a": [1]}),
    told.WebhookTest("whk_1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(DOCUMENT.read_text("utf-8")))


def faults(document: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    """What is wrong, also fields that the schema does not know."""
    whole = {"components": document["components"], **schema, "unevaluatedProperties": False}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def events_of(text: str) -> Iterator[tuple[str, object]]:
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in lines:
            assert lines["id"]
            yield lines["event"], json.loads(lines["data"])


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("GET /v1/tickets/{ticket_id}/solution/stream", None),
        ("GET /v1/tickets/{ticket_id}/events/stream", None),
        ("POST /v1/ask/stream", {"question": "What does E029 mean on the XC-200?"}),
    ],
)
def test_every_event_of_a_stream_is_documented(
    house: House, document: dict[str, Any], route: str, body: object
) -> None:
    method, path = route.split(" ")
    schemas = document["paths"][path][method.lower()]["x-events"]
    ticket = house.settled_ticket()
    with house.client() as client:
        answer = client.request(method, path.replace("{ticket_id}", ticket.ticket_id), json=body)

    seen = list(events_of(answer.text))
    assert [name for name, _ in seen][:1] == ["start"]
    assert [name for name, _ in seen][-1:] == ["complete"]
    for name, data in seen:
        assert faults(document, schemas[name], data) == []


def test_a_change_in_the_queue_is_documented(document: dict[str, Any]) -> None:
    schemas = document["paths"]["/v1/events/stream"]["get"]["x-events"]
    event = LiveEvent("1", QueueChange(TICKET, Status.IN_REVIEW, AT))
    assert faults(document, schemas[event.name], event.data) == []


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda happening: type(happening).__name__)
def test_the_message_of_every_kind_of_event_is_documented(
    document: dict[str, Any], happening: told.DomainEvent
) -> None:
    kind = told.detail_type_of(happening)
    event = new_event(
        "e1", source=EVENTS, detail_type=kind, tenant_id=ACME, time=AT, detail=told.detail_of(happening)
    )
    described = document["webhooks"][kind.value]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    message = json.loads(body_of(event))
    assert faults(document, schema, message) == []
    data = schema["properties"]["data"]
    assert faults(document, data, message["data"]) == []
    assert {p["name"] for p in described["parameters"]} == signed_headers([], "m1", AT, b"{}").keys()


def test_no_kind_of_event_is_left_out(document: dict[str, Any]) -> None:
    assert document["webhooks"].keys() == {kind.value for kind in DetailType}
    assert len(HAPPENINGS) == len(DetailType)


def test_schemas_have_names_that_clients_can_carry(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name] == []
