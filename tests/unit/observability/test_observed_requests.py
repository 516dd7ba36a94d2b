"""A request is watched under its own id, its tenant and its caller's trace."""

from pathlib import Path

from rimedio.observability.correlation import Correlation, current
from rimedio.observability.observed_requests import observed_requests
from rimedio.observability.opentelemetry_traces import make_tracer
from rimedio.observability.span_file import SpanFile
from rimedio.observability.traces import NoTracer

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
EVENT = {
    "httpMethod": "GET",
    "resource": "/v1/me",
    "headers": {"Traceparent": f"00-{TRACE}-{SPAN}-01"},
    "requestContext": {"requestId": "req_1", "authorizer": {"tenant_id": "acme"}},
}


def test_inside_a_request_everybody_knows_whose_it_is() -> None:
    seen: list[Correlation] = []

    def inner(event):
        seen.append(current())
        return {"statusCode": 200}

    assert observed_requests(inner, NoTracer())(EVENT) == {"statusCode": 200}
    assert seen == [Correlation(tenant="acme", request_id="req_1", trace_id=TRACE, span_id=SPAN)]
    assert current() == Correlation()


def test_a_request_without_a_caller_or_headers_is_watched_as_well() -> None:
    handle = observed_requests(lambda event: {"statusCode": 404}, NoTracer())
    assert handle({"httpMethod": "GET", "headers": None, "requestContext": {"requestId": "r"}}) == {
        "statusCode": 404
    }


def test_a_request_is_a_span_of_the_callers_trace(tmp_path: Path) -> None:
    tracer = make_tracer("file", tmp_path / "t.jsonl")
    observed_requests(lambda event: {"statusCode": 503}, tracer)(EVENT)
    (span,) = SpanFile(tmp_path / "t.jsonl").trace(TRACE)
    assert (span.name, span.parent_id) == ("GET /v1/me", SPAN)
    assert span.attributes["http.response.status_code"] == 503


def test_the_span_of_a_request_names_the_ticket_it_opens_or_reads(tmp_path: Path) -> None:
    tracer = make_tracer("file", tmp_path / "t.jsonl")
    ticket = "tkt_6f1c2d3e-0000-4000-8000-000000000001"
    opened = {"statusCode": 202, "body": f'{{"ticket_id": "{ticket}", "status": "NEW"}}'}
    observed_requests(lambda event: opened, tracer)(EVENT)
    for given in (ticket, "Marta Rossi"):
        read = EVENT | {"pathParameters": {"ticket_id": given}}
        observed_requests(lambda event: {"statusCode": 200}, tracer)(read)
    named = [span.attributes.get("rimedio.ticket_id") for span in SpanFile(tmp_path / "t.jsonl").trace(TRACE)]
    assert named == [ticket, ticket, None]
