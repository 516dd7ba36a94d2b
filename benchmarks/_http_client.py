"""A load generator in a process of its own: keep-alive connections that each send their next request at once.

It writes prepared bytes and reads only status and length, so that it takes as little as it can of the two
cores that it shares with the server. Prints `{"requests", "errors", "seconds", "latencies_ms"}`.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import cast

import uvloop

WARM_SECONDS = 1.0


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, requests: Iterator[bytes], deadline: float, warm_until: float) -> None:
        self.requests = requests
        self.deadline = deadline
        self.warm_until = warm_until
        self.latencies: list[float] = []
        self.errors = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = -1
        self._head = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        if self._sent >= self.deadline:
            self.transport.close()
            return
        self._left, self._head = -1, b""
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            start = self._head.index(b"content-length: ") + 16
            length = int(self._head[start : self._head.index(b"\r", start)])
            self._left = end + 4 + length - len(self._head)
        else:
            self._left -= len(data)
        if self._left == 0:
            now = time.perf_counter()
            if now >= self.warm_until:
                self.latencies.append((now - self._sent) * 1000)
                self.errors += self._head[9:12] != b"200"
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self.deadline:
            self.errors += 1
        if not self.done.done():
            self.done.set_result(None)


async def run(
    host: str, port: int, requests: list[bytes], connections: int, seconds: float
) -> dict[str, object]:
    """Load the server for `seconds` after a warm-up."""
    loop = asyncio.get_running_loop()
    warm_until = time.perf_counter() + WARM_SECONDS
    deadline = warm_until + seconds
    turns = itertools.cycle(requests)
    made = [
        (await loop.create_connection(lambda: Connection(turns, deadline, warm_until), host, port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.done for connection in made))
    latencies = [latency for connection in made for latency in connection.latencies]
    return {
        "requests": len(latencies),
        "errors": sum(connection.errors for connection in made),
        "seconds": seconds,
        "latencies_ms": latencies,
    }


def main() -> None:
    """Read what to do as JSON from standard input."""
    task = json.load(sys.stdin)
    requests = [request.encode() for request in task["requests"]]
    found = uvloop.run(run(task["host"], task["port"], requests, task["connections"], task["seconds"]))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
