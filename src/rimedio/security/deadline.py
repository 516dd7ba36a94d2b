"""Connections to strangers' servers on which nothing lasts beyond a deadline, however slowly they send.

Time-outs of HTTP clients are for each read: a server that sends a byte now and then would hold a worker for ever.
"""

import ssl
import time
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

import httpcore

SocketOption: TypeAlias = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class DeadlineBackend(httpcore.SyncBackend):
    """Opens sockets on which nothing lasts beyond the deadline."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout)
        opened = super().connect_tcp(host, port, left, local_address, socket_options)
        return _DeadlineStream(opened, self._deadline)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every read and write ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout=_left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=_left(self._deadline, timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout))
        return _DeadlineStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


@cache
def trusted_certificates() -> ssl.SSLContext:
    """The certificates that are trusted, read once: that takes 20 ms."""
    return httpcore.default_ssl_context()


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time of the whole request is up")
    return left if timeout is None else min(left, timeout)
