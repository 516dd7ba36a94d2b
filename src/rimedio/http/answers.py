"""Answers: from a handler's proxy response, an error or a file to ASGI messages, with the headers all carry."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rimedio.http.console_files import ConsoleFile
from rimedio.http.request import Request, Send
from rimedio.lambdas import response_headers
from rimedio.lambdas.failures import failure_of

Headers = list[tuple[bytes, bytes]]

GZIP_BYTES_MIN = 8 * 1024  # below, packing costs more time than sending
GZIP_LEVEL = 1
CONSOLE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    b"connect-src 'self'; manifest-src 'self'; worker-src 'none'; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'"
)
ALWAYS: Headers = [(name.encode(), value.encode()) for name, value in response_headers.ALWAYS.items()]
API_HEADERS: Headers = [*ALWAYS, (b"content-security-policy", response_headers.API_POLICY.encode())]
CONSOLE_HEADERS: Headers = [
    *ALWAYS,
    (b"content-security-policy", CONSOLE_POLICY),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept-encoding"),
]
_OURS = {name for name, _ in API_HEADERS}


@dataclass(slots=True)
class Answer:
    """What goes back to the client. `close` ends the connection after it."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)
    close: bool = False


def answer_of(response: Mapping[str, Any], accepts_gzip: bool) -> Answer:
    """The answer out of a Lambda proxy response (`statusCode, body, isBase64Encoded, multiValueHeaders`)."""
    text = response.get("body") or ""
    body = base64.b64decode(text) if response.get("isBase64Encoded") else text.encode()
    headers: Headers = []
    kind = b""
    for name, values in (response.get("multiValueHeaders") or {}).items():
        raw = name.lower().encode("latin-1")
        if raw in _OURS or raw == b"content-length":
            continue
        for value in values if isinstance(values, list) else [values]:
            headers.append((raw, str(value).encode("latin-1", "replace")))
        if raw == b"content-type":
            kind = headers[-1][1]
    if accepts_gzip and len(body) >= GZIP_BYTES_MIN and kind.startswith((b"application/json", b"text/")):
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
        body = packer.compress(body) + packer.flush()
        headers += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
    return Answer(int(response["statusCode"]), body, headers)


def answer_to_error(error: BaseException, request_id: str, at: datetime) -> Answer:
    """The answer to something that went wrong before or around the handler, in the API's own form."""
    failure = failure_of(error, request_id=request_id, at=at)
    headers: Headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode("latin-1")),
    ]
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in failure.headers.items()]
    return Answer(failure.status, failure.body.encode(), headers, close=failure.status in (408, 413))


def file_answer(file: ConsoleFile, request: Request) -> Answer:
    """A file of the console, or 304 when the browser has this very content."""
    headers: Headers = [(b"etag", file.etag.encode())]
    wanted = request.headers.get("if-none-match", "")
    if wanted == "*" or file.etag in (tag.strip().removeprefix("W/") for tag in wanted.split(",")):
        return Answer(304, b"", headers)
    headers.append((b"content-type", file.media_type.encode()))
    if file.packed is not None and accepts_gzip(request):
        return Answer(200, file.packed, [*headers, (b"content-encoding", b"gzip")])
    return Answer(200, file.content, headers)


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes gzip (RFC 9110, 12.5.3; `gzip;q=0` is a no)."""
    accepted = request.headers.get("accept-encoding", "")
    return "gzip" in accepted and "gzip;q=0" not in accepted.replace(" ", "").replace("q=0.", "q=1.")


async def send_answer(send: Send, answer: Answer, shared: Headers, *, head_only: bool = False) -> None:
    """Send the whole answer. `shared` are the headers of its kind."""
    headers = [*answer.headers, *shared]
    if answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
    if answer.close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if head_only or answer.status in (204, 304) else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": answer.close})
