"""Clients that are slow, rude, or wish ill: a clear refusal, and everybody else is served meanwhile."""

import json
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.integration.http.house import MARKER, House, ticket_body

from rimedio.http import guarded_protocol, request
from rimedio.http.guarded_protocol import GuardedProtocol

FIFTY_MB = 50 * 1024 * 1024


def connect(house: House) -> socket.socket:
    parts = urlsplit(house.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)


def status_of(received: bytes) -> int:
    return int(received.split(b" ", 2)[1])


def error_of(received: bytes) -> dict[str, object]:
    return dict(json.loads(received.split(b"\r\n\r\n", 1)[1])["error"])


def test_fifty_megabytes_are_refused_before_they_are_read(house: House) -> None:
    token = house.token()
    head = (
        f"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {FIFTY_MB}\r\n\r\n"
    )
    with connect(house) as wire:
        wire.sendall(head.encode())  # and not one byte of the body
        received = wire.recv(65536)

    assert status_of(received) == 413
    assert error_of(received)["code"] == "VALIDATION_ERROR"


def test_a_client_that_sends_fifty_megabytes_all_the_same_reads_the_refusal(house: House) -> None:
    with house.client() as client:
        for headers in ({"Content-Type": "application/json"}, {}):
            answer = client.post("/v1/tickets", content=b"x" * FIFTY_MB, headers=headers)
            assert answer.status_code == 413
        chunked = client.post("/v1/tickets", content=(b"x" * 65536 for _ in range(800)))
    assert chunked.status_code == 413


def test_an_upload_part_above_eight_megabytes_is_refused(house: House) -> None:
    with house.client() as client:
        answer = client.put(
            "/v1/uploads/u1/parts/1",
            content=b"x" * (8 * 1024 * 1024 + 1),
            headers={"Content-Type": "application/octet-stream"},
        )

    assert answer.status_code == 413


def test_a_stranger_cannot_make_the_service_read_a_body(house: House) -> None:
    head = f"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: {FIFTY_MB}\r\n\r\n"
    with connect(house) as wire:
        wire.sendall(head.encode())
        assert status_of(wire.recv(65536)) == 401


def test_a_body_that_never_comes_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "CHUNK_SECONDS_MAX", 0.3)
    head = (
        f"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.token()}\r\n"
        'Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"customer":'
    )
    assert status_of(house.raw(head.encode())) == 408


@pytest.fixture
def guards(monkeypatch: pytest.MonkeyPatch) -> list[GuardedProtocol]:
    """Each connection from now on, whose time for its head never ends by itself: `end_of_patience` ends it."""
    seen: list[GuardedProtocol] = []
    arm = GuardedProtocol._await_head

    def watched(guard: GuardedProtocol) -> None:
        arm(guard)
        seen.append(guard)

    monkeypatch.setattr(guarded_protocol, "HEAD_SECONDS_MAX", 3600.0)
    monkeypatch.setattr(GuardedProtocol, "_await_head", watched)
    return seen


def end_of_patience(guard: GuardedProtocol) -> None:
    """What the timer of a head does, on the loop that it runs on; returns when it is done."""
    done = threading.Event()

    def fire() -> None:
        guard._too_slow()
        done.set()

    guard.loop.call_soon_threadsafe(fire)
    assert done.wait(60)


def test_hundreds_of_heads_that_never_end_hold_up_nobody(house: House, guards: list[GuardedProtocol]) -> None:
    wires = [connect(house) for _ in range(300)]
    try:
        for wire in wires:
            wire.sendall(b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX-A: ")
        assert httpx.get(house.url + "/v1/health", timeout=60).status_code == 200
        assert len(guards) > 300  # all of them were let in before, and wait
        for guard in guards[:300]:
            end_of_patience(guard)
        for wire in wires:
            assert status_of(wire.recv(65536)) == 408
            assert wire.recv(65536) == b""
    finally:
        for wire in wires:
            wire.close()


def test_a_connection_that_says_nothing_is_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_protocol, "HEAD_SECONDS_MAX", 0.3)
    with connect(house) as wire:
        assert status_of(wire.recv(65536)) == 408


def test_a_slow_answer_is_not_taken_for_a_slow_request(
    house: House, monkeypatch: pytest.MonkeyPatch, guards: list[GuardedProtocol]
) -> None:
    """The head's time is over once the head is whole, however long the handler works."""
    ticket = house.open_ticket()
    conversations = house.system.conversations
    real, armed = conversations.messages, []

    def messages(*arguments: object, **named: object) -> object:
        armed.extend(guard._head_timer for guard in guards)
        for guard in guards:
            end_of_patience(guard)
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(conversations, "messages", messages)
    with house.client() as client:
        assert client.get(f"/v1/tickets/{ticket.ticket_id}/messages").status_code == 200
    assert armed
    assert not any(armed)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"HELLO\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n", 400),
    ],
    ids=["url", "header", "headers", "tls", "words", "version", "negative", "two lengths", "both", "chunk", "name", "nul"],
)  # fmt: skip
def test_what_is_not_decent_http_is_refused(house: House, data: bytes, status: int) -> None:
    received = house.raw(data)

    assert status_of(received) == status
    assert b"Traceback" not in received


@pytest.mark.parametrize(
    "path",
    [
        "/console/../../../../etc/passwd", "/console/..%2f..%2f..%2fetc/passwd", "/console/%2e%2e/%2e%2e/etc/passwd",
        "/console/%252e%252e/etc/passwd", "/console//etc/passwd", "/..%5c..%5cetc/passwd", "/console/index.html%00.js",
        "/console/....//....//etc/passwd", "/v1/../../etc/passwd", "/console/%c0%ae%c0%ae/etc/passwd",
        "/console/app.js/../../settings.py", "/console/__init__.py", "/%2fetc%2fpasswd",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_console(house: House, path: str) -> None:
    received = house.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    assert status_of(received) in (400, 404)
    assert b"root:" not in received


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe\x00", b'{"customer": }', b'{"a": NaN}', b"[" * 200_000,
        b'{"a":' * 100_000, b"\xef\xbb\xbf{}", b"{}{}", json.dumps({"x" * 1000: 1}).encode(),
        b'{"symptom_text": "\\u0000"}', b'{"symptom_text": "\\ud800"}', b"1e999999",
    ],
    ids=lambda body: repr(body[:14]),
)  # fmt: skip
def test_a_malformed_body_is_a_400(house: House, body: bytes) -> None:
    with house.client() as client:
        answer = client.post("/v1/tickets", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 415)
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_html_in_a_ticket_is_json_text_and_nothing_else(house: House) -> None:
    evil = "<script>alert(document.cookie)</script><img src=x onerror=alert(1)> =HYPERLINK(1) inverter E029"
    with house.client() as client:
        made = client.post("/v1/tickets", json=ticket_body(symptom_text=evil))
        answer = client.get(f"/v1/tickets/{made.json()['ticket_id']}")

    assert answer.json()["symptom_text"] == evil
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_formulas_are_not_run_by_the_spreadsheet_that_opens_the_export(house: House) -> None:
    with house.client() as client:
        body = ticket_body(symptom_text='=cmd|"/c calc"!A1 and the inverter shows E029')
        body["customer"] = {"id": "@SUM(1)", "name": "-2+3"}
        client.post("/v1/tickets", json=body)
        sheet = client.get("/v1/tickets.csv").text

    assert "'=cmd" in sheet
    for cell in (part for line in sheet.splitlines() for part in line.split(",")):
        assert not cell.strip('"').startswith(("=", "+", "@", "\t"))


def test_an_upload_cannot_choose_where_it_is_stored(house: House, tmp_path: Path) -> None:
    with house.client() as client:
        for name in (
            "../../../etc/cron.d/x",
            "..\\..\\x.pdf",
            "/etc/passwd",
            "a/b.pdf",
            "\x00.pdf",
            ".",
            "..",
        ):
            answer = client.post("/v1/uploads", json={"name": name, "type": "PDF", "size": 5})
            assert answer.status_code in (201, 400)
            if answer.status_code == 201:
                upload = answer.json()["upload_id"]
                assert "/" not in upload
                assert ".." not in upload
        for upload in ("..%2f..%2fx", "%2e%2e", ".."):
            path = f"/v1/uploads/{upload}/parts/1"
            sent = house.raw(
                f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.token()}\r\nConnection: close\r\n"
                "Content-Type: application/octet-stream\r\nContent-Length: 1\r\n\r\nx".encode()
            )
            assert status_of(sent) in (400, 404)
    outside = [p for p in house.system.folder.path.parent.rglob("*") if p.name in ("x", "cron.d", "passwd")]
    assert outside == []


def test_a_client_that_leaves_in_the_middle_of_a_body_leaves_nothing_behind(house: House) -> None:
    head = (
        f"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.token()}\r\n"
        'Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"customer":'
    )
    with house.client() as client:
        before = len(client.get("/v1/tickets?limit=100").json()["items"])
        for _ in range(20):
            with connect(house) as wire:
                wire.sendall(head.encode())
        assert len(client.get("/v1/tickets?limit=100").json()["items"]) == before


def test_many_at_once_are_each_answered_with_their_own(house: House) -> None:
    """Answers of different tenants and tickets never cross, whatever threads serve them."""
    tickets = [
        house.open_ticket(symptom_text=f"The inverter number {n} shows E029 {MARKER}") for n in range(10)
    ]
    wrong: list[str] = []

    def read(number: int) -> None:
        with house.client() as client:
            for turn in range(20):
                ticket = tickets[(number + turn) % len(tickets)]
                if turn % 2:
                    found = client.get(f"/v1/tickets/{ticket.ticket_id}").json()
                else:
                    found = client.get(f"/v1/tickets/{ticket.ticket_id}/messages").json()
                    continue
                if found["symptom_text"] != ticket.symptom_text:
                    wrong.append(ticket.ticket_id)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
