"""The schema registry at home: reads the event log behind a checkpoint and keeps versions in SQLite."""

from collections.abc import Callable, Sequence
from sqlite3 import Connection, Row

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.event import Event
from rimedio.events.inference import Schema, differences, merge
from rimedio.events.schemas import (
    SCHEMAS_MAX,
    VERSIONS_MAX,
    SchemaChange,
    SchemaSummary,
    SchemaVersion,
    schema_name,
    schema_of,
    verdict_of,
)
from rimedio.events.sqlite_queue import stored_event
from rimedio.events.sqlite_tables import MIGRATIONS, ROOM, instant, micros
from rimedio.storage.database import Database

READ_AT_ONCE = 200
EVERYBODY = "*"  # the one checkpoint of discovery
NOTES_MAX = 50
_LATEST = (
    "SELECT s.* FROM event_schema s WHERE s.tenant = ? AND s.version = "
    "(SELECT max(version) FROM event_schema WHERE tenant = s.tenant AND name = s.name)"
)


class SqliteSchemas:
    """A `SchemaRegistry` beside the bus in the one SQLite file."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        database.migrate(ROOM, MIGRATIONS)

    def discover(self) -> int:
        """Look at the next events of the log; how many."""
        rows = self._database.rows("SELECT seq FROM event_discovery WHERE tenant = ?", (EVERYBODY,))
        last = int(rows[0]["seq"]) if rows else 0
        found = self._database.rows(
            "SELECT seq, at, body FROM event_log WHERE seq > ? ORDER BY seq LIMIT ?", (last, READ_AT_ONCE)
        )
        if not found:
            return 0
        with self._database.transaction() as connection:
            for row in found:
                self.learn(connection, stored_event(row["body"], row["at"], ""))
            connection.execute(
                "INSERT INTO event_discovery VALUES (?, ?) ON CONFLICT (tenant) DO UPDATE "
                "SET seq = excluded.seq",
                (EVERYBODY, found[-1]["seq"]),
            )
        return len(found)

    def learn(self, connection: Connection, event: Event) -> None:
        """Widen the event's schema where the event does not fit; a new version then."""
        tenant, name, seen = event.account, schema_name(event), schema_of(event)
        row = connection.execute(_LATEST + " AND s.name = ?", (tenant, name)).fetchone()
        if row is None:
            (count,) = connection.execute(
                "SELECT count(DISTINCT name) FROM event_schema WHERE tenant = ?", (tenant,)
            ).fetchone()
            if count < SCHEMAS_MAX:
                first = SchemaVersion(name, 1, SchemaChange.FIRST, (), self._clock.now(), seen)
                self._keep(connection, tenant, first)
            return
        known: Schema = orjson.loads(row["body"])
        widened = _with_detail(known, merge(_detail(known), _detail(seen)))
        if widened == known:
            return
        found = list(differences(_detail(known), _detail(widened), "$.detail"))
        notes = tuple(f"{difference.path} {difference.text}" for difference in found[:NOTES_MAX])
        change, version = verdict_of(found), row["version"] + 1
        made = SchemaVersion(name, version, change, notes, self._clock.now(), widened)
        self._keep(connection, tenant, made)

    def _keep(self, connection: Connection, tenant: str, made: SchemaVersion) -> None:
        connection.execute(
            "INSERT INTO event_schema VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                tenant, made.name, made.version, orjson.dumps(made.content), made.change,
                orjson.dumps(made.notes), micros(made.created_at),
            ),
        )  # fmt: skip
        connection.execute(
            "DELETE FROM event_schema WHERE tenant = ? AND name = ? AND version <= ?",
            (tenant, made.name, made.version - VERSIONS_MAX),
        )

    def schemas(self, tenant_id: str) -> Sequence[SchemaSummary]:
        rows = self._database.rows(_LATEST + " ORDER BY s.name", (tenant_id,))
        return tuple(
            SchemaSummary(
                row["name"], row["version"], SchemaChange(row["change"]), instant(row["created_at"])
            )
            for row in rows
        )

    def schema(self, tenant_id: str, name: str, version: int | None = None) -> SchemaVersion:
        for found in self.versions(tenant_id, name):
            if version in (None, found.version):
                return found
        raise NotFound(f"The schema {name!r} has no version {version}. Leave it out for the latest.")

    def versions(self, tenant_id: str, name: str) -> Sequence[SchemaVersion]:
        rows = self._database.rows(
            "SELECT * FROM event_schema WHERE tenant = ? AND name = ? ORDER BY version DESC",
            (tenant_id, name),
        )
        if not rows:
            raise NotFound(f"There is no schema {name!r}. List the schemas to see their names.")
        return tuple(map(_version, rows))

    def validate(self, event: Event, version: int | None = None) -> None:
        import fastjsonschema

        found = self.schema(event.account, schema_name(event), version)
        check: Callable[[Json], Json] = fastjsonschema.compile(found.content)
        try:
            check(orjson.loads(event.as_json()))
        except fastjsonschema.JsonSchemaValueException as error:
            msg = f"The event {event.id} does not fit {found.name} version {found.version}: {error.message}."
            raise InvalidInput(msg) from None


def _detail(schema: Schema) -> Schema:
    properties = schema.get("properties")
    found = properties.get("detail") if isinstance(properties, dict) else None
    return found if isinstance(found, dict) else {}


def _with_detail(schema: Schema, detail: Schema) -> Schema:
    properties = schema.get("properties")
    plain = properties if isinstance(properties, dict) else {}
    return {**schema, "properties": {**plain, "detail": detail}}


def _version(row: Row) -> SchemaVersion:
    return SchemaVersion(
        row["name"],
        row["version"],
        SchemaChange(row["change"]),
        tuple(orjson.loads(row["notes"])),
        instant(row["created_at"]),
        orjson.loads(row["body"]),
    )
