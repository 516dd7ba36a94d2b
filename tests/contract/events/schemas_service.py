"""EventBridge's schema registry in memory, behind a real client of botocore: parameters and answers are checked.

moto has no such service. What this proves is the adapter's own logic and the shape of its calls.
"""

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSResponse

from rimedio.aws import AwsConnections


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object):
        yield self._body


class SchemasService:
    """Registries, schemas and their versions."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.calls: list[str] = []

    def attach(self, connections: AwsConnections) -> Any:
        client = connections.client("schemas")
        client.meta.events.register("before-send.schemas.*", self._answer, unique_id="schemas-in-memory")
        return client

    def _answer(self, request: Any, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        body = json.loads(request.body) if request.body else {}
        status, found = self._handle(request.method, parts, asked, body)
        content = json.dumps(found).encode()
        headers = {
            "content-type": "application/json",
            "x-amzn-ErrorType": "" if status < 300 else found["Code"],
        }
        return AWSResponse(request.url, status, headers, _Raw(content))

    def _handle(self, method: str, parts: list[str], asked: dict[str, str], body: dict[str, Any]) -> Any:
        self.calls.append(method)
        registry = parts[3]
        if len(parts) == 5:  # a list of schemas
            prefix = asked.get("schemaNamePrefix", "")
            names = [n for r, n in self.versions if r == registry and n.startswith(prefix)]
            return 200, {"Schemas": [{"SchemaName": name} for name in names]}
        name = parts[6]
        kept = self.versions[registry, name] if method != "GET" else self.versions.get((registry, name), [])
        if parts[-1] == "versions" and kept:
            return 200, {"SchemaVersions": [{"SchemaVersion": v["SchemaVersion"]} for v in kept]}
        if method == "POST" and kept:
            return 409, {"Code": "ConflictException", "Message": "the schema exists"}
        if method in ("POST", "PUT"):
            kept.append(
                {
                    "Content": body["Content"],
                    "SchemaName": name,
                    "SchemaVersion": str(len(kept) + 1),
                    "Type": body["Type"],
                    "VersionCreatedDate": datetime.now(UTC).isoformat(),
                }
            )
            return 201, kept[-1]
        wanted = asked.get("schemaVersion")
        found = [v for v in kept if wanted in (None, v["SchemaVersion"])]
        return (
            (200, found[-1]) if found else (404, {"Code": "NotFoundException", "Message": "no such schema"})
        )
