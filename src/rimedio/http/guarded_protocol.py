"""uvicorn's HTTP protocol with limits on what a stranger may send before any application code runs.

uvicorn's httptools protocol waits for ever for the end of a request's head and takes heads of any size; a few
hundred connections that send a byte a minute ("slow loris") would be enough to fill it.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS_MAX = 10.0  # from the first byte, or the connection, to the end of the head
URL_BYTES_MAX = 8 * 1024
HEADER_BYTES_MAX = 32 * 1024  # of all headers together
HEADERS_MAX = 100
_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
}


class GuardedProtocol(HttpToolsProtocol):
    """Refuses heads that are too slow, too long or too many, with the API's error body."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected: its first head is due."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came; none are looked at once the request has been refused."""
        if not self._refused:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._head_bytes = 0
        if self._head_timer is None:
            self._await_head()

    def on_url(self, url: bytes) -> None:
        """A piece of the URL."""
        super().on_url(url)
        if len(self.url) > URL_BYTES_MAX:
            self._refuse(414, f"The URL is longer than {URL_BYTES_MAX} bytes. Shorten it.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEADER_BYTES_MAX or len(self.headers) > HEADERS_MAX:
            msg = f"The headers are more than {HEADER_BYTES_MAX} bytes or {HEADERS_MAX} lines. Send fewer."
            self._refuse(431, msg)

    def on_headers_complete(self) -> None:
        """The head is whole: the application takes over."""
        self._stop_timer()
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self._refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP."""
        if not self._refused:
            self._refuse(400, f"{msg} Send HTTP/1.1.")

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self.cycle is None or self.cycle.response_complete:
            self._refuse(
                408, f"The request was not complete within {HEAD_SECONDS_MAX:.0f} seconds. Send it again."
            )

    def _refuse(self, status: int, message: str) -> None:
        """Answer and hang up, without the application."""
        if self._refused:
            return
        self._refused = True
        self._stop_timer()
        if self.transport is None or self.transport.is_closing():
            return
        error = {
            "code": "VALIDATION_ERROR",
            "message": message,
            "details": [],
            "request_id": "none",
            "timestamp": datetime.now(UTC).isoformat(),
        }
        body = json.dumps({"error": error}).encode()
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
