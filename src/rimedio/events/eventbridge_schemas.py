"""The schema registry of EventBridge, fed by Rimedio's own discovery.

EventBridge's discoverer would mix the tenants' shapes and says nothing of what a version breaks. So the intake shows
each new event to this adapter, which widens the schema where the event does not fit, and writes a new version into the
registry, where the console, code bindings and other accounts find it as any other schema.

A schema there is named after tenant and kind of event. What a version changed stands inside it, under keys that JSON
Schema leaves to others (`x-…`). A kind of event that fits is known by heart: no call is made for it.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from rimedio.aws import Client, error_code, translated
from rimedio.domain.clock import Clock
from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.event import Event
from rimedio.events.inference import Schema, differences, merge
from rimedio.events.schemas import (
    SCHEMAS_MAX,
    SchemaChange,
    SchemaSummary,
    SchemaVersion,
    schema_name,
    schema_of,
    verdict_of,
)

SERVICE = "EventBridge Schemas"
KIND = "JSONSchemaDraft4"
CHANGE, NOTES, TENANT = "x-rimedio-change", "x-rimedio-notes", "x-rimedio-tenant"
OWN = frozenset({CHANGE, NOTES, TENANT})
NOTES_MAX = 50
ALREADY = "ConflictException"
ATTEMPTS = 5  # of one event's schema beside other writers
_NAME_CHARS = 300
_HASH_CHARS = 12


class EventBridgeSchemas:
    """A `SchemaRegistry` in one registry of EventBridge. Known schemas are kept in this process."""

    def __init__(self, client: Client, registry: str, clock: Clock) -> None:
        self._client = client
        self._registry = registry
        self._clock = clock
        self._known: dict[tuple[str, str], Schema] = {}

    def learn(self, event: Event) -> bool:
        """Widen the event's schema where the event does not fit; whether a version was written."""
        tenant, name, seen = event.account, schema_name(event), schema_of(event)
        known = self._known.get((tenant, name))
        if known is not None and _widened(known, seen) == known:
            return False
        for written in range(ATTEMPTS):
            try:
                latest = self.schema(tenant, name)
            except NotFound:
                if len(self._names(tenant)) >= SCHEMAS_MAX:
                    return False
                if self._write(tenant, name, seen, SchemaChange.FIRST, ()) is None:
                    continue  # somebody else has just written the first
                return True
            widened = _widened(latest.content, seen)
            self._known[tenant, name] = widened
            if widened == latest.content:
                return written > 0
            found = list(differences(_detail(latest.content), _detail(widened), "$.detail"))
            notes = tuple(f"{difference.path} {difference.text}" for difference in found[:NOTES_MAX])
            version = self._write(tenant, name, widened, verdict_of(found), notes)
            between = range(latest.version + 1, version or 0)
            if not between:
                return True
            for (
                number
            ) in between:  # others' versions, which this one does not know: a registry has no conditions
                seen = _widened(self.schema(tenant, name, number).content, seen)
        return True

    def schemas(self, tenant_id: str) -> Sequence[SchemaSummary]:
        found = [self._described(native) for native in self._names(tenant_id)]
        summaries = [SchemaSummary(v.name, v.version, v.change, v.created_at) for v in found]
        return tuple(sorted(summaries, key=lambda summary: summary.name))

    def schema(self, tenant_id: str, name: str, version: int | None = None) -> SchemaVersion:
        return self._described(native_name(tenant_id, name), version)

    def versions(self, tenant_id: str, name: str) -> Sequence[SchemaVersion]:
        native = native_name(tenant_id, name)
        with translated(SERVICE, f"listing the versions of {name}"):
            found = _pages(
                self._client.list_schema_versions,
                "SchemaVersions",
                RegistryName=self._registry,
                SchemaName=native,
            )
            numbers = sorted((int(plain["SchemaVersion"]) for plain in found), reverse=True)
        return tuple(self._described(native, number) for number in numbers)

    def validate(self, event: Event, version: int | None = None) -> None:
        import fastjsonschema

        found = self.schema(event.account, schema_name(event), version)
        check: Callable[[Json], Json] = fastjsonschema.compile(found.content)
        try:
            check(orjson.loads(event.as_json()))
        except fastjsonschema.JsonSchemaValueException as error:
            msg = f"The event {event.id} does not fit {found.name} version {found.version}: {error.message}."
            raise InvalidInput(msg) from None

    def _write(
        self, tenant: str, name: str, content: Schema, change: SchemaChange, notes: tuple[str, ...]
    ) -> int | None:
        """The version that was written; None when a first one was there already."""
        noted: Schema = {**content, CHANGE: change.value, NOTES: list(notes), TENANT: tenant}
        call = self._client.create_schema if change is SchemaChange.FIRST else self._client.update_schema
        with translated(SERVICE, f"writing the schema {name}", InvalidInput):
            try:
                answer = call(
                    RegistryName=self._registry,
                    SchemaName=native_name(tenant, name),
                    Type=KIND,
                    Content=orjson.dumps(noted).decode(),
                    Description=f"{name} of {tenant}"[:256],
                )
            except Exception as error:
                if change is not SchemaChange.FIRST or error_code(error) != ALREADY:
                    raise
                return None
        self._known[tenant, name] = content
        return int(answer["SchemaVersion"])

    def _described(self, native: str, version: int | None = None) -> SchemaVersion:
        more = {} if version is None else {"SchemaVersion": str(version)}
        with translated(SERVICE, "reading a schema"):
            plain = self._client.describe_schema(RegistryName=self._registry, SchemaName=native, **more)
        return _version(plain)

    def _names(self, tenant_id: str) -> Sequence[str]:
        with translated(SERVICE, "listing schemas"):
            found = _pages(
                self._client.list_schemas,
                "Schemas",
                RegistryName=self._registry,
                SchemaNamePrefix=f"{_digest(tenant_id)}-",
            )
            return [plain["SchemaName"] for plain in found]


def native_name(tenant_id: str, name: str) -> str:
    """The schema's name in the registry: letters, digits, `.`, `-`, `_`, `@`."""
    return f"{_digest(tenant_id)}-{re.sub(r'[^0-9A-Za-z._@-]', '-', name)[:_NAME_CHARS]}"


def _pages(call: Callable[..., Mapping[str, Any]], field: str, **given: str) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = call(**given, **token)
        yield from page.get(field, ())
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _version(plain: Mapping[str, Any]) -> SchemaVersion:
    content = orjson.loads(plain["Content"])
    created = plain.get("VersionCreatedDate") or plain.get("LastModified")
    name = f"{content.get('x-amazon-events-source')}@{content.get('x-amazon-events-detail-type')}"
    return SchemaVersion(
        name,
        int(plain["SchemaVersion"]),
        SchemaChange(content.get(CHANGE, SchemaChange.FIRST.value)),
        tuple(content.get(NOTES, ())),
        created.astimezone(UTC) if isinstance(created, datetime) else datetime(1970, 1, 1, tzinfo=UTC),
        {key: value for key, value in content.items() if key not in OWN},
    )


def _widened(known: Schema, seen: Schema) -> Schema:
    properties = known.get("properties")
    plain = properties if isinstance(properties, dict) else {}
    return {**known, "properties": {**plain, "detail": merge(_detail(known), _detail(seen))}}


def _detail(schema: Schema) -> Schema:
    properties = schema.get("properties")
    found = properties.get("detail") if isinstance(properties, dict) else None
    return found if isinstance(found, dict) else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]
