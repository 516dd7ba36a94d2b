"""Requests decoded strictly, and bodies read within limits."""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Iterable

import pytest

from rimedio.http import request as module
from rimedio.http.request import ClientGone, Message, Request, drain, read_body, request_of, unpacked
from rimedio.lambdas.failures import RequestRefused
from rimedio.lambdas.gateway_event import decoded_path

OWN = b"client-id-1"


def scope(*headers: tuple[bytes, bytes], path: str = "/v1/me") -> dict[str, object]:
    return {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": list(headers), "client": ("10.0.0.9", 5), "http_version": "1.1",
    }  # fmt: skip


def made(*headers: tuple[bytes, bytes]) -> Request:
    return request_of(scope(*headers), lambda: "req_new", 0.0)


class Client:
    """Sends pieces; afterwards it stays silent, or hangs up."""

    def __init__(self, pieces: Iterable[bytes], *, last: bool = True, hangs_up: bool = False) -> None:
        self.pieces = list(pieces)
        self.last = last
        self.hangs_up = hangs_up

    async def __call__(self) -> Message:
        if self.pieces:
            piece = self.pieces.pop(0)
            more = bool(self.pieces) or not self.last
            return {"type": "http.request", "body": piece, "more_body": more}
        if self.hangs_up:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError


def read(client: Client, *headers: tuple[bytes, bytes], most: int = 100) -> bytes:
    return asyncio.run(read_body(made(*headers), client, most))


def test_a_client_may_name_its_request_when_the_name_is_sane() -> None:
    assert made((b"x-request-id", OWN)).request_id == "client-id-1"
    for name in (b"short", b"a" * 200, b"with blank in it", b"<script>alert(1)</script>"):
        assert made((b"x-request-id", name)).request_id == "req_new"


def test_several_headers_of_a_name_are_all_there() -> None:
    found = made((b"accept", b"a"), (b"accept", b"b"))

    assert found.headers["accept"] == "b"
    assert found.multi_headers["accept"] == ["a", "b"]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/v1/tickets", "/v1/tickets"),
        (b"/console/i18n/it.js", "/console/i18n/it.js"),
        (b"/v1/tickets/", "/v1/tickets/"),
        (b"/v1/schedules/p%C3%A9%20x", "/v1/schedules/pé x"),
        (b"/v1/x/..a", "/v1/x/..a"),
    ],
)
def test_a_path_is_decoded(raw: bytes, path: str) -> None:
    assert decoded_path(raw) == path


@pytest.mark.parametrize(
    "raw",
    [
        b"/console/../etc/passwd", b"/console/%2e%2e/etc/passwd", b"/console/..%2fetc", b"/console/%2E%2E%2Fetc",
        b"/console/..\\etc", b"/console/..%5cetc", b"/v1//me", b"//v1/me", b"/v1/./me", b"/v1/tickets/a%2Frun",
        b"/v1/a%00b", b"/v1/%ff", b"/..", b"/v1/..",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefused):
        decoded_path(raw)


def test_a_body_is_read_whole() -> None:
    assert read(Client([b"ab", b"cd"]), (b"content-length", b"4")) == b"abcd"
    assert read(Client([b"ab", b"", b"cd"]), (b"transfer-encoding", b"chunked")) == b"abcd"
    assert read(Client([]), (b"content-length", b"0")) == b""
    assert read(Client([])) == b""


def test_a_body_that_is_announced_too_large_is_refused_before_a_byte_is_read() -> None:
    client = Client([b"x"])
    with pytest.raises(RequestRefused) as refused:
        read(client, (b"content-length", b"101"))

    assert refused.value.status == 413
    assert client.pieces == [b"x"]


def test_a_body_that_grows_too_large_is_refused_where_it_does() -> None:
    client = Client([b"x" * 60] * 10)
    with pytest.raises(RequestRefused) as refused:
        read(client, (b"transfer-encoding", b"chunked"))

    assert refused.value.status == 413
    assert len(client.pieces) == 8


def test_a_client_that_stops_in_the_middle_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_SECONDS_MAX", 0.05)
    with pytest.raises(RequestRefused) as refused:
        read(Client([b"x"], last=False), (b"content-length", b"50"))

    assert refused.value.status == 408


def test_a_client_that_drips_is_given_up_although_each_byte_comes_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CHUNK_SECONDS_MAX", 0.05)

    class Dripping(Client):
        async def __call__(self) -> Message:
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(RequestRefused) as refused:
        read(Dripping([]), (b"content-length", b"90"))
    assert refused.value.status == 408


def test_a_client_that_hangs_up_is_no_error() -> None:
    with pytest.raises(ClientGone):
        read(Client([b"x"], last=False, hangs_up=True), (b"content-length", b"50"))


@pytest.mark.parametrize("text", [b"-1", b"+5", b"1e3", "٣".encode(), b" 5", b""])
def test_a_strange_length_is_none(text: bytes) -> None:
    assert made((b"content-length", text)).declared_bytes is None


def test_what_nobody_wants_is_dropped_only_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAIN_BYTES_MAX", 10)
    client = Client([b"x" * 6] * 5, last=False)
    asyncio.run(drain(client))
    assert len(client.pieces) == 3

    monkeypatch.setattr(module, "DRAIN_SECONDS_MAX", 0.05)
    asyncio.run(drain(Client([], last=False)))


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
)
def test_a_packed_body_is_unpacked_as_api_gateway_does(coding: str, pack: Callable[[bytes], bytes]) -> None:
    request = made((b"content-encoding", coding.encode()))
    assert unpacked(request, pack(b'{"a": 1}'), 100) == b'{"a": 1}'


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("br", b"x", 415),
        ("gzip, gzip", gzip.compress(b"x"), 415),
        ("gzip", b"{}", 400),
        ("gzip", gzip.compress(b"x")[:-3], 400),
        ("gzip", gzip.compress(b"x") + b"more", 400),
        ("gzip", gzip.compress(b"x" * 10_000_000), 413),
        ("deflate", zlib.compress(b"x" * 101), 413),
    ],
    ids=["unknown", "twice", "not packed", "cut", "followed", "bomb", "too long"],
)
def test_what_cannot_be_unpacked_within_the_limit_is_refused(coding: str, body: bytes, status: int) -> None:
    with pytest.raises(RequestRefused) as refused:
        unpacked(made((b"content-encoding", coding.encode())), body, 100)
    assert refused.value.status == status
