"""The scheduler at home: schedules in SQLite, each run an event to the schedule's target.

The run and the time of the next one are one transaction, and the run's event is named after its time: a crash
neither loses a run nor makes it twice. The bus then delivers it with retries and dead letters like any other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from sqlite3 import Connection, Row

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.codec import Json
from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.events.event import parse_time
from rimedio.events.rule_json import target_from_json, target_to_json, written
from rimedio.events.schedule import SCHEDULES_MAX, Schedule, ScheduleState, run_event
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_tables import MIGRATIONS, ROOM, instant, micros
from rimedio.storage.database import Database

RUNS_AT_ONCE = 50


class SqliteScheduler:
    """A `Scheduler` beside the bus in the one SQLite file."""

    def __init__(self, database: Database, bus: SqliteBus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        database.migrate(ROOM, MIGRATIONS)

    def put(self, schedule: Schedule) -> ScheduleState:
        now = self._clock.now()
        first = _first(schedule, now)
        if first is None:
            msg = (
                f"The schedule {schedule.name} would never run: {schedule.expression} is over or never comes."
            )
            raise InvalidInput(msg)
        with self._database.transaction() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM event_schedule WHERE tenant = ? AND name <> ?",
                (schedule.tenant_id, schedule.name),
            ).fetchone()
            if count >= SCHEDULES_MAX:
                raise Conflict(f"There are {count} schedules; {SCHEDULES_MAX} are allowed. Remove one first.")
            self._write(connection, schedule, first)
        return self.get(schedule.tenant_id, schedule.name)

    def ensure(self, schedule: Schedule) -> None:
        """Make a schedule of the system unless it stands as it should: then its next run stays as it is."""
        found = self._database.rows(
            "SELECT body FROM event_schedule WHERE tenant = ? AND name = ?",
            (schedule.tenant_id, schedule.name),
        )
        wanted = _to_json(schedule)
        if found:
            known = orjson.loads(found[0]["body"])
            if all(known.get(name) == wanted.get(name) for name in wanted.keys() - {"created_at"}):
                return
        self.put(schedule)

    def _write(self, connection: Connection, schedule: Schedule, at: datetime | None) -> None:
        due = None if at is None or not schedule.enabled else micros(schedule.spread(at))
        connection.execute(
            "INSERT INTO event_schedule (tenant, name, body, due_at, scheduled_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (tenant, name) DO UPDATE SET body = excluded.body, due_at = excluded.due_at, "
            "scheduled_at = excluded.scheduled_at",
            (
                schedule.tenant_id,
                schedule.name,
                written(_to_json(schedule)),
                due,
                None if at is None else micros(at),
            ),
        )

    def get(self, tenant_id: str, name: str) -> ScheduleState:
        rows = self._database.rows(
            "SELECT * FROM event_schedule WHERE tenant = ? AND name = ?", (tenant_id, name)
        )
        if not rows:
            raise NotFound(f"There is no schedule {name!r}. List the schedules to see their names.")
        return _state(rows[0])

    def list(self, tenant_id: str) -> Sequence[ScheduleState]:
        rows = self._database.rows(
            "SELECT * FROM event_schedule WHERE tenant = ? ORDER BY name", (tenant_id,)
        )
        return tuple(map(_state, rows))

    def remove(self, tenant_id: str, name: str) -> None:
        with self._database.transaction() as connection:
            if not connection.execute(
                "DELETE FROM event_schedule WHERE tenant = ? AND name = ?", (tenant_id, name)
            ).rowcount:
                raise NotFound(f"There is no schedule {name!r}. List the schedules to see their names.")

    def run_once(self) -> int:
        """Invoke the targets of what is due; how many runs."""
        now = self._clock.now()
        rows = self._database.rows(
            "SELECT tenant, name FROM event_schedule WHERE due_at <= ? ORDER BY due_at LIMIT ?",
            (micros(now), RUNS_AT_ONCE),
        )
        for tenant, name in rows:
            with self._database.transaction() as connection:
                row = connection.execute(  # again: it may have been changed or removed meanwhile
                    "SELECT * FROM event_schedule WHERE tenant = ? AND name = ? AND due_at <= ?",
                    (tenant, name, micros(now)),
                ).fetchone()
                if row is not None:
                    self._run(connection, _state(row), instant(row["scheduled_at"]), now)
        return len(rows)

    def _run(self, connection: Connection, state: ScheduleState, at: datetime, now: datetime) -> None:
        schedule = state.schedule
        event, receiver = run_event(schedule.tenant_id, schedule.name, at, schedule.target)
        self._bus.send(event, receiver)
        following = schedule.next_after(max(now, at))  # from now on: runs missed meanwhile are one run
        if following is None:
            self._finish(connection, schedule)
        else:
            self._write(connection, schedule, following)
        connection.execute(
            "UPDATE event_schedule SET last_at = ? WHERE tenant = ? AND name = ?",
            (micros(now), schedule.tenant_id, schedule.name),
        )

    def _finish(self, connection: Connection, schedule: Schedule) -> None:
        """A one-time schedule goes; one that has come to its end stays, and runs no more."""
        if schedule.once:
            connection.execute(
                "DELETE FROM event_schedule WHERE tenant = ? AND name = ?",
                (schedule.tenant_id, schedule.name),
            )
        else:
            self._write(connection, schedule, None)


def _first(schedule: Schedule, now: datetime) -> datetime | None:
    """The first run; a one-time schedule whose time is over has none."""
    return schedule.next_after(now - timedelta(microseconds=1) if schedule.once else None)


def _state(row: Row) -> ScheduleState:
    at = row["due_at"]
    return ScheduleState(
        _from_json(row["tenant"], row["name"], orjson.loads(row["body"])),
        None if at is None else instant(at),
        None if row["last_at"] is None else instant(row["last_at"]),
    )


def _to_json(schedule: Schedule) -> dict[str, Json]:
    return {
        "expression": schedule.expression,
        "target": target_to_json(schedule.target),
        "created_at": schedule.created_at.isoformat(),
        "timezone": schedule.timezone,
        "start": schedule.start.isoformat() if schedule.start else None,
        "end": schedule.end.isoformat() if schedule.end else None,
        "window_minutes": schedule.window_minutes,
        "enabled": schedule.enabled,
        "description": schedule.description,
    }


def _from_json(tenant_id: str, name: str, plain: dict[str, Json]) -> Schedule:
    start, end, window = plain["start"], plain["end"], plain["window_minutes"]
    return Schedule(
        tenant_id=tenant_id,
        name=name,
        expression=str(plain["expression"]),
        target=target_from_json(plain["target"]),
        created_at=parse_time(str(plain["created_at"])),
        timezone=str(plain["timezone"]),
        start=parse_time(str(start)) if start else None,
        end=parse_time(str(end)) if end else None,
        window_minutes=window if isinstance(window, int) else 0,
        enabled=plain["enabled"] is True,
        description=str(plain["description"]),
    )
