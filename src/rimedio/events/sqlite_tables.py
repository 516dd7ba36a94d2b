"""The tables of the bus at home, beside everything else in the one SQLite file.

On AWS none of this exists: EventBridge, its archive, its scheduler and an SQS dead-letter queue keep it.
"""

from datetime import UTC, datetime

ROOM = "events"
MIGRATIONS = (
    """
    CREATE TABLE event_log (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,
      detail_type TEXT NOT NULL, at INTEGER NOT NULL, put_at INTEGER NOT NULL, body BLOB NOT NULL
    );
    CREATE INDEX event_log_put ON event_log (put_at);
    CREATE TABLE event_rule (
      tenant TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (tenant, name)
    ) WITHOUT ROWID;
    CREATE TABLE event_invocation (
      id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, tenant TEXT NOT NULL,
      rule_tenant TEXT NOT NULL, rule TEXT NOT NULL, target_id TEXT NOT NULL, target BLOB NOT NULL,
      lane TEXT NOT NULL, address TEXT NOT NULL, replay TEXT NOT NULL DEFAULT '',
      attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
      UNIQUE (event_id, rule_tenant, rule, target_id, replay)
    );
    CREATE INDEX event_invocation_due ON event_invocation (lane, address, due_at);
    CREATE TABLE event_dead_letter (
      id TEXT PRIMARY KEY, event_id TEXT NOT NULL, tenant TEXT NOT NULL, rule_tenant TEXT NOT NULL,
      rule TEXT NOT NULL, target BLOB NOT NULL, replay TEXT NOT NULL, reason TEXT NOT NULL,
      attempts INTEGER NOT NULL, error TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL
    );
    CREATE INDEX event_dead_letter_tenant ON event_dead_letter (tenant, last_at, id);
    CREATE INDEX event_dead_letter_event ON event_dead_letter (event_id);
    CREATE TABLE event_archive (
      tenant TEXT NOT NULL, name TEXT NOT NULL, pattern BLOB, retention_days INTEGER NOT NULL,
      created_at INTEGER NOT NULL, PRIMARY KEY (tenant, name)
    ) WITHOUT ROWID;
    CREATE TABLE event_archived (
      archive_tenant TEXT NOT NULL, archive TEXT NOT NULL, tenant TEXT NOT NULL, at INTEGER NOT NULL,
      seq INTEGER NOT NULL, PRIMARY KEY (archive_tenant, archive, tenant, at, seq)
    ) WITHOUT ROWID;
    CREATE INDEX event_archived_seq ON event_archived (seq);
    CREATE TABLE event_replay (
      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, archive TEXT NOT NULL,
      since INTEGER NOT NULL, until INTEGER NOT NULL, rules BLOB NOT NULL, state TEXT NOT NULL,
      last_at INTEGER, last_seq INTEGER, replayed INTEGER NOT NULL DEFAULT 0,
      started_at INTEGER NOT NULL, ended_at INTEGER, UNIQUE (tenant, name)
    );
    CREATE TABLE event_schema (
      tenant TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
      change TEXT NOT NULL, notes BLOB NOT NULL, created_at INTEGER NOT NULL,
      PRIMARY KEY (tenant, name, version)
    ) WITHOUT ROWID;
    CREATE TABLE event_discovery (tenant TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE event_schedule (
      tenant TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, due_at INTEGER, last_at INTEGER,
      last_status TEXT, last_error TEXT, PRIMARY KEY (tenant, name)
    ) WITHOUT ROWID;
    CREATE INDEX event_schedule_due ON event_schedule (due_at) WHERE due_at IS NOT NULL;
    """,
    "ALTER TABLE event_schedule ADD COLUMN scheduled_at INTEGER",
)


def micros(at: datetime) -> int:
    """A time as it is stored: microseconds since 1970, UTC."""
    return round(at.timestamp() * 1_000_000)


def instant(stored: int) -> datetime:
    """The time behind stored microseconds."""
    return datetime.fromtimestamp(stored / 1_000_000, UTC)
