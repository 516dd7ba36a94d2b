"""One HTTP request to a stranger's server: pinned address, no redirects, limits on time and size.

httpx limits each read, not the whole: a server that sends a byte now and then would hold a worker for ever. So
its transport, httpcore, is used directly, with sockets that know the deadline of the request. Connections are
not kept: two names may share an address, and a kept connection was verified for the other name.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

import httpcore

from rimedio.domain.errors import Unavailable
from rimedio.events.webhook_sender import HttpAnswer
from rimedio.security.deadline import DeadlineBackend, trusted_certificates
from rimedio.security.ssrf import PublicUrl

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
RESPONSE_BYTES_MAX = 64 * 1024
REPLY_CHARS_MAX = 200
USER_AGENT = "Rimedio-Webhooks/1"


class HttpWebhookSender:
    """Posts over the network."""

    def __init__(self, total_seconds: float = TOTAL_SECONDS) -> None:
        self._total = total_seconds

    def post(self, url: PublicUrl, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        error: Exception | None = None
        started = time.monotonic()
        for place in range(min(len(url.addresses), 2)):  # a name's second address may be the one that works
            try:
                return self._post_to(url, place, headers, body, started)
            except httpcore.ConnectError as refused:
                error = refused
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as e:
                error = e
                break
        said = str(error) or type(error).__name__
        raise Unavailable(f"No answer from {url.host}: {said}.") from error

    def _post_to(
        self, url: PublicUrl, place: int, headers: Mapping[str, str], body: bytes, started: float
    ) -> HttpAnswer:
        pinned = httpcore.URL(url.pinned(place))
        backend = DeadlineBackend(started + self._total)
        given = {
            **url.headers,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        timeouts = {"connect": CONNECT_SECONDS, "read": self._total, "write": self._total}
        with (
            httpcore.HTTPConnection(
                pinned.origin,
                ssl_context=trusted_certificates() if url.scheme == "https" else None,
                network_backend=backend,
            ) as connection,
            connection.stream(
                "POST",
                pinned,
                headers=[(name.encode(), value.encode()) for name, value in given.items()],
                content=body,
                extensions={"timeout": timeouts, **url.extensions},
            ) as response,
        ):
            content = _read(response.iter_stream())
            latency = (time.monotonic() - started) * 1000
            return HttpAnswer(response.status, latency, _excerpt(content), _retry_after(response.headers))


def _read(pieces: Iterable[bytes]) -> bytes:
    """The beginning of the body; the rest is not asked for, and one that breaks off changes no status."""
    content = b""
    with suppress(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        for piece in pieces:
            content += piece
            if len(content) > RESPONSE_BYTES_MAX:
                break
    return content[:RESPONSE_BYTES_MAX]


def _excerpt(content: bytes) -> str:
    text = content[: REPLY_CHARS_MAX * 4].decode(errors="replace")
    return "".join(c if c.isprintable() else " " for c in text)[:REPLY_CHARS_MAX]


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    """Seconds of a Retry-After header, where it is a number."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) <= 6:
            return float(value)
    return None
