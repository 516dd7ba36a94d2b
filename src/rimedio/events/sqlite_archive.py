"""Archives and replays at home: an archive is a list of places in the event log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from sqlite3 import Connection, Row

import orjson

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import Conflict, NotFound, UnknownCursor
from rimedio.events.archive import (
    DEFAULT_ARCHIVE,
    EVENTS_MAX,
    REPLAYS_AT_ONCE,
    REPLAYS_KEPT,
    Archive,
    EventPage,
    Replay,
    ReplayState,
    check_replay,
)
from rimedio.events.bus import EVERY_TENANT
from rimedio.events.pattern import Pattern
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import stored_event
from rimedio.events.sqlite_tables import MIGRATIONS, ROOM, instant, micros
from rimedio.storage.database import Database

REPLAY_AT_ONCE = 100  # events a turn
WAITING_MAX = 2000  # deliveries; a replay pauses while so many wait
_GOING = (ReplayState.STARTING, ReplayState.RUNNING)


class SqliteArchive:
    """An `EventArchive` beside the bus in the one SQLite file."""

    def __init__(self, database: Database, bus: SqliteBus, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._ids = ids
        database.migrate(ROOM, MIGRATIONS)

    # -- archives

    def put_archive(self, archive: Archive) -> None:
        if archive.pattern is not None:
            Pattern.admitted(archive.pattern)
        pattern = None if archive.pattern is None else orjson.dumps(dict(archive.pattern))
        with self._bus.changing(), self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO event_archive VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, name) DO UPDATE "
                "SET pattern = excluded.pattern, retention_days = excluded.retention_days",
                (archive.tenant_id, archive.name, pattern, archive.retention_days, micros(self._clock.now())),
            )

    def archives(self, tenant_id: str) -> Sequence[Archive]:
        rows = self._database.rows("SELECT * FROM event_archive WHERE tenant = ? ORDER BY name", (tenant_id,))
        return tuple(
            Archive(
                row["tenant"],
                row["name"],
                row["retention_days"],
                None if row["pattern"] is None else orjson.loads(row["pattern"]),
            )
            for row in rows
        )

    def remove_archive(self, tenant_id: str, name: str) -> None:
        with self._bus.changing(), self._database.transaction() as connection:
            connection.execute("DELETE FROM event_archive WHERE tenant = ? AND name = ?", (tenant_id, name))
            connection.execute(
                "DELETE FROM event_archived WHERE archive_tenant = ? AND archive = ?", (tenant_id, name)
            )

    def events(
        self,
        tenant_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        detail_type: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
    ) -> EventPage:
        """A tenant's archived events by time, newest first; `until` not included. Raises InvalidInput."""
        at, seq = _position(cursor)
        low = micros(since) if since else 0
        high = micros(until) if until else 2**62
        rows = self._database.rows(
            "SELECT a.at, a.seq, e.body FROM event_archived a JOIN event_log e ON e.seq = a.seq "
            "WHERE a.archive_tenant = ? AND a.archive = ? AND a.tenant = ? AND a.at >= ? AND a.at < ? "
            "AND (a.at, a.seq) < (?, ?) AND (? IS NULL OR e.detail_type = ?) "
            "ORDER BY a.at DESC, a.seq DESC LIMIT ?",
            (
                EVERY_TENANT, DEFAULT_ARCHIVE, tenant_id, low, high, at, seq, detail_type, detail_type,
                limit + 1,
            ),
        )  # fmt: skip
        shown = rows[:limit]
        more = f"{shown[-1]['at']}-{shown[-1]['seq']}" if len(rows) > limit else None
        return EventPage(tuple(stored_event(row["body"], row["at"], "") for row in shown), more)

    def trim(self, most: int = EVENTS_MAX) -> int:
        """Drop what is past its retention, or beyond `most` events of an archive; how many."""
        now, count = self._clock.now(), 0
        for row in self._database.rows("SELECT tenant, name, retention_days FROM event_archive"):
            which = (row["tenant"], row["name"])
            before = micros(now - timedelta(days=row["retention_days"]))
            with self._database.transaction() as connection:
                count += connection.execute(
                    "DELETE FROM event_archived WHERE archive_tenant = ? AND archive = ? AND at < ?",
                    (*which, before),
                ).rowcount
                count += connection.execute(
                    "DELETE FROM event_archived WHERE archive_tenant = ? AND archive = ? AND seq <= "
                    "(SELECT seq FROM event_archived WHERE archive_tenant = ? AND archive = ? "
                    "ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                    (*which, *which, most),
                ).rowcount
        return count + self._bus.trim()

    # -- replays

    def start_replay(
        self,
        tenant_id: str,
        since: datetime,
        until: datetime,
        *,
        rules: Sequence[str] = (),
        name: str | None = None,
        archive: str | None = None,
    ) -> Replay:
        known = {rule.name for owner in (tenant_id, EVERY_TENANT) for rule in self._bus.rules(owner)}
        check_replay(since, until, rules, known)
        wanted = Replay(
            replay_id=self._ids.new("rpl"),
            tenant_id=tenant_id,
            name="",
            archive=self._archive_named(tenant_id, archive),
            since=since,
            until=until,
            rules=tuple(rules),
            status=ReplayState.STARTING,
            replayed=0,
            started_at=self._clock.now(),
        )
        wanted = replace(wanted, name=name or wanted.replay_id)
        with self._database.transaction() as connection:
            return self._begin(connection, wanted)

    def _begin(self, connection: Connection, wanted: Replay) -> Replay:
        row = connection.execute(
            "SELECT * FROM event_replay WHERE tenant = ? AND name = ?", (wanted.tenant_id, wanted.name)
        ).fetchone()
        if row is not None:
            return _same(_replay(row), wanted)
        (going,) = connection.execute(
            "SELECT count(*) FROM event_replay WHERE tenant = ? AND state IN (?, ?)",
            (wanted.tenant_id, *_GOING),
        ).fetchone()
        if going >= REPLAYS_AT_ONCE:
            raise Conflict(
                f"{going} replays are going on; {REPLAYS_AT_ONCE} are allowed. Wait for one to end."
            )
        connection.execute(
            "INSERT INTO event_replay (id, tenant, name, archive, since, until, rules, state, started_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                wanted.replay_id, wanted.tenant_id, wanted.name, wanted.archive, micros(wanted.since),
                micros(wanted.until), orjson.dumps(wanted.rules), wanted.status, micros(wanted.started_at),
            ),
        )  # fmt: skip
        connection.execute(
            "DELETE FROM event_replay WHERE tenant = ? AND ended_at IS NOT NULL AND id NOT IN "
            "(SELECT id FROM event_replay WHERE tenant = ? ORDER BY started_at DESC LIMIT ?)",
            (wanted.tenant_id, wanted.tenant_id, REPLAYS_KEPT),
        )
        return wanted

    def _archive_named(self, tenant_id: str, name: str | None) -> str:
        """The archive as it is stored with a replay: its owner, a slash, its name."""
        wanted = name or DEFAULT_ARCHIVE
        for owner in (tenant_id, EVERY_TENANT):
            if any(archive.name == wanted for archive in self.archives(owner)):
                return f"{owner}/{wanted}"
        raise NotFound(f"There is no archive {wanted!r}. List the archives to see their names.")

    def replay(self, tenant_id: str, replay_id: str) -> Replay:
        """One replay. Raises NotFound."""
        rows = self._database.rows(
            "SELECT * FROM event_replay WHERE tenant = ? AND id = ?", (tenant_id, replay_id)
        )
        if not rows:
            raise NotFound(f"There is no replay {replay_id}. List the replays to see their ids.")
        return _replay(rows[0])

    def replays(self, tenant_id: str) -> Sequence[Replay]:
        rows = self._database.rows(
            "SELECT * FROM event_replay WHERE tenant = ? ORDER BY started_at DESC, id LIMIT ?",
            (tenant_id, REPLAYS_KEPT),
        )
        return tuple(map(_replay, rows))

    def cancel_replay(self, tenant_id: str, replay_id: str) -> Replay:
        found = self.replay(tenant_id, replay_id)
        if found.status not in _GOING:
            raise Conflict(f"The replay {replay_id} is {found.status}; only one that goes on can be stopped.")
        self._end(replay_id, ReplayState.CANCELLED)
        return self.replay(tenant_id, replay_id)

    def run_once(self) -> int:
        """Hand the next events of the oldest replay to its rules; how many."""
        rows = self._database.rows(
            "SELECT * FROM event_replay WHERE state IN (?, ?) ORDER BY started_at, id LIMIT 1", _GOING
        )
        if not rows or self._bus.waiting() > WAITING_MAX:
            return 0
        with self._database.transaction() as connection:
            row = connection.execute(  # again: it may have been stopped, or have gone on, meanwhile
                "SELECT * FROM event_replay WHERE id = ? AND state IN (?, ?)", (rows[0]["id"], *_GOING)
            ).fetchone()
            if row is None:
                return 0
            replay = _replay(row)
            found = self._next(connection, replay, row["last_seq"] or 0)
            for archived in found:
                event = stored_event(archived["body"], archived["at"], replay.name)
                envelope = orjson.loads(event.as_json())
                self._bus.deliver(connection, event, envelope, replay.rules)
            if found:  # in the transaction of the deliveries: after a crash it goes on just here
                connection.execute(
                    "UPDATE event_replay SET state = ?, last_at = ?, last_seq = ?, replayed = replayed + ? "
                    "WHERE id = ?",
                    (ReplayState.RUNNING, found[-1]["at"], found[-1]["seq"], len(found), replay.replay_id),
                )
        if not found:
            self._end(replay.replay_id, ReplayState.COMPLETED)
        return len(found)

    def _next(self, connection: Connection, replay: Replay, seq: int) -> list[Row]:
        owner, _, name = replay.archive.rpartition("/")
        start = (micros(replay.last_event_at), seq) if replay.last_event_at else (micros(replay.since), -1)
        return connection.execute(
            "SELECT a.at, a.seq, e.body FROM event_archived a JOIN event_log e ON e.seq = a.seq "
            "WHERE a.archive_tenant = ? AND a.archive = ? AND a.tenant = ? AND (a.at, a.seq) > (?, ?) "
            "AND a.at < ? ORDER BY a.at, a.seq LIMIT ?",
            (owner, name, replay.tenant_id, *start, micros(replay.until), REPLAY_AT_ONCE),
        ).fetchall()

    def _end(self, replay_id: str, state: ReplayState) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE event_replay SET state = ?, ended_at = ? WHERE id = ? AND state IN (?, ?)",
                (state, micros(self._clock.now()), replay_id, *_GOING),
            )


def _same(found: Replay, wanted: Replay) -> Replay:
    asked = (wanted.archive, wanted.since, wanted.until, wanted.rules)
    if (found.archive, found.since, found.until, found.rules) != asked:
        raise Conflict(f"The replay {wanted.name!r} exists with another range or rules. Choose another name.")
    return found


def _replay(row: Row) -> Replay:
    return Replay(
        replay_id=row["id"],
        tenant_id=row["tenant"],
        name=row["name"],
        archive=row["archive"],
        since=instant(row["since"]),
        until=instant(row["until"]),
        rules=tuple(orjson.loads(row["rules"])),
        status=ReplayState(row["state"]),
        replayed=row["replayed"],
        started_at=instant(row["started_at"]),
        last_event_at=None if row["last_at"] is None else instant(row["last_at"]),
        ended_at=None if row["ended_at"] is None else instant(row["ended_at"]),
    )


def _position(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return 2**62, 2**62
    at, _, seq = cursor.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (at, seq)):
        raise UnknownCursor(f"The cursor {cursor[:40]!r} belongs to no list of events. Leave it out.")
    return int(at), int(seq)
