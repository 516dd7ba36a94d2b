"""One HTTP request as the gateway sees it: decoded strictly, its body read within limits of size and time."""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from rimedio.domain.errors import Unavailable
from rimedio.lambdas.failures import RequestRefused

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]

JSON_BYTES_MAX = 1024 * 1024
PART_BYTES_MAX = 8 * 1024 * 1024
CHUNK_SECONDS_MAX = 10.0  # between two pieces of a body
BYTES_PER_SECOND_MIN = 16 * 1024  # of a body as a whole, after CHUNK_SECONDS_MAX of grace
DRAIN_SECONDS_MAX = 3.0
DRAIN_BYTES_MAX = 96 * 1024 * 1024
GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # whichever its first bytes say
_OWN_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")


class ClientGone(Unavailable):
    """The client hung up; there is nobody to answer."""


@dataclass(slots=True)
class Request:
    """A request without its body. Header names are lower-case; of several values `headers` has the last."""

    method: str
    path: str
    query: bytes
    client: str
    headers: dict[str, str]
    multi_headers: dict[str, list[str]]
    request_id: str
    http_version: str = "1.1"
    declared_bytes: int | None = None
    started: float = 0.0
    route: str = "none"  # such as "GET /v1/tickets/{ticket_id}", once it is found
    body_read: bool = False
    extra_headers: list[tuple[bytes, bytes]] = field(default_factory=list)  # of whatever the answer will be

    @property
    def has_body(self) -> bool:
        """Whether the client announces a body."""
        return bool(self.declared_bytes) or "transfer-encoding" in self.headers


def request_of(scope: Scope, new_id: Callable[[], str], now: float) -> Request:
    """The request of an ASGI scope; its path is checked later, by `decoded_path`."""
    headers: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = value
        if name in several:
            several[name].append(value)
        else:
            several[name] = [value]
    own = headers.get("x-request-id", "")
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"],
        client[0] if client else "",
        headers,
        several,
        own if _OWN_ID.fullmatch(own) else new_id(),
        scope.get("http_version", "1.1"),
        _declared(headers),
        now,
    )


async def read_body(request: Request, receive: Receive, bytes_max: int) -> bytes:
    """The whole body. Raises RequestRefused (413 too large, 408 too slow) or ClientGone."""
    if request.declared_bytes is not None and request.declared_bytes > bytes_max:
        raise too_large(bytes_max)
    if not request.has_body:
        return b""
    pieces: list[bytes] = []
    size, loop = 0, asyncio.get_running_loop()
    started = loop.time()
    while True:
        left = started + CHUNK_SECONDS_MAX + size / BYTES_PER_SECOND_MIN - loop.time()
        try:
            message = await asyncio.wait_for(receive(), min(CHUNK_SECONDS_MAX, max(left, 0.001)))
        except TimeoutError:
            msg = "The body came too slowly and was given up. Send it again on a better connection."
            raise RequestRefused(msg, status=408) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > bytes_max:
            raise too_large(bytes_max)
        if piece:
            pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def unpacked(request: Request, body: bytes, bytes_max: int) -> bytes:
    """The body in clear, as API Gateway hands it on. Raises RequestRefused (413, 415, 400).

    What comes out is counted while it is unpacked: a few kilobytes may stand for gigabytes.
    """
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity") or not body:
        return body
    if coding not in ("gzip", "x-gzip", "deflate"):
        msg = f"The body is packed as {coding[:50]}, which is not known here. Send gzip, or as it is."
        raise RequestRefused(msg, status=415)
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        plain = unpacker.decompress(body, bytes_max + 1)
    except zlib.error:
        raise RequestRefused(f"The body is not {coding}, as Content-Encoding says. Send it again.") from None
    if len(plain) > bytes_max:
        raise too_large(bytes_max)
    if not unpacker.eof or unpacker.unused_data:
        raise RequestRefused(f"The {coding} body is not whole, or something follows it. Send it again.")
    return plain


async def drain(receive: Receive) -> None:
    """Take in and drop what the client still sends, for a while, so that it reads the refusal it was sent.

    Closing at once would make the client's machine throw the answer away (RFC 9112, section 9.6).
    """
    size, loop = 0, asyncio.get_running_loop()
    deadline = loop.time() + DRAIN_SECONDS_MAX
    while size < DRAIN_BYTES_MAX and (left := deadline - loop.time()) > 0:
        try:
            message = await asyncio.wait_for(receive(), left)
        except TimeoutError:
            return
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        size += len(message.get("body", b""))


def too_large(bytes_max: int) -> RequestRefused:
    """The refusal of a body above the limit."""
    return RequestRefused(f"The body is larger than {bytes_max} bytes. Send less at once.", status=413)


def _declared(headers: dict[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None
