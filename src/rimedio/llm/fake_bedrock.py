"""Bedrock's side of the wire, played from a script under a real boto3 client: for tests and dry runs.

boto3 serializes the request and parses the answer as ever; only the bytes in between come from here, by
botocore's `before-send` event, so no socket is opened. Whoever wants HTTP too takes `rimedio bedrock-local`.
"""

import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rimedio.aws import Client

REGION = "eu-west-1"
CUT, ENDED = "cut", "ended"  # how a stream breaks: the line goes, or it just ends


@dataclass(frozen=True, slots=True)
class BedrockTurn:
    """One answer. `body` is sent as it is; `code` is an exception's name; `raises` happens instead of sending.

    In a stream `broken` is CUT, ENDED or an exception's name, after `after` pieces of the text.
    """

    text: str = ""
    stop: str = "end_turn"
    usage: Mapping[str, Any] = field(default_factory=lambda: {"inputTokens": 11, "outputTokens": 7})
    body: Mapping[str, Any] | None = None
    status: int = 200
    code: str = ""
    message: str = "told to"
    headers: Mapping[str, str] = field(default_factory=dict)
    raises: Callable[[], Exception] | None = None
    broken: str = ""
    after: int = 1


@dataclass
class FakeBedrock:
    """Plays its turns in order, the last one for ever. `requests` keeps operation and arguments as sent."""

    turns: Sequence[BedrockTurn]
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def client(self, service: str = "bedrock-runtime") -> Client:
        """A real boto3 client of `service` whose every call is answered here, without retries of its own."""
        from botocore.config import Config

        found = _session().create_client(
            service,
            REGION,
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",  # noqa: S106 - signs requests that go nowhere
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )
        self.attach(found)
        return found

    def attach(self, client: Client) -> None:
        """Answer every call of a boto3 client from now on."""
        client.meta.events.register("before-send.*.*", self._answer)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The arguments of all requests of one operation, as they went over the wire."""
        return [body for name, body in self.requests if name == operation]

    def _answer(self, request: Any, event_name: str, **_: object) -> Any:
        operation = event_name.rpartition(".")[2]
        number = len(self.requests)
        sent = request.body or b"{}"
        self.requests.append((operation, json.loads(sent if isinstance(sent, bytes | str) else sent.read())))
        turn = self.turns[min(number, len(self.turns) - 1)]
        if turn.raises is not None:
            raise turn.raises()
        return _response(request.url, operation, self.requests[-1][1], turn)


@cache
def _session() -> Any:
    """Reads the models of services once for all clients."""
    from botocore.session import Session

    return Session()


class _Raw(io.BytesIO):
    """What botocore reads from, piece by piece."""

    def __init__(self, parts: Sequence[bytes], error: Exception | None = None) -> None:
        super().__init__(b"".join(parts))
        self._parts = parts
        self._error = error

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """The parts, then the error if the line is to break."""
        yield from self._parts
        if self._error is not None:
            raise self._error


def _response(url: str, operation: str, asked: Mapping[str, Any], turn: BedrockTurn) -> Any:
    from botocore.awsrequest import AWSResponse

    headers = {"content-type": "application/json", **turn.headers}
    if turn.code:
        headers["x-amzn-errortype"] = turn.code
        return AWSResponse(url, turn.status, headers, _Raw([json.dumps({"message": turn.message}).encode()]))
    by_tool = "toolConfig" in asked and turn.stop == "end_turn"
    if operation == "ConverseStream":
        error = ConnectionResetError("the line went") if turn.broken == CUT else None
        headers["content-type"] = "application/vnd.amazon.eventstream"
        return AWSResponse(url, 200, headers, _Raw(list(_frames(turn, by_tool=by_tool)), error))
    body = turn.body if turn.body is not None else _message(turn, by_tool=by_tool)
    return AWSResponse(url, turn.status, headers, _Raw([json.dumps(body).encode()]))


def _message(turn: BedrockTurn, *, by_tool: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"text": turn.text}
    if by_tool:
        block = {"toolUse": {"toolUseId": "t1", "name": "reply", "input": json.loads(turn.text)}}
    return {
        "output": {"message": {"role": "assistant", "content": [block]}},
        "stopReason": "tool_use" if by_tool else turn.stop,
        "usage": {"totalTokens": 0, **turn.usage},
        "metrics": {"latencyMs": 1},
    }


def _frames(turn: BedrockTurn, *, by_tool: bool) -> Iterator[bytes]:
    yield frame("messageStart", {"role": "assistant"})
    if by_tool:
        start = {"toolUse": {"toolUseId": "t1", "name": "reply"}}
        yield frame("contentBlockStart", {"contentBlockIndex": 0, "start": start})
    pieces = [piece if n == 0 else f" {piece}" for n, piece in enumerate(turn.text.split(" "))]
    for piece in pieces[: turn.after] if turn.broken else pieces:
        delta = {"toolUse": {"input": piece}} if by_tool else {"text": piece}
        yield frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    if turn.broken:
        if turn.broken not in {CUT, ENDED}:
            yield frame(turn.broken, {"message": turn.message}, kind="exception")
        return
    yield frame("contentBlockStop", {"contentBlockIndex": 0})
    yield frame("messageStop", {"stopReason": "tool_use" if by_tool else turn.stop})
    yield frame("metadata", {"usage": {"totalTokens": 0, **turn.usage}, "metrics": {"latencyMs": 1}})


def frame(name: str, payload: Mapping[str, Any], kind: str = "event") -> bytes:
    """One message of `application/vnd.amazon.eventstream`: prelude, headers, payload, check sums."""
    known = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    headers = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in known.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))
