"""The service's own OpenAPI document as API Gateway imports it: the same routes, plus what answers them.

API Gateway reads OpenAPI 3.0 with schemas of JSON Schema draft 4 and names of models without signs. The document
that the handlers write is 3.1, so schemas are said again in the older words; nothing is made stricter. What the
older words cannot say is left to the handler, which checks everything once more.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = Any

SOURCE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
METHODS = ("get", "post", "put", "delete", "patch")
KEPT = frozenset(
    [
        "type",
        "required",
        "enum",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
    ]
)
SCHEMA_REF = "#/components/schemas/"
CORS_HEADERS = (
    "authorization,content-type,idempotency-key,if-match,if-none-match,if-range,last-event-id,range"
    ",x-request-id"
)
ERRORS = {
    # kind of gateway response: status, code of the API's own error
    "MISSING_AUTHENTICATION_TOKEN": (404, "NOT_FOUND"),  # how API Gateway calls an unknown route
    "UNAUTHORIZED": (401, "UNAUTHORIZED"),
    "ACCESS_DENIED": (403, "FORBIDDEN"),
    "INVALID_API_KEY": (403, "FORBIDDEN"),
    "WAF_FILTERED": (403, "FORBIDDEN"),
    "BAD_REQUEST_BODY": (400, "VALIDATION_ERROR"),
    "BAD_REQUEST_PARAMETERS": (400, "VALIDATION_ERROR"),
    "REQUEST_TOO_LARGE": (413, "VALIDATION_ERROR"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "VALIDATION_ERROR"),
    "THROTTLED": (429, "RATE_LIMITED"),
    "QUOTA_EXCEEDED": (429, "RATE_LIMITED"),
    "INTEGRATION_TIMEOUT": (503, "SERVICE_UNAVAILABLE"),
    "INTEGRATION_FAILURE": (503, "SERVICE_UNAVAILABLE"),
    "AUTHORIZER_FAILURE": (500, "INTERNAL_ERROR"),
    "DEFAULT_5XX": (500, "INTERNAL_ERROR"),
}


def api_document(
    handler_uri: str, authorizer_uri: str, title: str, *, keys: bool, origin: str = "", source: Path = SOURCE
) -> dict[str, Json]:
    """The document to import.

    `handler_uri` and `authorizer_uri` are the functions' invocation URIs. With `keys` every signed-in request counts
    against the usage plan of its tenant. `origin` is another site whose pages may call.
    """
    given = json.loads(source.read_text("utf-8"))
    paths = {
        path: _path(path, operations, handler_uri, keys=keys, origin=origin)
        for path, operations in given["paths"].items()
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": title, "version": given["info"]["version"]},
        "paths": paths,
        "components": {
            "schemas": _schemas(given),
            "securitySchemes": {"bearer": _authorizer(authorizer_uri), "key": _key()},
        },
        "x-amazon-apigateway-request-validators": {
            "body": {"validateRequestBody": True, "validateRequestParameters": True},
            "parameters": {"validateRequestBody": False, "validateRequestParameters": True},
        },
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
        "x-amazon-apigateway-gateway-responses": {
            name: _error(*told, origin) for name, told in ERRORS.items()
        },
        "x-amazon-apigateway-binary-media-types": [
            "application/octet-stream",
            "application/pdf",
            "image/png",
        ],
    }


def _path(path: str, operations: Json, uri: str, *, keys: bool, origin: str) -> dict[str, Json]:
    made = {
        method: _operation(operation, uri, path_names(path), keys=keys)
        for method, operation in operations.items()
        if method in METHODS
    }
    if origin:
        made["options"] = _preflight(origin, [method.upper() for method in made])
    return made


def path_names(path: str) -> list[str]:
    """Names of the parameters that stand in a path."""
    return re.findall(r"{([a-z_]+)}", path)


def _operation(operation: Json, uri: str, names: list[str], *, keys: bool) -> dict[str, Json]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    made: dict[str, Json] = {
        "operationId": operation["operationId"].replace("_", ""),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ],
        "responses": {"default": {"description": "See the service's own document at /v1/openapi.json"}},
        "x-amazon-apigateway-request-validator": "body" if body else "parameters",
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": uri,
            "timeoutInMillis": 29_000,
            "passthroughBehavior": "when_no_match",
        },
    }
    if body:
        made["requestBody"] = {
            "required": bool(operation["requestBody"].get("required")),
            "content": {"application/json": {"schema": draft_4(body["schema"])}},
        }
    if operation.get("security"):
        made["security"] = [{"bearer": []} | ({"key": []} if keys else {})]
    return made


def draft_4(schema: Json) -> Json:
    """A schema of JSON Schema 2020-12 in the words of draft 4, never stricter than it was."""
    if "$ref" in schema:
        return {"$ref": SCHEMA_REF + model_name(schema["$ref"].rpartition("/")[2])}
    if any(part.get("type") == "null" for part in schema.get("anyOf", ())):
        return {}  # OpenAPI 3.0 has no null, and API Gateway does not read `nullable`: the handler decides
    made = {word: value for word, value in schema.items() if word in KEPT}
    if "const" in schema:
        made["enum"] = [schema["const"]]
    if isinstance(made.get("type"), list) or made.get("type") == "null":
        return {}
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            made[word] = [draft_4(part) for part in schema[word]]
    if "properties" in schema:
        made["properties"] = {name: draft_4(part) for name, part in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        made["items"] = draft_4(schema["items"])
    if "additionalProperties" in schema:
        more = schema["additionalProperties"]
        made["additionalProperties"] = more if isinstance(more, bool) else draft_4(more)
    return made


def model_name(name: str) -> str:
    """Letters and digits only, as API Gateway wants it."""
    return re.sub(r"[^A-Za-z0-9]", "", name)


def _schemas(given: Json) -> dict[str, Json]:
    """Schemas that request bodies lead to, in draft 4."""
    wanted: list[str] = []
    for operations in given["paths"].values():
        for method in METHODS:
            content = operations.get(method, {}).get("requestBody", {}).get("content", {})
            wanted += _references(content.get("application/json", {}))
    found: dict[str, Json] = {}
    while wanted:
        name = wanted.pop()
        if model_name(name) not in found:
            schema = given["components"]["schemas"][name]
            found[model_name(name)] = draft_4(schema)
            wanted += _references(schema)
    return dict(sorted(found.items()))


def _references(schema: Json) -> Iterator[str]:
    if isinstance(schema, dict):
        for word, value in schema.items():
            if word == "$ref" and isinstance(value, str):
                yield value.rpartition("/")[2]
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _authorizer(uri: str) -> dict[str, Json]:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "request",
            "identitySource": "method.request.header.Authorization",
            "authorizerUri": uri,
            "authorizerResultTtlInSeconds": 300,
        },
    }


def _key() -> dict[str, Json]:
    return {"type": "apiKey", "name": "x-api-key", "in": "header"}


def _error(status: int, code: str, origin: str) -> dict[str, Json]:
    """An error of the gateway itself, readable for a page of the named site too."""
    body = {
        "error": {
            "code": code,
            "message": "@message@",
            "details": [],
            "request_id": "$context.requestId",
            "timestamp": "$context.requestTime",
        }
    }
    # messageString brings its own quotes.
    text = json.dumps(body).replace('"@message@"', "$context.error.messageString")
    made: dict[str, Json] = {"statusCode": str(status), "responseTemplates": {"application/json": text}}
    if origin:
        made["responseParameters"] = {"gatewayresponse.header.Access-Control-Allow-Origin": f"'{origin}'"}
    return made


def _preflight(origin: str, methods: list[str]) -> dict[str, Json]:
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": ",".join(methods),
        "Access-Control-Allow-Headers": CORS_HEADERS,
        "Access-Control-Max-Age": "600",
    }
    return {
        "responses": {
            "204": {
                "description": "What a page of another site may send",
                "headers": {name: {"schema": {"type": "string"}} for name in headers},
            }
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {
                "default": {
                    "statusCode": "204",
                    "responseParameters": {
                        f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()
                    },
                }
            },
        },
    }
