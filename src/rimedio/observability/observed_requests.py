"""Watches API requests: ids for log lines, the caller's trace, a span, whatever the route is and does."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from rimedio.observability.request_ids import request_scope
from rimedio.observability.traceparent import HEADER
from rimedio.observability.traces import Tracer

Answer = TypeVar("Answer", bound=Mapping[str, Any])
Handler = Callable[[Mapping[str, Any]], Answer]


def observed_requests(inner: Handler[Answer], tracer: Tracer) -> Handler[Answer]:
    """A handler of API Gateway proxy events around another.

    Inside, every log line tells the request and the tenant, and spans belong to the trace that the header
    `traceparent` names, or to a new one.
    """

    def handle(event: Mapping[str, Any]) -> Answer:
        given = event.get("requestContext") or {}
        tenant = (given.get("authorizer") or {}).get("tenant_id")
        name = f"{event.get('httpMethod')} {event.get('resource') or ''}".rstrip()
        with (
            request_scope(str(given.get("requestId")), tenant=tenant, traceparent=_traceparent(event)),
            tracer.span(name) as span,
        ):
            answer = inner(event)
            span.set("http.response.status_code", int(answer.get("statusCode", 0)))
            return answer

    return handle


def _traceparent(event: Mapping[str, Any]) -> str | None:
    headers: Mapping[str, str] = event.get("headers") or {}
    return headers.get(HEADER) or next((v for n, v in headers.items() if n.lower() == HEADER), None)
