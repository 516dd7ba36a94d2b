"""A file on the internet is fetched once, from the judged address, within limits; here from this machine."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.security.ssrf import PublicUrl, check_public_url
from rimedio.tickets.uploads.fetch_attachment import FetchAttachment

HITS: list[str] = []


class Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        HITS.append(self.path)
        with suppress(OSError):  # the client hung up: that is what some of these tests are about
            self.answer()

    def answer(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
            return
        if self.path == "/drip":
            self.send_response(200)
            while not self.server.over.wait(0.02):  # type: ignore[attr-defined]  # a header that never ends
                self.wfile.write(b"X-A: b\r\n")
                self.wfile.flush()
            return
        if self.path == "/packed.log":
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(b"x" * 50_000_000))
            return
        body = b"x" * 5000 if self.path == "/big.log" else b"fault E030"
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    HITS.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.over = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def loopback(url: str) -> PublicUrl:
    return check_public_url(url, allow_loopback=True)


def test_a_file_is_fetched_with_its_name(address: str) -> None:
    assert FetchAttachment(loopback)(f"{address}/logs/pump.log?x=1") == ("pump.log", b"fault E030")


def test_the_own_machine_is_not_called_unless_that_is_allowed(address: str) -> None:
    with pytest.raises(InvalidInput):
        FetchAttachment(check_public_url)(f"{address}/pump.log")
    assert not HITS


@pytest.mark.parametrize("path", ["/moved", "/gone"])
def test_a_redirect_is_not_followed_and_an_error_is_no_file(address: str, path: str) -> None:
    with pytest.raises(InvalidInput, match="answers"):
        FetchAttachment(loopback)(address + path)
    assert list(HITS) == [path]


def test_a_file_beyond_the_limit_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="larger"):
        FetchAttachment(loopback, bytes_max=1000)(f"{address}/big.log")


def test_nobody_there_is_said_in_words() -> None:
    with pytest.raises(Unavailable, match="cannot be fetched"):
        FetchAttachment(loopback)("http://127.0.0.1:9/x.log")


def test_a_head_that_never_ends_holds_no_worker_for_ever(address: str) -> None:
    """Every read of it is quick: only a limit on the whole ends it."""
    with pytest.raises(Unavailable, match="cannot be fetched"):
        FetchAttachment(loopback, total_seconds=0.3)(f"{address}/drip")


def test_what_is_sent_packed_is_not_unpacked(address: str) -> None:
    """A few kilobytes may unpack to more than memory holds before anybody can count them."""
    with pytest.raises(InvalidInput, match="packed"):
        FetchAttachment(loopback)(f"{address}/packed.log")
