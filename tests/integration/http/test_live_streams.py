"""Server-sent events of the running service."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from tests.integration.http.house import OTHER, House, running_house, ticket_body

from rimedio.security.permissions import Role

Event = tuple[str, str, object]  # id, name, data


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    found: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            found[name] = value.removeprefix(" ")
        else:
            if "data" in found:
                yield found.get("id", ""), found["event"], json.loads(found["data"])
            found = {}


@contextmanager
def stream(client: httpx.Client, path: str, **options: object) -> Iterator[Iterator[Event]]:
    method = "POST" if "json" in options else "GET"
    with client.stream(method, path, **options) as answer:  # type: ignore[arg-type]
        if answer.status_code != 200:
            answer.read()
            answer.raise_for_status()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield events_of(answer.iter_lines())


def status_of(client: httpx.Client, path: str, **headers: str) -> int:
    with client.stream("GET", path, headers=headers) as answer:
        return answer.status_code


@pytest.fixture(scope="module", autouse=True)
def _workers(house: House) -> Iterator[None]:
    with house.system.runner.working(2):
        yield


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with house.client() as found:
        yield found


def test_an_answer_is_watched_from_start_to_complete(client: httpx.Client) -> None:
    ticket = client.post("/v1/tickets", json=ticket_body()).json()
    with stream(client, ticket["links"]["stream"]) as events:
        seen = list(events)

    names = [name for _, name, _ in seen]
    assert names[0] == "start"
    assert names[-1] == "complete"
    assert "progress" in names
    assert "chunk" in names
    assert names.index("chunk") > max(place for place, name in enumerate(names) if name == "progress")
    assert all(position for position, _, _ in seen)
    states = [data["state"] for _, name, data in seen if name == "progress"]  # type: ignore[index]
    assert states[0] == "Validate"


def test_a_stream_goes_on_where_it_was_left(client: httpx.Client) -> None:
    ticket = client.post("/v1/tickets", json=ticket_body()).json()
    with stream(client, ticket["links"]["stream"]) as events:
        whole = list(events)
    for cut in (0, 1, len(whole) // 2, len(whole) - 2):
        with stream(client, ticket["links"]["stream"], headers={"Last-Event-ID": whole[cut][0]}) as events:
            assert list(events) == whole[cut + 1 :]


@pytest.mark.parametrize("last", ["nonsense", "a.b.c.d", "٣.٣.٣.٣", "x" * 300, "1.1.1.99999999999999999999"])
def test_a_strange_last_event_id_begins_at_the_start_or_is_refused(client: httpx.Client, last: str) -> None:
    ticket = client.post("/v1/tickets", json=ticket_body()).json()
    headers = {"Last-Event-ID": last.encode()}
    with client.stream("GET", ticket["links"]["stream"], headers=headers) as answer:  # type: ignore[arg-type]
        if answer.status_code == 200:
            assert next(events_of(answer.iter_lines()))[1] == "start"
        else:
            assert answer.status_code == 400


def test_progress_alone_has_no_sentence_in_it(client: httpx.Client) -> None:
    ticket = client.post("/v1/tickets", json=ticket_body()).json()
    with stream(client, f"/v1/tickets/{ticket['ticket_id']}/events/stream") as events:
        names = {name for _, name, _ in events}

    assert names == {"start", "progress", "complete"}


def test_the_queue_tells_which_ticket_moved(house: House, client: httpx.Client) -> None:
    with stream(client, "/v1/events/stream") as events, house.client() as other:
        other.post("/v1/tickets", json=ticket_body(), headers={"Idempotency-Key": "queue-1"})
        _, name, data = next(events)

    assert name == "ticket"
    assert set(data) == {"ticket_id", "status", "updated_at"}  # type: ignore[call-overload]


def test_another_tenants_tickets_never_appear(house: House) -> None:
    with house.client(tenant=OTHER) as theirs, house.client() as ours:
        with stream(theirs, "/v1/events/stream") as events:
            mine = ours.post("/v1/tickets", json=ticket_body()).json()["ticket_id"]
            own = theirs.post("/v1/tickets", json=ticket_body()).json()["ticket_id"]
            seen = {data["ticket_id"] for _, (_, _, data) in zip(range(2), events, strict=False)}  # type: ignore[index]
        assert seen == {own}
        for path in (f"/v1/tickets/{mine}/solution/stream", f"/v1/tickets/{mine}/events/stream"):
            assert status_of(theirs, path) == 404


def test_a_technician_does_not_see_a_draft(house: House) -> None:
    ticket = house.in_review()
    path = f"/v1/tickets/{ticket.ticket_id}/solution/stream"
    with house.client(Role.TECHNICIAN) as technician, stream(technician, path) as events:
        names = [name for _, name, _ in events]
    with house.client(Role.OPERATOR) as operator, stream(operator, path) as events:
        shown = [name for _, name, _ in events]

    if ticket.status not in ("READY", "RESOLVED"):
        assert "chunk" not in names
    assert "chunk" in shown


def test_a_question_is_answered_while_one_watches(client: httpx.Client) -> None:
    with stream(client, "/v1/ask/stream", json={"question": "What does E029 mean on the XC-200?"}) as events:
        seen = list(events)

    assert seen[0][1] == "start"
    assert seen[-1][1] == "complete"
    chunks = [data["text"] for _, name, data in seen if name == "chunk"]  # type: ignore[index]
    assert any("fan" in text for text in chunks)
    assert seen[-1][2]["solution"]["steps"]  # type: ignore[index]


def test_streams_ask_for_a_token_a_role_and_a_valid_question(house: House) -> None:
    with house.client(None) as stranger:
        assert status_of(stranger, "/v1/events/stream") == 401
    with house.client(Role.INTEGRATION) as program:
        assert status_of(program, "/v1/events/stream") == 403
    with house.client() as client:
        for body in ({}, {"question": ""}, {"question": "x", "more": 1}, {"question": 7}):
            assert client.post("/v1/ask/stream", json=body).status_code == 400
        assert status_of(client, "/v1/tickets/nonsense/solution/stream") == 400


def test_hundreds_of_streams_hold_no_threads_and_end_when_dropped(house: House, client: httpx.Client) -> None:
    before = threading.active_count()
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=400)
    with httpx.Client(base_url=house.url, headers=house.headers(), timeout=60, limits=limits) as many:
        open_now = [
            many.send(many.build_request("GET", "/v1/events/stream"), stream=True) for _ in range(300)
        ]
        assert all(answer.status_code == 200 for answer in open_now)
        assert threading.active_count() - before < 12
        assert client.get("/v1/me").status_code == 200
        ticket = client.post("/v1/tickets", json=ticket_body()).json()["ticket_id"]
        for answer in open_now[:3]:
            _, _, data = next(events_of(answer.iter_lines()))
            assert data["ticket_id"] == ticket  # type: ignore[index]
        for answer in open_now:
            answer.close()
    assert client.get("/v1/me").status_code == 200


def test_the_service_ends_although_streams_are_open(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_house(tmp_path_factory.mktemp("ending")) as fresh:
        client = httpx.Client(base_url=fresh.url, headers=fresh.headers(), timeout=60)
        answer = client.send(client.build_request("GET", "/v1/events/stream"), stream=True)
        assert answer.status_code == 200
    assert list(events_of(answer.iter_lines())) == []  # an end, not a broken connection
    client.close()
