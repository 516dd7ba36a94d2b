"""A real HTTP server on loopback that speaks `/v1/chat/completions` and does what it is told, for tests."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the server. `raw` is sent as it is; `formats` are the response formats it understands."""

    text: str = ""
    status: int = 200
    raw: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    usage: bool = True
    drop: bool = False  # close the connection without an answer


@dataclass
class FakeChatServer:
    """Plays its turns in order, the last one for ever. `requests` and `keys` keep what came."""

    turns: Sequence[Turn]
    model: str = "fake-http-1"
    formats: frozenset[str] = frozenset({"json_schema", "json_object"})
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._played = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Address up to `/v1`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def take(self, body: dict[str, Any], key: str) -> Turn:
        """Record a request and give the turn that answers it."""
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            wanted = (body.get("response_format") or {}).get("type")
            if wanted is not None and wanted not in self.formats:
                return Turn(status=400, raw=b'{"error": {"message": "response_format is not supported"}}')
            turn = self.turns[min(self._played, len(self.turns) - 1)]
            self._played += 1
            return turn


def _handler(server: FakeChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            if self.path != "/v1/chat/completions":
                self._send(404, b'{"error": {"message": "no such path"}}', ())
                return
            turn = server.take(body, self.headers.get("Authorization", ""))
            if turn.drop:
                self.close_connection = True
                return
            if body.get("stream") and turn.status == 200 and turn.raw is None:
                self._send(200, _events(turn.text), (("Content-Type", "text/event-stream"),))
                return
            self._send(
                turn.status, _reply(server, body, turn) if turn.raw is None else turn.raw, turn.headers
            )

        def _send(self, status: int, content: bytes, headers: tuple[tuple[str, str], ...]) -> None:
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    return Handler


def _reply(server: FakeChatServer, body: dict[str, Any], turn: Turn) -> bytes:
    message = {"role": "assistant", "content": turn.text}
    reply: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": server.model,
        "choices": [{"index": 0, "message": message, "finish_reason": turn.finish}],
    }
    if turn.usage:
        asked = sum(len(str(m["content"]).split()) for m in body["messages"])
        reply["usage"] = {"prompt_tokens": asked, "completion_tokens": len(turn.text.split())}
    return json.dumps(reply).encode()


def _events(text: str) -> bytes:
    pieces = [f" {word}" if i else word for i, word in enumerate(text.split(" "))]
    lines = [f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n" for piece in pieces]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()
