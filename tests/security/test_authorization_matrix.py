"""Every route of the published document, asked by every role, of the own tenant and of another.

The permissions are the expectation, the running service is asked. What belongs to another tenant is not
found: no status, no length, no word of it gets out, and nothing of it is changed.
"""

from collections.abc import Iterator

import httpx
import pytest
from tests.integration.http.house import ACME, MARKER, OTHER, House, ticket_body
from tests.security.belongings import ABSENT, RULE, SCHEDULE_AT, Belongings, feedback, image_of, parameters_of

from rimedio.security.permissions import MATRIX, PUBLIC, Role, permits

STEP = {
    "order": 1, "section": "REMEDY", "title": "Clean", "text": "Clean the fan filter with a dry brush.",
    "citation_ids": [],
}  # fmt: skip
BODIES: dict[str, object] = {
    "POST /v1/tickets": ticket_body(),
    "POST /v1/tickets/{ticket_id}/messages": {"text": "hello"},
    "POST /v1/tickets/{ticket_id}/review": {"verdict": "APPROVED"},
    "POST /v1/tickets/{ticket_id}/feedback": feedback(),
    "POST /v1/tickets/{ticket_id}/resolve": {"reason": "x"},
    "POST /v1/tickets/{ticket_id}/reopen": {"reason": "x"},
    "POST /v1/tickets/{ticket_id}/escalate": {"reason": "x"},
    "POST /v1/uploads": {"name": "a.log", "type": "LOG", "size": 5},
    "POST /v1/ask": {"question": "What does E029 mean on the XC-200?"},
    "POST /v1/ask/stream": {"question": "What does E029 mean on the XC-200?"},
    "POST /v1/kb/search": {"query": "fan filter E029 XC-200"},
    "PUT /v1/kb/articles/{article_id}": {"title": "x"},
    "POST /v1/kb/articles/{article_id}/reject": {"reason": "x"},
    "PUT /v1/events/rules/{name}": RULE | {"description": "theirs"},
    "PUT /v1/schedules/{name}": {"expression": SCHEDULE_AT, "target": "log:x"},
    "POST /v1/events/replays": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
    "POST /v1/learning/promote": {"version": "v1"},
}
REFERENCES = [
    ("POST /v1/kb/documents", lambda ids: {"upload_id": ids["upload_id"][0]}),
    ("POST /v1/kb/articles", lambda ids: {"ticket_ids": [ids["ticket_id"][0]]}),
]
UPLOAD = {"Content-Type": "application/octet-stream"}
OWN_NAMES = ("/v1/events/rules/{name}", "/v1/schedules/{name}")  # each tenant has names of its own


@pytest.fixture(scope="session")
def routes(house: House) -> list[str]:
    document = httpx.get(house.url + "/v1/openapi.json", timeout=60).json()
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def ask(client: httpx.Client, route: str, fill: dict[str, str], body: object = None) -> tuple[int, bytes]:
    """Status and body; of a stream that does not end, its beginning."""
    method, path = route.split(" ", 1)
    for name, value in fill.items():
        path = path.replace(f"{{{name}}}", value)
    options: dict[str, object] = {}
    if method == "PUT" and "/parts/" in path:
        options = {"content": b"hello", "headers": UPLOAD}
    elif body is not None:
        options = {"json": body}
    with client.stream(method, path, **options) as answer:  # type: ignore[arg-type]
        if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            return answer.status_code, next(answer.iter_raw(), b"")
        return answer.status_code, answer.read()


def absent_fill(route: str) -> dict[str, str]:
    return {name: ABSENT.get(name, "absent-1") for name in parameters_of(route.split(" ", 1)[1])}


def test_the_document_and_the_matrix_know_the_same_routes(routes: list[str]) -> None:
    assert set(routes) == set(MATRIX) | PUBLIC


def test_without_a_token_only_public_routes_answer(house: House, routes: list[str]) -> None:
    with house.client(None) as client:
        for route in routes:
            status, _ = ask(client, route, absent_fill(route))
            if route in PUBLIC:
                assert status in (200, 400, 415), route
            else:
                assert status in (401, 429), route


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_call_what_the_matrix_says_and_nothing_else(
    house: House, routes: list[str], role: Role
) -> None:
    wrong = []
    with house.client(role, tenant="empty") as client:
        for route in routes:
            if route in PUBLIC:
                continue
            status, body = ask(client, route, absent_fill(route))
            refused = status == 403
            if refused is permits(route, [role]) or status in (401, 500, 501, 502):
                wrong.append((route, status, body[:200]))
    assert wrong == []


def owned(routes: list[str], belongings: Belongings) -> Iterator[tuple[str, dict[str, str]]]:
    for route in routes:
        path = route.split(" ", 1)[1]
        if "{" in path:
            for fill in belongings.fills(path):
                yield route, fill


def test_acme_itself_sees_what_it_owns(house: House, routes: list[str], belongings: Belongings) -> None:
    """Else the next test would pass because nothing is there."""
    found = {}
    with house.client() as client:
        for route, fill in owned(routes, belongings):
            if route.startswith("GET "):
                found[route] = ask(client, route, fill)
    marked = {route for route, (status, body) in found.items() if status == 200 and MARKER.encode() in body}
    assert {
        "GET /v1/tickets/{ticket_id}",
        "GET /v1/tickets/{ticket_id}/messages",
        "GET /v1/tickets/{ticket_id}/feedback",
        "GET /v1/uploads/{upload_id}",
        "GET /v1/webhooks/{webhook_id}",
        "GET /v1/kb/passages/{chunk_id}",
        "GET /v1/kb/documents/{document_id}",
        "GET /v1/kb/documents/{document_id}/original",
    } <= marked


@pytest.mark.parametrize("role", list(Role))
def test_nothing_of_another_tenant_is_found_shown_or_changed(
    house: House, routes: list[str], belongings: Belongings, role: Role
) -> None:
    before, leaks = image_of(house.system.database, ACME), []
    with house.client(role, tenant=OTHER) as client:
        for route, fill in owned(routes, belongings):
            if not permits(route, [role]):
                continue
            status, body = ask(client, route, fill, BODIES.get(route))
            expected = (200, 201, 204, 404) if route.endswith(OWN_NAMES) else (404,)
            if status not in expected or MARKER.encode() in body.replace(fill_text(fill), b""):
                leaks.append((route, status, body[:300]))
    assert leaks == []
    assert image_of(house.system.database, ACME) == before


@pytest.mark.parametrize("role", list(Role))
def test_what_is_named_in_a_body_must_be_the_callers_own(
    house: House, belongings: Belongings, role: Role
) -> None:
    with house.client(role, tenant=OTHER) as client:
        for route, body in REFERENCES:
            if permits(route, [role]):
                status, text = ask(client, route, {}, body(belongings.ids))
                assert status == 404, (route, status, text)
                assert MARKER.encode() not in text
        if permits("POST /v1/tickets", [role]):
            stolen = {
                "id": belongings.ids["attachment_id"][0],
                "type": "PDF",
                "uri": "uploads/x",
                "name": "x.pdf",
            }
            status, text = ask(
                client,
                "POST /v1/tickets",
                {},
                ticket_body(attachments=[stolen], symptom_text="The inverter shows E029."),
            )
            assert status in (202, 400, 404), text


@pytest.mark.parametrize("role", list(Role))
def test_no_list_search_or_stream_shows_another_tenants_things(
    house: House, routes: list[str], belongings: Belongings, role: Role
) -> None:
    assert belongings.ids["ticket_id"]
    leaks = []
    with house.client(role, tenant=OTHER) as client:
        for route in routes:
            if "{" in route or not permits(route, [role]) or route == "POST /v1/tickets":
                continue
            status, body = ask(client, route, {}, BODIES.get(route))
            told = [i for kind in ("ticket_id", "webhook_id", "document_id") for i in belongings.ids[kind]]
            if MARKER.encode() in body or any(name.encode() in body for name in told):
                leaks.append((route, status, body[:300]))
    assert leaks == []


def test_a_ticket_lands_in_the_tenant_of_the_token_whatever_the_body_says(house: House) -> None:
    with house.client(tenant=OTHER) as theirs:
        refused = theirs.post("/v1/tickets", json={**ticket_body(), "tenant_id": ACME})
        hidden = theirs.post("/v1/tickets", json=ticket_body(metadata={"tenant_id": ACME}))
        asked = theirs.get("/v1/tickets", headers={"X-Tenant-Id": ACME})
    assert refused.status_code == 400
    ticket = hidden.json()["ticket_id"]
    assert house.system.tickets.find(ACME, ticket) is None
    assert house.system.tickets.find(OTHER, ticket) is not None
    assert all(item["tenant_id"] == OTHER for item in asked.json()["items"])


def test_a_tenant_whose_name_looks_like_a_key_stays_inside_itself(house: House) -> None:
    ticket = house.open_ticket()
    for tenant in (
        "acme#TICKET",
        "acme%",
        "acme#",
        "ACME",
        "acme ",
        "*",
        "T#acme",
        "other#TICKET#x",
        "../acme",
    ):
        with house.client(tenant=tenant) as client:
            answer = client.get(f"/v1/tickets/{ticket.ticket_id}")
            assert answer.status_code in (400, 404), (tenant, answer.text)
            listed = client.get("/v1/tickets")
            assert not listed.is_success or listed.json()["items"] == []


def fill_text(fill: dict[str, str]) -> bytes:
    """The name that the caller itself put into the path, which an error may repeat."""
    return next((value for value in fill.values() if value == MARKER), "\x00never\x00").encode()
