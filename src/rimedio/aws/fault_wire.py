"""Answers of AWS as bytes: errors in each protocol, bodies that break off, and the true answer of a service."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Wire: TypeAlias = Any  # botocore's AWSPreparedRequest and AWSResponse have no types
REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_SEND_SECONDS = 20.0


class BrokenBody(io.RawIOBase):
    """A body that ends before its time, as urllib3 shows one."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(content)

    def read(self, amt: int | None = None, **_: object) -> bytes:
        from urllib3.exceptions import ProtocolError

        block = self._rest.read(amt)
        if not block:
            raise ProtocolError("Connection broken: the fault that was asked for")
        return block

    def stream(self, amt: int | None = None, **_: object) -> Iterator[bytes]:
        while True:
            yield self.read(amt)


class _Body(io.BytesIO):
    """A whole body, as urllib3 shows one."""

    def stream(self, amt: int | None = None, **_: object) -> Iterator[bytes]:
        while block := self.read(amt):
            yield block


def carried_out(request: Wire) -> Wire:
    """Send the request for real, on a connection of its own."""
    from botocore.httpsession import URLLib3Session

    session = URLLib3Session(timeout=_SEND_SECONDS)
    try:
        answer = session.send(request)
        _ = answer.content
        return answer
    finally:
        session.close()


def response(url: str, status: int, headers: Mapping[str, str], body: bytes | BrokenBody) -> Wire:
    """A reply as botocore gets it from its HTTP session."""
    from botocore.awsrequest import AWSResponse, HeadersDict

    raw = body if isinstance(body, BrokenBody) else _Body(body)
    return AWSResponse(url, status, HeadersDict(dict(headers)), raw)


def error_body(protocol: str, code: str, message: str, more: Mapping[str, object]) -> tuple[str, bytes]:
    """Content type and body of an error."""
    if protocol in ("json", "rest-json"):
        body = {"__type": code, "message": message, "Message": message, **more}
        return "application/x-amz-json-1.1", json.dumps(body).encode()
    if protocol == "smithy-rpc-v2-cbor":
        return "application/cbor", _cbor_map({"__type": code, "message": message})
    inside = f"<Code>{code}</Code><Message>{message}</Message>"
    if protocol == "rest-xml":
        text = f"<Error>{inside}<RequestId>{REQUEST_ID}</RequestId></Error>"
    elif protocol == "ec2":
        text = f"<Response><Errors><Error>{inside}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
    else:
        text = f"<ErrorResponse><Error>{inside}</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    return "text/xml", text.encode()


def _cbor_map(texts: Mapping[str, str]) -> bytes:
    """A CBOR map of short texts (RFC 8949, major types 5 and 3)."""

    def text(value: str) -> bytes:
        raw = value.encode()[:255]
        return bytes([0x78, len(raw)]) + raw

    return bytes([0xA0 + len(texts)]) + b"".join(text(name) + text(value) for name, value in texts.items())
