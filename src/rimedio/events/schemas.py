"""The schema registry: which shapes events have, found out from the events themselves, in versions.

A schema is named `source@detail-type`, as EventBridge's discoverer names it, and belongs to a tenant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from rimedio.domain.codec import Json
from rimedio.domain.errors import NotFound
from rimedio.events.event import Event
from rimedio.events.inference import DRAFT, Difference, Schema, infer

VERSIONS_MAX = 50  # of one schema; the oldest go first
SCHEMAS_MAX = 500  # of one tenant; further kinds of events are not described
_TEXT: Schema = {"type": "string"}


class SchemaChange(StrEnum):
    """What a version means for those who read events."""

    FIRST = "FIRST"
    COMPATIBLE = "COMPATIBLE"
    BREAKING = "BREAKING"


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a schema; `notes` say what it changed. `content` is JSON Schema Draft 4."""

    name: str
    version: int
    change: SchemaChange
    notes: tuple[str, ...]
    created_at: datetime
    content: Schema


@dataclass(frozen=True, slots=True)
class SchemaSummary:
    """A schema in a list."""

    name: str
    version: int  # the latest
    change: SchemaChange
    updated_at: datetime


class SchemaRegistry(Protocol):
    """Finds out, keeps and applies schemas."""

    def schemas(self, tenant_id: str) -> Sequence[SchemaSummary]:
        """A tenant's schemas, by name."""
        ...

    def schema(self, tenant_id: str, name: str, version: int | None = None) -> SchemaVersion:
        """One version, the latest if none is given. Raises NotFound."""
        ...

    def versions(self, tenant_id: str, name: str) -> Sequence[SchemaVersion]:
        """Every version that is kept, latest first. Raises NotFound."""
        ...

    def validate(self, event: Event, version: int | None = None) -> None:
        """Check an event against its schema. Raises NotFound, or InvalidInput saying where it differs."""
        ...


class NoSchemas:
    """A registry that knows nothing: where none is deployed."""

    def schemas(self, tenant_id: str) -> Sequence[SchemaSummary]:
        del tenant_id
        return ()

    def schema(self, tenant_id: str, name: str, version: int | None = None) -> SchemaVersion:
        del tenant_id, version
        raise NotFound(f"There is no schema {name!r}: no schema registry is deployed here.")

    def versions(self, tenant_id: str, name: str) -> Sequence[SchemaVersion]:
        return (self.schema(tenant_id, name),)

    def validate(self, event: Event, version: int | None = None) -> None:
        self.schema(event.account, schema_name(event), version)


def schema_name(event: Event) -> str:
    """The schema of an event's kind."""
    return f"{event.source}@{event.detail_type}"


def schema_of(event: Event) -> Schema:
    """The schema of one event: the envelope as it always is, and the detail as it was this time."""
    properties: dict[str, Json] = dict.fromkeys(
        ("version", "id", "detail-type", "source", "account", "region"), _TEXT
    )
    properties |= {
        "time": {"type": "string", "format": "date-time"},
        "resources": {"type": "array", "items": _TEXT},
        "detail": infer(dict(event.detail)),
    }
    return {
        "$schema": DRAFT,
        "title": event.detail_type,
        "type": "object",
        "required": list(properties),
        "x-amazon-events-detail-type": event.detail_type,
        "x-amazon-events-source": event.source,
        "properties": properties,
    }


def verdict_of(found: Sequence[Difference]) -> SchemaChange:
    """Whether any of the differences breaks what readers rely on."""
    breaking = any(difference.breaking for difference in found)
    return SchemaChange.BREAKING if breaking else SchemaChange.COMPATIBLE
