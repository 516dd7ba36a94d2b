"""Watches API requests: ids for log lines, the caller's trace, a span, whatever the route is and does."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from rimedio.domain.ticket import TICKET_ID
from rimedio.observability.correlation import bound
from rimedio.observability.request_ids import request_scope
from rimedio.observability.traceparent import HEADER
from rimedio.observability.traces import Span, Tracer

ACCEPTED = 202
TICKET_OF_BODY = re.compile(r'"ticket_id": ?"(tkt_[0-9a-f-]+)"')

Answer = TypeVar("Answer", bound=Mapping[str, Any])
Handler = Callable[[Mapping[str, Any]], Answer]


def observed_requests(inner: Handler[Answer], tracer: Tracer) -> Handler[Answer]:
    """A handler of API Gateway proxy events around another.

    Inside, every log line tells the request, the tenant and the ticket, and spans belong to the trace that the
    header `traceparent` names, or to a new one. The span of a request that opens a ticket names it: from there
    the ticket's own trace is found, which lives as long as the ticket does.
    """

    def handle(event: Mapping[str, Any]) -> Answer:
        given = event.get("requestContext") or {}
        tenant = (given.get("authorizer") or {}).get("tenant_id")
        name = f"{event.get('httpMethod')} {event.get('resource') or ''}".rstrip()
        ticket = _ticket((event.get("pathParameters") or {}).get("ticket_id"))
        with (
            request_scope(str(given.get("requestId")), tenant=tenant, traceparent=_traceparent(event)),
            bound(ticket_id=ticket),
            tracer.span(name) as span,
        ):
            answer = inner(event)
            if span.recorded:
                _note(span, answer)
            return answer

    return handle


def _ticket(given: object) -> str | None:
    """A ticket's id as it stands in a path; whatever else a caller writes there stays out of the logs."""
    return given if isinstance(given, str) and TICKET_ID.match(given) else None


def _note(span: Span, answer: Mapping[str, Any]) -> None:
    status = int(answer.get("statusCode", 0))
    span.set("http.response.status_code", status)
    if status == ACCEPTED and (found := TICKET_OF_BODY.search(str(answer.get("body")))):
        span.set("rimedio.ticket_id", found[1])


def _traceparent(event: Mapping[str, Any]) -> str | None:
    headers: Mapping[str, str] = event.get("headers") or {}
    return headers.get(HEADER) or next((v for n, v in headers.items() if n.lower() == HEADER), None)
