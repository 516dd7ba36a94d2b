"""Calls the API as API Gateway does: with proxy events."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from rimedio.lambdas.api import ApiHandler


@dataclass
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


@dataclass
class Client:
    """Calls a handler with events as API Gateway makes them."""

    handler: ApiHandler
    tenant: str = "acme"
    roles: str = "admin"
    subject: str = "olga"
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, method: str, target: str, body: object = None, *, roles: str | None = None, **headers: str
    ) -> Answered:
        path, _, query = target.partition("?")
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        values = parse_qs(query, keep_blank_values=True)
        authorizer = {"tenant_id": self.tenant, "subject": self.subject, "tier": "STANDARD"}
        event = {
            "httpMethod": method,
            "path": unquote(path),
            "headers": sent,
            "queryStringParameters": {name: given[-1] for name, given in values.items()} or None,
            "multiValueQueryStringParameters": values or None,
            "requestContext": {
                "requestId": "req-0001",
                "authorizer": authorizer | {"roles": self.roles if roles is None else roles},
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        if roles == "":
            event["requestContext"] = {"requestId": "req-0001"}
        found = self.handler(event)
        return Answered(
            found["statusCode"], {k: v[0] for k, v in found["multiValueHeaders"].items()}, found["body"]
        )
