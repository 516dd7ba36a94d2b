"""The journal's tables, all of which begin with `asl_`, and how older files are brought up to date."""

import sqlite3

from rimedio.asl.errors import JournalUnusable

MIGRATIONS = (
    """
CREATE TABLE IF NOT EXISTS asl_machines (
    digest TEXT PRIMARY KEY, name TEXT NOT NULL, definition TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_registry (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_executions (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, machine TEXT NOT NULL,
    input TEXT NOT NULL, started REAL NOT NULL, status TEXT NOT NULL, output TEXT, error TEXT, cause TEXT,
    stopped REAL, next_event INTEGER NOT NULL, redrives INTEGER NOT NULL, parent TEXT, wake REAL
);
CREATE INDEX IF NOT EXISTS asl_waiting ON asl_executions (wake) WHERE status = 'RUNNING';
CREATE INDEX IF NOT EXISTS asl_children ON asl_executions (parent) WHERE parent IS NOT NULL;
CREATE TABLE IF NOT EXISTS asl_frames (
    execution INTEGER NOT NULL, path TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_events (
    execution INTEGER NOT NULL, first INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_tokens (
    token TEXT PRIMARY KEY, execution INTEGER NOT NULL, spent INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asl_signals (
    id INTEGER PRIMARY KEY AUTOINCREMENT, execution INTEGER NOT NULL, kind TEXT NOT NULL,
    token TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS asl_signals_of ON asl_signals (execution);
CREATE TABLE IF NOT EXISTS asl_activity_tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, activity TEXT NOT NULL, token TEXT NOT NULL UNIQUE, input TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS asl_activity_tasks_of ON asl_activity_tasks (activity, id);
""",
    "ALTER TABLE asl_executions ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;",
)


def version_of(connection: sqlite3.Connection) -> int:
    """How many migrations a database has behind it. Raises JournalUnusable when a newer release wrote it."""
    named = "SELECT 1 FROM sqlite_schema WHERE name = 'asl_schema'"
    if connection.execute(named).fetchone() is None:
        return 0
    version = int(connection.execute("SELECT max(version) FROM asl_schema").fetchone()[0] or 0)
    if version > len(MIGRATIONS):
        raise JournalUnusable(
            f"The journal was written by a newer release: its schema is {version}, this one knows up to "
            f"{len(MIGRATIONS)}. Update rimedio, or open another file."
        )
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Run what has not been run yet, within the caller's transaction. Raises JournalUnusable."""
    connection.execute("CREATE TABLE IF NOT EXISTS asl_schema (version INTEGER PRIMARY KEY)")
    for number, script in enumerate(MIGRATIONS, 1):
        if number <= version_of(connection):
            continue
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("INSERT INTO asl_schema VALUES (?)", (number,))
