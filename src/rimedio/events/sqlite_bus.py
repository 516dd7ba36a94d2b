"""The event bus at home: rules, event log and deliveries in SQLite.

An event is accepted together with all its deliveries, or not at all. Its id is the key of the log, so that what
is put twice is delivered once.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from sqlite3 import Connection

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.bus import EVERY_TENANT, RULES_MAX, PutResult, Rule, Target
from rimedio.events.delivery_queue import DIRECT
from rimedio.events.event import Event, check_event
from rimedio.events.pattern import Pattern
from rimedio.events.rule_json import rule_from_json, rule_to_json, written
from rimedio.events.sqlite_queue import SqliteQueue, stored_event
from rimedio.events.sqlite_tables import MIGRATIONS, ROOM, micros
from rimedio.storage.database import Database

REMEMBERED = timedelta(days=3)  # how long an event id is known after nothing else needs the event
TRIM_AT_ONCE = 5000
_UNNEEDED = (
    "NOT EXISTS (SELECT 1 FROM event_archived a WHERE a.seq = e.seq) "
    "AND NOT EXISTS (SELECT 1 FROM event_invocation i WHERE i.event_id = e.id) "
    "AND NOT EXISTS (SELECT 1 FROM event_dead_letter d WHERE d.event_id = e.id)"
)


@dataclass(frozen=True, slots=True)
class _Listening:
    """A rule and its compiled pattern."""

    rule: Rule
    pattern: Pattern


class SqliteBus:
    """An `EventBus` in the one SQLite file."""

    def __init__(self, database: Database, queue: SqliteQueue, clock: Clock) -> None:
        self._database = database
        self._queue = queue
        self._clock = clock
        self._lock = threading.Lock()
        self._generation = 0  # grows with every change of rules and archives
        self._changing = 0  # how many are being written now
        self._compiled: Mapping[str, tuple[_Listening, ...]] | None = None
        self._archives: tuple[tuple[str, str, Pattern | None], ...] | None = None
        database.migrate(ROOM, MIGRATIONS)

    # -- events

    def put_events(self, events: Sequence[Event]) -> Sequence[PutResult]:
        refusals = [_refusal(event) for event in events]
        with self._database.transaction() as connection:
            return [
                PutResult(event.id, error=refusal)
                if refusal is not None
                else PutResult(event.id, duplicate=not self._accept(connection, event))
                for event, refusal in zip(events, refusals, strict=True)
            ]

    def _accept(self, connection: Connection, event: Event) -> bool:
        body = event.as_json()
        seq = self._log(connection, event, body)
        if seq is None:
            return False
        envelope = orjson.loads(body)  # as everybody else will see it: plain texts, numbers and lists
        self.deliver(connection, event, envelope)
        for tenant, archive, pattern in self._archives_now():
            if tenant in (event.account, EVERY_TENANT) and (pattern is None or pattern.matches(envelope)):
                connection.execute(
                    "INSERT OR IGNORE INTO event_archived VALUES (?, ?, ?, ?, ?)",
                    (tenant, archive, event.account, micros(event.time), seq),
                )
        return True

    def deliver(
        self,
        connection: Connection,
        event: Event,
        envelope: Mapping[str, object],
        only: Sequence[str] = (),
    ) -> int:
        """Enqueue an event for every rule that matches, or those named in `only`; how many deliveries."""
        count = 0
        for tenant in (EVERY_TENANT, event.account):
            for listening in self._rules_now().get(tenant, ()):
                rule = listening.rule
                if rule.enabled and (not only or rule.name in only) and listening.pattern.matches(envelope):
                    count += self._queue.add(connection, event, (rule.tenant_id, rule.name), rule.targets)
        return count

    def send(self, event: Event, target: Target) -> None:
        """Deliver an event to one target, whatever the rules say. Raises InvalidInput."""
        check_event(event)
        with self._database.transaction() as connection:
            self._log(connection, event, event.as_json())
            self._queue.add(connection, event, (event.account, DIRECT), (target,))

    def send_again(self, tenant_id: str, event_id: str, target: Target) -> None:
        """Deliver an event that happened before to one target. Raises NotFound when it is no longer kept."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT body, at FROM event_log WHERE id = ? AND tenant = ?", (event_id, tenant_id)
            ).fetchone()
            if row is None:
                raise NotFound(f"The event {event_id} is no longer kept, so it cannot be sent again.")
            event = stored_event(row["body"], row["at"], "")
            self._queue.add(connection, event, (tenant_id, DIRECT), (target,))

    def _log(self, connection: Connection, event: Event, body: bytes) -> int | None:
        """The event's place in the log; None when it was there already."""
        cursor = connection.execute(
            "INSERT OR IGNORE INTO event_log (id, tenant, detail_type, at, put_at, body) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                event.id,
                event.account,
                event.detail_type,
                micros(event.time),
                micros(self._clock.now()),
                body,
            ),
        )
        return cursor.lastrowid if cursor.rowcount else None

    # -- rules

    def put_rule(self, rule: Rule) -> None:
        Pattern.admitted(rule.pattern)
        body = written(rule_to_json(rule))
        with self.changing(), self._database.transaction() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM event_rule WHERE tenant = ? AND name <> ?", (rule.tenant_id, rule.name)
            ).fetchone()
            if count >= RULES_MAX:
                raise InvalidInput(f"There are {count} rules already; {RULES_MAX} are allowed. Remove one.")
            connection.execute(
                "INSERT INTO event_rule VALUES (?, ?, ?) ON CONFLICT (tenant, name) "
                "DO UPDATE SET body = excluded.body",
                (rule.tenant_id, rule.name, body),
            )

    def remove_rule(self, tenant_id: str, name: str) -> None:
        with self.changing(), self._database.transaction() as connection:
            connection.execute("DELETE FROM event_rule WHERE tenant = ? AND name = ?", (tenant_id, name))
            connection.execute(
                "DELETE FROM event_invocation WHERE rule_tenant = ? AND rule = ?", (tenant_id, name)
            )

    def rules(self, tenant_id: str) -> Sequence[Rule]:
        return tuple(listening.rule for listening in self._rules_now().get(tenant_id, ()))

    def rule(self, tenant_id: str, name: str) -> Rule:
        """One rule. Raises NotFound."""
        for rule in self.rules(tenant_id):
            if rule.name == name:
                return rule
        raise NotFound(f"There is no rule {name!r}. List the rules to see their names.")

    def _rules_now(self) -> Mapping[str, tuple[_Listening, ...]]:
        """Every rule, compiled once after each change."""
        compiled, generation = self._compiled, self._generation
        if compiled is None:  # read without the lock: a transaction may wait for it
            rows = self._database.rows("SELECT tenant, name, body FROM event_rule ORDER BY tenant, name")
            found: dict[str, tuple[_Listening, ...]] = {}
            for row in rows:
                rule = rule_from_json(row["tenant"], row["name"], orjson.loads(row["body"]))
                listening = _Listening(rule, Pattern.stored(rule.pattern))
                found[rule.tenant_id] = (*found.get(rule.tenant_id, ()), listening)
            compiled = found
            with self._lock:
                if self._kept(generation):
                    self._compiled = found
        return compiled

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Rules or archives are written: until it is over, every event reads them anew.

        An event put right behind the write, before its writer has come to say so, would go to what was removed.
        """
        with self._lock:
            self._changing += 1
            self._compiled = self._archives = None
        try:
            yield
        finally:
            with self._lock:
                self._changing -= 1
                self._generation += 1
                self._compiled = self._archives = None

    def _kept(self, generation: int) -> bool:
        """Whether what was read in this generation may be kept; asked under the lock."""
        return generation == self._generation and not self._changing

    # -- archives

    def _archives_now(self) -> tuple[tuple[str, str, Pattern | None], ...]:
        archives, generation = self._archives, self._generation
        if archives is None:
            rows = self._database.rows("SELECT tenant, name, pattern FROM event_archive")
            archives = tuple((row["tenant"], row["name"], _compiled(row["pattern"])) for row in rows)
            with self._lock:
                if self._kept(generation):
                    self._archives = archives
        return archives

    def waiting(self) -> int:
        """How many deliveries are still to be made."""
        return self._queue.waiting()

    def trim(self) -> int:
        """Forget events that no archive, delivery or dead letter needs and that are old enough; how many."""
        before = micros(self._clock.now() - REMEMBERED)
        rows = self._database.rows(  # looked for without holding up anybody who writes
            f"SELECT e.seq FROM event_log e WHERE e.put_at < ? AND {_UNNEEDED} LIMIT ?",  # noqa: S608 - fixed text
            (before, TRIM_AT_ONCE),
        )
        if not rows:
            return 0
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM event_log WHERE seq IN (SELECT e.seq FROM event_log e WHERE e.seq IN "  # noqa: S608
                f"(SELECT value FROM json_each(?)) AND {_UNNEEDED})",
                (orjson.dumps([row["seq"] for row in rows]).decode(),),
            ).rowcount


def _refusal(event: Event) -> str | None:
    """Why the bus does not take an event; None when it does."""
    try:
        check_event(event)
    except InvalidInput as error:
        return str(error)
    return None


def _compiled(pattern: bytes | None) -> Pattern | None:
    return None if pattern is None else Pattern.stored(orjson.loads(pattern))
