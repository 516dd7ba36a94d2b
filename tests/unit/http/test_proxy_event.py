"""HTTP to API Gateway's proxy event, field by field."""

import base64

import pytest

from rimedio.http.proxy_event import authorizer_event, proxy_event
from rimedio.http.request import Request
from rimedio.http.routes import Match
from rimedio.lambdas.failures import RequestRefused

MATCH = Match("/v1/tickets/{ticket_id}", {"ticket_id": "t1"})
WHO = {"tenant_id": "acme", "subject": "anna", "roles": "operator", "tier": "FREE", "expires_at": "1"}


def request(query: bytes = b"", content_type: str = "application/json") -> Request:
    headers = {"host": "127.0.0.1:8787", "user-agent": "test", "content-type": content_type}
    several = {name: [value] for name, value in headers.items()}
    return Request("GET", "/v1/tickets/t1", query, "10.0.0.9", headers, several, "req_1")


def test_every_documented_field_is_there() -> None:
    event = proxy_event(request(b"a=1&a=2&b="), MATCH, b'{"x": 1}', WHO, 1_700_000_000.5)
    context = event["requestContext"]

    assert set(event) == {
        "version", "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
        "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body",
        "isBase64Encoded",
    }  # fmt: skip
    assert event["resource"] == context["resourcePath"] == "/v1/tickets/{ticket_id}"
    assert event["pathParameters"] == {"ticket_id": "t1"}
    assert event["queryStringParameters"] == {"a": "2", "b": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert event["body"] == '{"x": 1}'
    assert context["identity"]["sourceIp"] == "10.0.0.9"
    assert context["identity"]["userAgent"] == "test"
    assert context["authorizer"] == {**WHO, "principalId": "anna"}
    assert context["requestTime"] == "14/Nov/2023:22:13:20 +0000"
    assert context["requestTimeEpoch"] == 1_700_000_000_500
    assert context["requestId"] == "req_1"
    assert context["path"] == "/home/v1/tickets/t1"


def test_bytes_travel_in_base64_and_text_as_it_is() -> None:
    def body_of(body: bytes, kind: str) -> tuple[str | None, bool]:
        event = proxy_event(request(content_type=kind), MATCH, body, None, 0)
        return event["body"], event["isBase64Encoded"]

    assert body_of("è".encode(), "application/json; charset=utf-8") == ("è", False)
    assert body_of(b"\xff\x00", "application/octet-stream") == (base64.b64encode(b"\xff\x00").decode(), True)
    assert body_of(b"\xff", "application/json") == (base64.b64encode(b"\xff").decode(), True)
    assert body_of(b"", "application/json") == (None, False)


def test_what_is_not_there_is_null_as_in_aws() -> None:
    event = proxy_event(request(), Match("/v1/me", {}), b"", None, 0)

    assert event["queryStringParameters"] is event["multiValueQueryStringParameters"] is None
    assert event["pathParameters"] is event["stageVariables"] is None
    assert "authorizer" not in event["requestContext"]


@pytest.mark.parametrize("query", [b"a=%ff", b"&".join(b"a%d=1" % n for n in range(101)), b"a=\xff"])
def test_a_broken_query_is_refused(query: bytes) -> None:
    with pytest.raises(RequestRefused):
        proxy_event(request(query), MATCH, b"", None, 0)


def test_the_authorizer_is_asked_about_a_method_and_a_path() -> None:
    event = authorizer_event(request(b"token=secret"), 0)

    assert event["type"] == "REQUEST"
    arn = event["methodArn"].split(":")[-1]
    assert arn.split("/") == ["rimedio", "home", "GET", "v1", "tickets", "t1"]
    assert event["queryStringParameters"] is None
