"""Webhooks over real sockets on the loopback: what a hostile or broken receiver can do, and cannot."""

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rimedio.domain.errors import Unavailable
from rimedio.events.webhook_http import HttpWebhookSender
from rimedio.security.ssrf import PublicUrl, check_public_url

Behaviour = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def receiver(behave: Behaviour) -> Iterator[tuple[PublicUrl, list[tuple[str, dict, bytes]]]]:
    seen: list[tuple[str, dict, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            behave(self)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        url = f"http://hooks.example.org:{server.server_port}/in?x=1"
        yield check_public_url(url, allow_loopback=True, resolver=lambda *_: ["127.0.0.1"]), seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(status: int, **headers: str) -> Behaviour:
    def behave(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")

    return behave


def test_a_message_arrives_at_the_pinned_address_under_the_name_of_its_host() -> None:
    with receiver(answer(202)) as (url, seen):
        found = HttpWebhookSender().post(url, {"webhook-id": "msg_1"}, b'{"a":1}')
    assert (found.status, found.reply) == (202, "ok")
    assert found.latency_ms > 0
    ((path, headers, body),) = seen
    assert (path, body) == ("/in?x=1", b'{"a":1}')
    assert headers["host"].startswith("hooks.example.org:")
    assert headers["webhook-id"] == "msg_1"
    assert headers["content-type"] == "application/json"


def test_a_redirect_is_handed_back_not_followed() -> None:
    with receiver(answer(307, Location="http://127.0.0.1:1/secret")) as (url, seen):
        assert HttpWebhookSender().post(url, {}, b"{}").status == 307
    assert len(seen) == 1


def test_retry_after_is_read() -> None:
    with receiver(answer(503, Retry_After="90")) as (url, _):
        assert HttpWebhookSender().post(url, {}, b"{}").retry_after_seconds == 90


def test_an_endless_answer_is_cut_off() -> None:
    def flood(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65_536)
        except OSError:
            return

    with receiver(flood) as (url, _):
        started = time.monotonic()
        found = HttpWebhookSender(total_seconds=120).post(url, {}, b"{}")
    assert found.status == 200
    assert time.monotonic() - started < 60  # at once, by its length and not by its time


def test_a_server_that_drips_its_headers_does_not_hold_the_worker() -> None:
    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                handler.wfile.write(b"X-Slow: 1\r\n")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    with receiver(drip) as (url, _):
        started = time.monotonic()
        with pytest.raises(Unavailable, match="No answer"):
            HttpWebhookSender(total_seconds=0.4).post(url, {}, b"{}")
    assert time.monotonic() - started < 60  # its headers would go on for ever


def test_a_server_that_answers_nonsense_or_nothing_is_unavailable() -> None:
    def nonsense(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"hello\r\n\r\n")

    with receiver(nonsense) as (url, _), pytest.raises(Unavailable):
        HttpWebhookSender().post(url, {}, b"{}")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]  # taken, so that nobody else comes to listen there
        nobody = check_public_url(f"http://127.0.0.1:{port}/", allow_loopback=True)
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
            HttpWebhookSender().post(nobody, {}, b"{}")


def test_where_one_address_refuses_the_next_one_is_tried() -> None:
    with receiver(answer(200)) as (url, seen):
        two = PublicUrl(url.url, url.scheme, url.host, url.port, ("::1", "127.0.0.1"))
        assert HttpWebhookSender().post(two, {}, b"{}").status == 200
    assert len(seen) == 1


def test_tls_is_checked_against_the_name_not_the_address() -> None:
    with receiver(answer(200)) as (url, seen):
        https = PublicUrl(url.url.replace("http:", "https:"), "https", url.host, url.port, url.addresses)
        with pytest.raises(Unavailable):
            HttpWebhookSender(total_seconds=2).post(https, {}, b"{}")
    assert seen == []
