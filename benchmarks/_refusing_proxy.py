"""A proxy before OpenSearch that refuses as a busy cluster does: whole requests, and single items of a bulk.

What it refuses never reaches the engine; what it forwards is answered by the real one.
"""

import gzip
import http.client
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

REJECTED = {"type": "es_rejected_execution_exception", "reason": "rejected execution of primary operation"}
TIMEOUT_SECONDS = 120.0
Decide = Callable[[str, str], int | None]  # (method, path) to a status to refuse with, or None


@dataclass
class Refusals:
    """What to refuse, and how much was. Shares are between 0 and 1, drawn from a seeded source."""

    request_share: float = 0.0  # of bulk requests
    item_share: float = 0.0  # of items in those that get through
    decide: Decide | None = None  # for any other request
    seed: int = 0
    requests: int = 0
    items: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def refuses_request(self, path: str) -> bool:
        """Whether a bulk request is refused as a whole."""
        with self.lock:
            refused = path.startswith("/_bulk") and self.chance.random() < self.request_share
            self.requests += refused
        return refused

    def refuses_item(self) -> bool:
        """Whether one item is refused."""
        with self.lock:
            refused = self.chance.random() < self.item_share
            self.items += refused
        return refused


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str, refusals: Refusals) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.refusals = refusals


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle(self) -> None:
        """Serve a connection until it ends; a client that went away (it was killed, or waits no longer) is no error."""
        with suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def _pass(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        refusals = self.server.refusals
        status = refusals.decide(self.command, self.path) if refusals.decide else None
        if status is None and refusals.refuses_request(self.path):
            status = 429
        if status is not None:
            error = {"root_cause": [REJECTED], **REJECTED}
            self._answer(status, json.dumps({"error": error, "status": status}).encode())
        elif self.path.startswith("/_bulk") and refusals.item_share:
            self._answer(*self._bulk(body))
        else:
            self._answer(*self._forward(body))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass  # noqa: N815

    def _bulk(self, body: bytes) -> tuple[int, bytes]:
        """Forward what is let through, and answer for all items in their order."""
        refused: list[dict[str, Any] | None] = []
        kept: list[bytes] = []
        lines = iter(body.splitlines())
        for head in lines:
            [(verb, about)] = json.loads(head).items()
            source = [] if verb == "delete" else [next(lines)]
            if self.server.refusals.refuses_item():
                refused.append(
                    {verb: {"_index": about["_index"], "_id": about["_id"], "status": 429, "error": REJECTED}}
                )
            else:
                refused.append(None)
                kept += [head, *source]
        taken: Iterator[Any] = iter(())
        if kept:
            status, reply = self._forward(b"\n".join(kept) + b"\n")
            if status != 200:
                return status, reply
            taken = iter(json.loads(reply)["items"])
        items = [next(taken) if item is None else item for item in refused]
        return 200, json.dumps({"took": 1, "errors": True, "items": items}).encode()

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=TIMEOUT_SECONDS)
        try:
            headers = {"content-type": self.headers.get("content-type", "application/json")}
            connection.request(self.command, self.path, body or None, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a line a request would hide the benchmark's own."""


@contextmanager
def refusing(upstream: str, refusals: Refusals) -> Iterator[str]:
    """The proxy's address while it runs."""
    server = _Server(upstream, refusals)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
