"""What comes in and what goes out: a request, an answer, an answer in frames, an error."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rimedio.bedrock_local.errors import ServiceError
from rimedio.bedrock_local.event_stream import CONTENT_TYPE
from rimedio.bedrock_local.fault_plan import Fault

JSON = "application/json"
REQUEST_ID = "x-amzn-requestid"
ERROR_TYPE = "x-amzn-errortype"


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """One HTTP answer: a body, or frames that are sent one by one. `fault` is carried out while sending."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    frames: Iterable[bytes] | None = None
    fault: Fault | None = None


def answer(value: object, headers: Mapping[str, str] | None = None) -> WireAnswer:
    """JSON, 200."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return WireAnswer(200, {"content-type": JSON, **(headers or {})}, body)


def streamed(frames: Iterable[bytes], headers: Mapping[str, str] | None = None) -> WireAnswer:
    """Frames of an event stream, 200."""
    return WireAnswer(200, {"content-type": CONTENT_TYPE, **(headers or {})}, frames=frames)


def refusal(error: ServiceError) -> WireAnswer:
    """An exception of the service."""
    body = json.dumps({"message": str(error)}, ensure_ascii=False).encode()
    return WireAnswer(error.status, {"content-type": JSON, ERROR_TYPE: error.error_name}, body)
