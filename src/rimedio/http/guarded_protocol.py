"""uvicorn's HTTP protocol with limits on what a stranger may send before any application code runs.

uvicorn's httptools protocol waits for ever for the end of a request's head and takes heads of any size; a few
hundred connections that send a byte a minute ("slow loris") would be enough to fill it. It also keeps an answer that
nobody takes, and the connection with it, as long as the client's machine is there.
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
SEND_SECONDS_MAX = 60.0
SENT_BYTES_MIN = 16 * 1024  # that a client takes of an answer within SEND_SECONDS_MAX while more of it waits
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
        self._send_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._head_whole = False
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected: its first head is due."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left."""
        self._stop_timer()
        self._stop_send_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits to be sent than the client takes."""
        super().pause_writing()
        self._watch_sending()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_send_timer()

    def on_response_complete(self) -> None:
        """An answer is written, though perhaps not sent."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_sending()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was asked for long enough."""
        super().timeout_keep_alive_handler()
        self._watch_sending()

    def data_received(self, data: bytes) -> None:
        """Bytes came; none are looked at once the request has been refused."""
        if not self._refused:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._head_bytes = 0
        self._head_whole = False
        if self._head_timer is None:
            self._await_head()

    def on_url(self, url: bytes) -> None:
        """A piece of the URL."""
        super().on_url(url)
        if len(self.url) > URL_BYTES_MAX:
            self._refuse(414, f"The URL is longer than {URL_BYTES_MAX} bytes. Shorten it.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a field behind the last chunk of a body.

        The latter is dropped: uvicorn would add it to the headers, so that an Authorization no proxy has seen
        would count (RFC 9110, section 6.5.1).
        """
        if not self._head_whole:
            super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEADER_BYTES_MAX or len(self.headers) > HEADERS_MAX:
            msg = f"The headers are more than {HEADER_BYTES_MAX} bytes or {HEADERS_MAX} lines. Send fewer."
            self._refuse(431, msg)

    def on_headers_complete(self) -> None:
        """The head is whole: the application takes over."""
        self._head_whole = True
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

    def _watch_sending(self) -> None:
        """From now on what waits must become less: nothing is written while it is too much, or at the end."""
        if self._send_timer is None and self.transport.get_write_buffer_size():
            waits = self.transport.get_write_buffer_size()
            self._send_timer = self.loop.call_later(SEND_SECONDS_MAX, self._judge_sending, waits)

    def _judge_sending(self, waited: int) -> None:
        """Hang up on a client that takes nothing: an orderly end would wait for it for ever."""
        self._send_timer = None
        waits = self.transport.get_write_buffer_size()
        if waits and waits > waited - SENT_BYTES_MIN:
            self.transport.abort()
        else:
            self._watch_sending()

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

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
        self._watch_sending()
