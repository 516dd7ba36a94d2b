"""The gateway over a real connection."""

import gzip
import json
import time
from types import SimpleNamespace

import httpx
import pytest
from tests.integration.http.house import ACME, OTHER, House, running_house, ticket_body

from rimedio.http import gateway
from rimedio.security.permissions import Role


def test_every_answer_carries_the_headers_of_the_contract(house: House) -> None:
    with house.client() as client:
        answers = [
            client.get("/v1/me"),
            client.get("/v1/health"),
            client.get("/v1/nothing"),
            client.post("/v1/tickets", content=b"{", headers={"Content-Type": "application/json"}),
            httpx.get(house.url + "/v1/me", timeout=60),
        ]
    for answer in answers:
        for name in ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
            assert answer.headers[name]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_request_keeps_the_id_its_client_gave_it(house: House) -> None:
    with house.client() as client:
        assert (
            client.get("/v1/me", headers={"X-Request-Id": "mine-12345"}).headers["x-request-id"]
            == "mine-12345"
        )
        refused = client.get("/v1/nothing", headers={"X-Request-Id": "mine-12345"})
        assert refused.json()["error"]["request_id"] == refused.headers["x-request-id"] == "mine-12345"
        assert (
            client.get("/v1/me", headers={"X-Request-Id": "<b>"}).headers["x-request-id"].startswith("req_")
        )


def test_errors_have_one_body(house: House) -> None:
    with house.client() as client:
        error = client.get("/v1/nothing").json()["error"]

    assert set(error) == {"code", "message", "details", "request_id", "timestamp"}
    assert error["code"] == "NOT_FOUND"


def test_a_manual_comes_over_the_wire_in_pieces(house: House) -> None:
    (manual, *_) = house.system.manuals.list(ACME).records
    path = f"/v1/kb/documents/{manual.document_id}/original"
    with house.client() as client:
        whole = client.get(path)
        piece = client.get(path, headers={"Range": "bytes=2-11"})
        same = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
        behind = client.get(path, headers={"Range": "bytes=99999-"})
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    assert (piece.status_code, piece.content) == (206, whole.content[2:12])
    assert piece.headers["Content-Range"] == f"bytes 2-11/{len(whole.content)}"
    assert piece.headers["Content-Length"] == "10"
    assert "Content-Encoding" not in piece.headers
    assert (same.status_code, same.content) == (304, b"")
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, f"bytes */{len(whole.content)}")


def test_a_ticket_is_opened_once_for_an_idempotency_key(house: House) -> None:
    with house.client() as client:
        headers = {"Idempotency-Key": "order-42"}
        first = client.post("/v1/tickets", json=ticket_body(), headers=headers)
        again = client.post("/v1/tickets", json=ticket_body(), headers=headers)
        other = client.post("/v1/tickets", json=ticket_body(lang="it"), headers=headers)

    assert first.status_code == again.status_code == 202
    assert first.json()["ticket_id"] == again.json()["ticket_id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "CONFLICT"


def test_the_same_key_of_another_tenant_is_another_key(house: House) -> None:
    headers = {"Idempotency-Key": "order-77"}
    with house.client() as ours, house.client(tenant=OTHER) as theirs:
        one = ours.post("/v1/tickets", json=ticket_body(), headers=headers)
        two = theirs.post("/v1/tickets", json=ticket_body(), headers=headers)

    assert one.json()["ticket_id"] != two.json()["ticket_id"]
    assert "Idempotency-Replayed" not in two.headers


def test_a_wrong_body_is_refused_field_by_field(house: House) -> None:
    with house.client() as client:
        answer = client.post("/v1/tickets", json={"customer": {"id": "c1"}})

    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["error"]["details"]} == {
        "body.asset",
        "body.symptom_text",
    }


def test_methods_and_media_types_that_do_not_fit_are_said_so(house: House) -> None:
    with house.client() as client:
        wrong_method = client.put("/v1/me", json={})
        wrong_type = client.post("/v1/tickets", content=b"a=1", headers={"Content-Type": "text/plain"})
        options = client.options("/v1/me")

    assert wrong_method.status_code == options.status_code == 405
    assert wrong_method.headers["Allow"] == "GET"
    assert wrong_type.status_code == 415
    assert wrong_type.json()["error"]["code"] == "VALIDATION_ERROR"


def test_the_console_is_served_with_a_strict_policy(house: House) -> None:
    answer = httpx.get(house.url + "/", timeout=60)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    again = httpx.get(house.url + "/", headers={"If-None-Match": answer.headers["ETag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")
    head = httpx.head(house.url + "/")
    assert (head.status_code, head.content) == (200, b"")
    assert httpx.post(house.url + "/", timeout=60).status_code == 405


def test_every_file_that_the_first_page_asks_for_is_there(house: House) -> None:
    import re

    with house.client(None) as client:
        page = client.get("/").text
        wanted = re.findall(r'(?:src|href)="(/console/[^"]+)"', page)
        assert len(wanted) > 3
        missing = [path for path in wanted if client.get(path).status_code != 200]
    assert missing == []


def test_a_large_document_is_packed(house: House) -> None:
    plain = httpx.get(house.url + "/v1/openapi.json", headers={"Accept-Encoding": "identity"}, timeout=60)
    with httpx.stream(
        "GET", house.url + "/v1/openapi.json", headers={"Accept-Encoding": "gzip"}, timeout=60
    ) as answer:
        packed = b"".join(answer.iter_raw())

    assert "Content-Encoding" not in plain.headers
    assert json.loads(gzip.decompress(packed)) == plain.json()
    assert len(packed) < len(plain.content) / 3


def test_other_sites_are_not_let_in_unless_the_settings_name_them(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    origin = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    refused = httpx.options(house.url + "/v1/me", headers=origin)
    assert "Access-Control-Allow-Origin" not in refused.headers
    folder = tmp_path_factory.mktemp("cors")
    with running_house(folder, cors_origins="https://app.example") as open_house:
        preflight = httpx.options(open_house.url + "/v1/me", headers=origin)
        actual = httpx.get(
            open_house.url + "/v1/health", headers={"Origin": "https://app.example"}, timeout=60
        )
        stranger = httpx.get(
            open_house.url + "/v1/health", headers={"Origin": "https://evil.example"}, timeout=60
        )
    assert preflight.status_code == 204
    assert actual.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Origin" not in stranger.headers


@pytest.fixture
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets do not fill while a test runs, however long it takes."""
    frozen = SimpleNamespace(monotonic=lambda: 7.0, perf_counter=time.perf_counter, time=time.time)
    monkeypatch.setattr(gateway, "time", frozen)


@pytest.mark.usefixtures("_one_moment")
def test_a_tenant_that_asks_too_much_is_told_when_to_come_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_house(tmp_path_factory.mktemp("rates"), rate_overrides=f"{ACME}=1/3") as slow:
        with slow.client() as client:
            answers = [client.get("/v1/me") for _ in range(5)]
        with slow.client(tenant=OTHER) as client:
            other = client.get("/v1/me")
        anonymous = [httpx.get(slow.url + "/v1/health", timeout=60).status_code for _ in range(3)]

    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json()["error"]["code"] == "RATE_LIMITED"
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[0].headers["X-RateLimit-Limit"] == "1"
    assert other.status_code == 200
    assert anonymous == [200, 200, 200]


@pytest.mark.usefixtures("_one_moment")
def test_a_stranger_cannot_try_tokens_without_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    guess = b"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a.b.c\r\n\r\n"
    last = guess.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with running_house(tmp_path_factory.mktemp("guess")) as fresh:
        received = fresh.raw(guess * 1500 + last, seconds=60)

    refused, limited = received.count(b"HTTP/1.1 401"), received.count(b"HTTP/1.1 429")
    assert (refused, limited) == (1000, 501)


def test_a_sign_in_code_becomes_a_session_once(house: House) -> None:
    code = house.system.identity.codes.make("anna", ACME, [Role.OPERATOR])
    with house.client(None) as client:
        session = client.post("/v1/session", json={"code": code})
        again = client.post("/v1/session", json={"code": code})
        token = session.json()["token"]
        me = client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})

    assert session.status_code == 200
    assert again.status_code == 401
    assert (me.json()["subject"], me.json()["roles"]) == ("anna", ["operator"])


def test_the_published_keys_verify_the_tokens(house: House) -> None:
    from rimedio.domain.clock import SystemClock
    from rimedio.security.jwks import JwksDocument
    from rimedio.security.tokens import TokenRules, TokenVerifier

    document = httpx.get(house.url + "/.well-known/jwks.json", timeout=60).content
    verifier = TokenVerifier(JwksDocument(lambda: document, SystemClock()), TokenRules(), SystemClock())

    assert verifier.verify(house.token()).tenant_id == ACME


def test_connections_are_kept_and_requests_in_a_row_are_answered_in_order(house: House) -> None:
    head = f"Host: x\r\nAuthorization: Bearer {house.token()}\r\n"
    data = b"".join(
        f"GET /v1/me HTTP/1.1\r\n{head}X-Request-Id: number-{n:04}\r\n{'Connection: close' if n == 9 else 'X-A: b'}\r\n\r\n".encode()
        for n in range(10)
    )
    received = house.raw(data)

    assert received.count(b"HTTP/1.1 200 OK") == 10
    places = [received.index(b"number-%04d" % n) for n in range(10)]
    assert places == sorted(places)
