"""What is still to be delivered, and what could not be: durable, so that kill -9 loses no delivery.

Every delivery is a row that goes only when its target has taken the event, or moves to the dead letters. What is
being delivered right now is known in memory alone: after a crash it is simply due again.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from sqlite3 import Connection, Row

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import NotFound, UnknownCursor
from rimedio.events.bus import DeadLetter, DeadLetterPage, Reason, Target
from rimedio.events.delivery_queue import ERROR_CHARS_MAX, Invocation, lane_of
from rimedio.events.event import Event, event_from
from rimedio.events.rule_json import target_from_json, target_to_json
from rimedio.events.sqlite_tables import MIGRATIONS, ROOM, instant, micros
from rimedio.storage.database import Database

_WITH_EVENT = (
    "SELECT i.*, e.body AS event_body, e.at AS event_at, e.put_at FROM event_invocation i "
    "JOIN event_log e ON e.id = i.event_id"
)
_DEAD = (
    "SELECT d.*, e.body AS event_body, e.at AS event_at FROM event_dead_letter d "
    "JOIN event_log e ON e.id = d.event_id"
)


class SqliteQueue:
    """The deliveries of the bus at home."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._busy: dict[str, str] = {}  # invocation id → address, while it is being delivered
        self._lock = threading.Lock()
        database.migrate(ROOM, MIGRATIONS)

    def add(
        self, connection: Connection, event: Event, rule: tuple[str, str], targets: Iterable[Target]
    ) -> int:
        """Enqueue an event for the targets of a rule (its tenant and name); how many were not there yet."""
        now = micros(self._clock.now())
        return sum(
            connection.execute(
                "INSERT OR IGNORE INTO event_invocation (event_id, tenant, rule_tenant, rule, target_id, "
                "target, lane, address, replay, due_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.id, event.account, *rule, target.id, orjson.dumps(target_to_json(target)),
                    lane_of(target), target.address, event.replay_name or "", now, now,
                ),
            ).rowcount
            for target in targets
        )  # fmt: skip

    def claim(self, lane: str, *, limit: int, at_once: int) -> Sequence[Invocation]:
        """Up to `limit` due deliveries of one address, the longest due first.

        They belong to the caller until `done`, `retry`, `bury` or `release`. An address that has `at_once`
        deliveries under way gets no more, so that a slow one cannot take all workers.
        """
        now = micros(self._clock.now())
        with self._lock:
            loads = Counter(self._busy.values())
            for address in self._due_addresses(lane, now):
                room = min(limit, at_once - loads[address])
                found = self._due(lane, address, now, room) if room > 0 else []
                if found:
                    self._busy.update({i.invocation_id: address for i in found})
                    return found
        return []

    def _due_addresses(self, lane: str, now: int) -> list[str]:
        rows = self._database.rows(
            "SELECT address, min(due_at) AS due FROM event_invocation WHERE lane = ? GROUP BY address "
            "HAVING due <= ? ORDER BY due",
            (lane, now),
        )
        return [row["address"] for row in rows]

    def _due(self, lane: str, address: str, now: int, room: int) -> list[Invocation]:
        rows = self._database.rows(
            _WITH_EVENT + " WHERE i.lane = ? AND i.address = ? AND i.due_at <= ? "
            "ORDER BY i.due_at, i.id LIMIT ?",
            (lane, address, now, room + len(self._busy)),
        )
        return [_invocation(row) for row in rows if str(row["id"]) not in self._busy][:room]

    def done(self, invocation: Invocation) -> None:
        """The target has taken it."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM event_invocation WHERE id = ?", (invocation.invocation_id,))
        self.release(invocation)

    def retry(self, invocation: Invocation, due_at: datetime, *, counted: bool = True) -> None:
        """It failed, and is due again at `due_at`; `counted` says whether this was an attempt."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE event_invocation SET attempts = attempts + ?, due_at = ? WHERE id = ?",
                (int(counted), micros(due_at), invocation.invocation_id),
            )
        self.release(invocation)

    def bury(self, invocation: Invocation, reason: Reason, error: str) -> None:
        """It is given up: a dead letter from now on."""
        now = micros(self._clock.now())
        with self._database.transaction() as connection:
            if connection.execute(
                "DELETE FROM event_invocation WHERE id = ?", (invocation.invocation_id,)
            ).rowcount:  # else its rule was removed meanwhile
                connection.execute(
                    "INSERT OR REPLACE INTO event_dead_letter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        f"dead_{invocation.invocation_id}", invocation.event.id, invocation.tenant_id,
                        invocation.rule_tenant, invocation.rule,
                        orjson.dumps(target_to_json(invocation.target)), invocation.event.replay_name or "",
                        reason, invocation.attempts + 1, error[:ERROR_CHARS_MAX],
                        micros(invocation.created_at), now,
                    ),
                )  # fmt: skip
        self.release(invocation)

    def release(self, invocation: Invocation) -> None:
        """Nobody works on it any more; it stays due as it is."""
        with self._lock:
            self._busy.pop(invocation.invocation_id, None)

    def waiting(self, lane: str | None = None) -> int:
        """How many deliveries are still to be made."""
        where = "" if lane is None else " WHERE lane = ?"
        rows = self._database.rows(
            f"SELECT count(*) FROM event_invocation{where}",  # noqa: S608 - fixed text
            () if lane is None else (lane,),
        )
        return int(rows[0][0])

    # -- dead letters

    def dead_letters(self, tenant_id: str, *, limit: int = 25, cursor: str | None = None) -> DeadLetterPage:
        """A tenant's dead letters, newest first. Raises InvalidInput for a cursor of another list."""
        at, last = _position(cursor)
        rows = self._database.rows(
            _DEAD + " WHERE d.tenant = ? AND (d.last_at, d.id) < (?, ?) "
            "ORDER BY d.last_at DESC, d.id DESC LIMIT ?",
            (tenant_id, at, last, limit + 1),
        )
        shown = rows[:limit]
        more = f"{shown[-1]['last_at']}-{shown[-1]['id']}" if len(rows) > limit else None
        return DeadLetterPage(tuple(_dead_letter(row) for row in shown), more)

    def redrive(self, tenant_id: str, dead_letter_id: str) -> DeadLetter:
        """Send one again, with all its attempts before it. Raises NotFound."""
        with self._database.transaction() as connection:
            row = connection.execute(
                _DEAD + " WHERE d.tenant = ? AND d.id = ?", (tenant_id, dead_letter_id)
            ).fetchone()
            if row is None:
                raise NotFound(f"There is no dead letter {dead_letter_id}. List them to see their ids.")
            letter = _dead_letter(row)
            self.add(connection, letter.event, (row["rule_tenant"], letter.rule), (letter.target,))
            connection.execute("DELETE FROM event_dead_letter WHERE id = ?", (dead_letter_id,))
        return letter

    def trim(self, dead_letters_kept: timedelta, most: int) -> int:
        """Drop dead letters older than that, and the oldest beyond `most` a tenant; how many."""
        before = micros(self._clock.now() - dead_letters_kept)
        with self._database.transaction() as connection:
            old = connection.execute("DELETE FROM event_dead_letter WHERE last_at < ?", (before,)).rowcount
            beyond = connection.execute(
                "DELETE FROM event_dead_letter WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER "
                "(PARTITION BY tenant ORDER BY last_at DESC) AS place FROM event_dead_letter) WHERE place > ?)",
                (most,),
            ).rowcount
        return old + beyond


def stored_event(body: bytes, at: int, replay: str) -> Event:
    """An event out of the log, with the precise time that its envelope rounds."""
    return replace(event_from(orjson.loads(body)), time=instant(at), replay_name=replay or None)


def _invocation(row: Row) -> Invocation:
    return Invocation(
        str(row["id"]),
        stored_event(row["event_body"], row["event_at"], row["replay"]),
        row["tenant"],
        row["rule_tenant"],
        row["rule"],
        target_from_json(orjson.loads(row["target"])),
        row["attempts"],
        instant(row["created_at"]),
        instant(row["put_at"]),
    )


def _dead_letter(row: Row) -> DeadLetter:
    return DeadLetter(
        row["id"],
        row["tenant"],
        stored_event(row["event_body"], row["event_at"], row["replay"]),
        row["rule"],
        target_from_json(orjson.loads(row["target"])),
        Reason(row["reason"]),
        row["attempts"],
        row["error"],
        instant(row["first_at"]),
        instant(row["last_at"]),
    )


def _position(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return 2**63 - 1, ""
    at, _, last = cursor.partition("-")
    if not at.isascii() or not at.isdigit() or len(at) > 18 or not last:
        raise UnknownCursor(f"The cursor {cursor[:40]!r} belongs to no list of dead letters. Leave it out.")
    return int(at), last
