"""The proxy that refuses, which tests and benchmarks put before OpenSearch: clients that go away leave it quiet."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import pytest
from benchmarks._refusing_proxy import Refusals, _Server


class Gone:
    """A connection whose client has sent a request and is gone before the answer."""

    def __init__(self, error: type[OSError]) -> None:
        self.error = error

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")

    def sendall(self, _: object) -> None:
        raise self.error

    def shutdown(self, _: int) -> None:
        """Nothing to tell anybody."""

    def close(self) -> None:
        """Nothing to close."""


@contextmanager
def server() -> Iterator[_Server]:
    made = _Server("http://127.0.0.1:9", Refusals(decide=lambda method, path: 429))
    try:
        yield made
    finally:
        made.server_close()


@pytest.mark.parametrize("error", [BrokenPipeError, ConnectionResetError])
def test_a_client_that_went_away_is_passed_over_in_silence(error: type[OSError]) -> None:
    said = io.StringIO()
    connection: Any = Gone(error)
    with server() as made, redirect_stderr(said):
        made.process_request_thread(connection, ("127.0.0.1", 1))
    assert said.getvalue() == ""


def test_a_fault_of_the_proxy_itself_is_still_told() -> None:
    said = io.StringIO()
    connection: Any = Gone(ValueError)  # type: ignore[arg-type]
    with server() as made, redirect_stderr(said):
        made.process_request_thread(connection, ("127.0.0.1", 1))
    assert "ValueError" in said.getvalue()
