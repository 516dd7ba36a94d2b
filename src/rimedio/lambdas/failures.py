"""Errors to HTTP, in one place: every error body of the API is made here.

`{"error": {code, message, details, request_id, timestamp}}`. What is not an error of Rimedio's own tree is
logged and says nothing of the inside.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from rimedio.domain.errors import InvalidInput, RimedioError

STATUS_OF_CODE: Mapping[str, int] = {
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}
INTERNAL = "Something went wrong inside. Try again; if it stays, tell the operator this request id."
FAULTS_MAX = 20
_LOG = logging.getLogger(__name__)


class RequestRefused(InvalidInput):
    """A request that HTTP has its own status for, such as 404 no such route, 405, 413, 415, 416.

    With the faulty fields, and headers that belong to the status.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        faults: Sequence["Fault"] = (),
        allow: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.faults = tuple(faults)
        self.headers = {**({"Allow": allow} if allow else {}), **(headers or {})}


class Fault(BaseModel):
    """One field at fault: where it stands and what is wrong with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(description="Path of the field, such as body.asset.model or query.limit.")
    message: str


class ErrorDetail(BaseModel):
    """What went wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern="^[A-Z_]+$", description="What kind of error it is, for programs.")
    message: str = Field(description="What was wrong, with which value, and what to do next.")
    details: tuple[Fault, ...] = ()
    request_id: str
    timestamp: datetime


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: ErrorDetail


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as HTTP says it."""

    status: int
    body: str
    headers: Mapping[str, str]


def failure_of(error: BaseException, *, request_id: str, at: datetime) -> Failure:
    """The answer to an error; anything unknown is logged and becomes INTERNAL_ERROR 500."""
    code, message, status = "INTERNAL_ERROR", INTERNAL, 500
    faults: tuple[Fault, ...] = ()
    headers: dict[str, str] = {}
    if isinstance(error, RequestRefused):
        code, message, status = _code_of(error), str(error), error.status
        faults = error.faults
        headers = dict(error.headers)
    elif isinstance(error, RimedioError) and error.code != code:
        code, message, status = error.code, str(error), STATUS_OF_CODE[error.code]
    else:
        _LOG.error("A request failed", exc_info=error, extra={"request_id": request_id})
    if status == STATUS_OF_CODE["UNAUTHORIZED"]:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = "1"
    detail = ErrorDetail(code=code, message=message, details=faults, request_id=request_id, timestamp=at)
    return Failure(status, ErrorBody(error=detail).model_dump_json(), headers)


def refusal_of(error: ValidationError, place: str) -> RequestRefused:
    """What pydantic found in one part of a request (`place`: path, query, headers, body), field by field."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    faults = [Fault(field=_path(place, one), message=one["msg"]) for one in found[:FAULTS_MAX]]
    first = faults[0]
    more = f" ({len(found) - 1} more in details)" if len(found) > 1 else ""
    return RequestRefused(f"The request is not valid: {first.field}: {first.message}{more}.", faults=faults)


def _code_of(error: RequestRefused) -> str:
    return {404: "NOT_FOUND", 412: "CONFLICT"}.get(error.status, error.code)


def _path(place: str, one: ErrorDetails) -> str:
    return ".".join((place, *(str(part) for part in one["loc"])))
