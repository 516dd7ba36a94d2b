"""What API Gateway sends, made into the event that the handlers take: the same as the gateway's at home.

A REST API passes the path as the client wrote it, percent-encoded, behind the base path of a custom domain name;
payloads of version 1 from an HTTP API have the stage before it. Query strings come decoded. A client may write
anything, so the path is decoded strictly, once.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from rimedio.domain.errors import RimedioError
from rimedio.lambdas.binding import Event
from rimedio.lambdas.failures import RequestRefused

ROOTS = ("/v1/", "/.well-known/")
ANSWER_BYTES_MAX = 6 * 1024 * 1024 - 64 * 1024  # Lambda hands on 6 MB, the JSON around the body included

FILE_BYTES_MAX = ANSWER_BYTES_MAX * 3 // 4  # files leave in base64


def decoded_path(raw: bytes) -> str:
    """A path in clear. Raises RequestRefused for what no client of good faith sends.

    An encoded slash would move a value into the next segment, `..` into the one before, NUL ends strings in C.
    """
    if b"%" not in raw and b"//" not in raw and b"/." not in raw and b"\\" not in raw:
        return raw.decode("ascii", "replace")
    plain = unquote_to_bytes(raw)
    segments = plain.split(b"/")
    if (
        plain.count(b"/") != raw.count(b"/")
        or b"\x00" in plain
        or b"\\" in plain
        or b".." in segments
        or b"." in segments
        or (b"" in segments[1:] and len(segments) > 2)
    ):
        raise RequestRefused(
            "The path has empty or dotted segments, or an encoded slash. Correct it.", status=404
        )
    try:
        return plain.decode()
    except UnicodeDecodeError:
        raise RequestRefused("The path is not UTF-8. Encode it so.") from None


def handler_event(event: Event, base_path: str = "") -> dict[str, Any]:
    """The event with its path in clear, without stage and base path.

    Raises RimedioError for what is no proxy event (the integration is wrong), RequestRefused for a bad path.
    """
    if not isinstance(event.get("httpMethod"), str) or not isinstance(event.get("path"), str):
        raise RimedioError("This is no event of a REST API's proxy integration. Look at the integration.")
    stage = str((event.get("requestContext") or {}).get("stage") or "")
    raw = _behind(event["path"], (base_path, stage))
    path = decoded_path(raw.encode("ascii", "surrogateescape") if raw.isascii() else raw.encode())
    return {**event, "path": path, "headers": event.get("headers") or {}}


def checked_answer(answer: Mapping[str, Any]) -> None:
    """Refuse an answer that Lambda would drop, with an error that says what to do. Raises RequestRefused."""
    body = answer.get("body") or ""
    if len(body) > ANSWER_BYTES_MAX or len(body.encode()) > ANSWER_BYTES_MAX:
        size = len(body) / 1e6
        msg = f"The answer has {size:.1f} MB; Lambda hands on 6 MB. Ask for less at once."
        raise RequestRefused(msg, status=413)


def _behind(path: str, prefixes: tuple[str, ...]) -> str:
    """The path behind a prefix that stands in front of one of the API's roots."""
    for prefix in prefixes:
        before = f"/{prefix.strip('/')}"
        rest = path.removeprefix(before)
        if prefix and rest != path and rest.startswith(ROOTS):
            return rest
    return path
