"""A receiver of webhooks on the loopback that checks every signature and remembers what was told."""

import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rimedio.domain.errors import Unauthorized
from rimedio.events.signing import verify_webhook

Outcome = tuple[str, int]  # ticket and the version at which it came to its status


@dataclass
class Received:
    """What arrived: for each outcome the ids it came under, and how often messages came at all."""

    secret: str = ""
    refuse_share: float = 0.0  # of messages; answered 503, to be sent again
    outcomes: dict[Outcome, set[str]] = field(default_factory=lambda: defaultdict(set))
    messages: int = 0
    refused: int = 0
    refused_once: set[str] = field(default_factory=set)
    unsigned: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Judge one message; the status to answer with."""
        with self.lock:
            self.messages += 1
            try:
                identity = verify_webhook(self.secret, headers, body, now=datetime.now(UTC))
            except Unauthorized:
                self.unsigned += 1
                return 401
            # Once a message: its second attempt comes after seconds, a third one only after minutes.
            if identity not in self.refused_once and self.chance.random() < self.refuse_share:
                self.refused += 1
                self.refused_once.add(identity)
                return 503
            message = json.loads(body)
            if message["type"] == "TicketStatusChanged":
                data = message["data"]
                self.outcomes[data["ticket_id"], data["version"]].add(identity)
            return 204


@contextmanager
def receiving(received: Received) -> Iterator[str]:
    """Listen as long as the context lasts; the URL to register."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            announced = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(announced)
            if len(body) < announced:  # the sender died in the middle of a sentence
                return
            status = received.take(dict(self.headers.items()), body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/rimedio"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
