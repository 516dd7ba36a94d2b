"""A file on the internet is fetched once, from the judged address, within limits; here from this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.security.ssrf import PublicUrl, check_public_url
from rimedio.tickets.uploads.fetch_attachment import FetchAttachment

HITS: list[str] = []


class Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        HITS.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
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
    server = HTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
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
