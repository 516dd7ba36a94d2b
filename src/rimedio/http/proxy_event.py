"""HTTP to API Gateway: the proxy event of a REST API, payload version 1, with every field that AWS documents.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from rimedio.http.request import Request
from rimedio.http.routes import Match
from rimedio.lambdas.failures import RequestRefused

STAGE = "home"
ACCOUNT = "000000000000"
API_ID = "rimedio"
REGION = "local"
QUERY_FIELDS_MAX = 100
_IDENTITY: Mapping[str, None] = dict.fromkeys(
    (
        "accessKey", "accountId", "apiKey", "apiKeyId", "caller", "cognitoAuthenticationProvider",
        "cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user",
        "userArn",
    )
)  # fmt: skip
_TEXT = ("application/json", "text/", "application/x-www-form-urlencoded")

Event = dict[str, Any]


def proxy_event(
    request: Request, match: Match | None, body: bytes, authorizer: Mapping[str, str] | None, at: float
) -> Event:
    """The event of a request. `at` is seconds since the epoch. Raises RequestRefused for a broken query."""
    resource = match.resource if match else "/{proxy+}"
    parameters = dict(match.parameters) if match else {"proxy": request.path.lstrip("/")}
    several = _query(request.query)
    text, encoded = _body(body, request.headers.get("content-type", ""))
    return {
        "version": "1.0",
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": request.headers,
        "multiValueHeaders": request.multi_headers,
        "queryStringParameters": {name: values[-1] for name, values in several.items()} or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": _context(request, resource, authorizer, at),
        "body": text,
        "isBase64Encoded": encoded,
    }


def authorizer_event(request: Request, at: float) -> Event:
    """The event of a REQUEST authorizer."""
    path = request.path
    return {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{STAGE}/{request.method}{path}",
        "resource": path,
        "path": path,
        "httpMethod": request.method,
        "headers": request.headers,
        "multiValueHeaders": request.multi_headers,
        "queryStringParameters": None,  # a token in a URL would stand in every log
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": _context(request, path, None, at),
    }


def _context(request: Request, resource: str, authorizer: Mapping[str, str] | None, at: float) -> Event:
    host = request.headers.get("host", "localhost")
    context: Event = {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "extendedRequestId": request.request_id,
        "httpMethod": request.method,
        "identity": {
            **_IDENTITY,
            "sourceIp": request.client,
            "userAgent": request.headers.get("user-agent"),
        },
        "path": f"/{STAGE}{request.path}",
        "protocol": f"HTTP/{request.http_version}",
        "requestId": request.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at)),
        "requestTimeEpoch": int(at * 1000),
        "resourceId": resource,
        "resourcePath": resource,
        "stage": STAGE,
    }
    if authorizer is not None:
        context["authorizer"] = {**authorizer, "principalId": authorizer.get("subject", "")}
    return context


def _query(raw: bytes) -> dict[str, list[str]]:
    if not raw:
        return {}
    several: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX
        )
    except ValueError:
        msg = f"The query is not UTF-8, or has more than {QUERY_FIELDS_MAX} fields. Correct it."
        raise RequestRefused(msg) from None
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    return several


def _body(body: bytes, content_type: str) -> tuple[str | None, bool]:
    """Text as it is, anything else in base64, as a REST API with binary media types does."""
    if not body:
        return None, False
    if content_type.lower().startswith(_TEXT):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # the handler says what is wrong with it
    return base64.b64encode(body).decode("ascii"), True
