"""Archive and replay on EventBridge: the bus's own archive keeps events, and replays them to the bus it keeps.

An archive cannot be asked what it holds, and a replay knows no tenant. So the log of events answers what happened,
and a record of each replay says whose it is: its events come back over the one deployed rule, marked with the
replay's name, and the intake hands them to that tenant's rules alone.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from rimedio.aws import Client, create_or_update, error_code, translated
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, Conflict, InvalidInput, NotFound, RimedioError
from rimedio.events.archive import (
    DEFAULT_ARCHIVE,
    REPLAYS_AT_ONCE,
    Archive,
    EventPage,
    Replay,
    ReplayState,
    check_replay,
)
from rimedio.events.bus import EVERY_TENANT
from rimedio.events.event import event_id
from rimedio.events.eventbridge_rules import home_pattern, native_pattern
from rimedio.events.pattern import Pattern
from rimedio.events.replay_records import ENDED, ReplayRecords
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules

SERVICE = "Amazon EventBridge"
ALREADY = "ResourceAlreadyExistsException"
_STATES = {
    "STARTING": ReplayState.STARTING,
    "RUNNING": ReplayState.RUNNING,
    "COMPLETED": ReplayState.COMPLETED,
    "CANCELLING": ReplayState.CANCELLED,
    "CANCELLED": ReplayState.CANCELLED,
    "FAILED": ReplayState.CANCELLED,  # it ended before its range was through; the log says why
}
_NAME_CHARS = 31

_log = logging.getLogger(__name__)


class EventBridgeArchive:
    """An `EventArchive` on a bus of EventBridge. `default` is the deployed archive of all events."""

    def __init__(
        self,
        client: Client,
        *,
        bus_arn: str,
        rule_arn: str,
        default: str,
        log: TableEventLog,
        rules: TableRules,
        records: ReplayRecords,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._client = client
        self._bus_arn = bus_arn
        self._rule_arn = rule_arn
        self._default = default
        self._events = log
        self._rules = rules
        self._records = records
        self._clock = clock
        self._ids = ids

    # -- archives

    def put_archive(self, archive: Archive) -> None:
        if archive.pattern is not None:
            Pattern.admitted(archive.pattern)
        name = self._native(archive.tenant_id, archive.name)
        more: dict[str, Any] = {"RetentionDays": archive.retention_days, "Description": _description(archive)}
        if archive.pattern is not None or archive.tenant_id != EVERY_TENANT:
            native = native_pattern(archive.pattern or {}, archive.tenant_id)
            more["EventPattern"] = orjson.dumps(native).decode()
        with translated(SERVICE, f"putting the archive {archive.name}", InvalidInput):
            create_or_update(
                lambda: self._client.create_archive(ArchiveName=name, EventSourceArn=self._bus_arn, **more),
                lambda: self._client.update_archive(ArchiveName=name, **more),
                known=self._described(name) is not None,
            )

    def archives(self, tenant_id: str) -> Sequence[Archive]:
        with translated(SERVICE, "listing archives"):
            names = _names(self._client, self._bus_arn)
        found = [made for name in names if (made := self._archive(name)) is not None]
        mine = [archive for archive in found if archive.tenant_id == tenant_id]
        return tuple(sorted(mine, key=lambda archive: archive.name))

    def remove_archive(self, tenant_id: str, name: str) -> None:
        native = self._native(tenant_id, name)
        if self._described(native) is not None:
            with translated(SERVICE, f"removing the archive {name}"):
                self._client.delete_archive(ArchiveName=native)

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
        return self._events.events(
            tenant_id, since=since, until=until, detail_type=detail_type, limit=limit, cursor=cursor
        )

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
        known = {rule.name for owner in (tenant_id, EVERY_TENANT) for rule in self._rules.all(owner)}
        check_replay(since, until, rules, known)
        owner, wanted_archive = self._archive_named(tenant_id, archive)
        replay_id = self._ids.new("rpl") if name is None else self._replay_id(tenant_id, name)
        wanted = Replay(
            replay_id=replay_id,
            tenant_id=tenant_id,
            name=name or replay_id,
            archive=f"{owner}/{wanted_archive}",
            since=since,
            until=until,
            rules=tuple(rules),
            status=ReplayState.STARTING,
            replayed=0,
            started_at=self._clock.now(),
        )
        known_replay = self._records.find(tenant_id, replay_id)
        if known_replay is not None:
            return _same(known_replay, wanted)
        return self._start(wanted, self._native(owner, wanted_archive))

    def _start(self, wanted: Replay, archive: str) -> Replay:
        going = [replay for replay in self.replays(wanted.tenant_id) if replay.status not in ENDED]
        if len(going) >= REPLAYS_AT_ONCE:
            msg = f"{len(going)} replays are going on; {REPLAYS_AT_ONCE} are allowed. Wait for one to end."
            raise Conflict(msg)
        try:
            self._records.add(wanted)  # first: what comes back without a record is nobody's
        except ConditionFailed:  # somebody else asks for the same at the same moment
            return _same(self._records.get(wanted.tenant_id, wanted.replay_id), wanted)
        try:
            with translated(SERVICE, f"starting the replay {wanted.name}", InvalidInput):
                self._client.start_replay(
                    ReplayName=wanted.replay_id,
                    EventSourceArn=f"{self._bus_arn.rsplit(':', 1)[0]}:archive/{archive}",
                    EventStartTime=wanted.since,
                    EventEndTime=wanted.until,
                    Destination={"Arn": self._bus_arn, "FilterArns": [self._rule_arn]},
                )
        except RimedioError as error:
            if error.__cause__ is None or error_code(error.__cause__) != ALREADY:
                self._records.remove(wanted)
                raise
        return wanted

    def cancel_replay(self, tenant_id: str, replay_id: str) -> Replay:
        found = self.replay(tenant_id, replay_id)
        if found.status in ENDED:
            raise Conflict(f"The replay {replay_id} is {found.status}; only one that goes on can be stopped.")
        stopped = self._records.moved(found, ReplayState.CANCELLED)  # nothing is handed to rules from now on
        with translated(SERVICE, "stopping a replay", Conflict):
            self._client.cancel_replay(ReplayName=replay_id)
        return stopped

    def replay(self, tenant_id: str, replay_id: str) -> Replay:
        return self._fresh(self._records.get(tenant_id, replay_id))

    def replays(self, tenant_id: str) -> Sequence[Replay]:
        return tuple(self._fresh(replay) for replay in self._records.all(tenant_id))

    def run_once(self) -> int:
        """Nothing: EventBridge replays by itself."""
        return 0

    def _fresh(self, replay: Replay) -> Replay:
        """The replay with the status that EventBridge gives it now."""
        if replay.status in ENDED:
            return replay
        try:
            with translated(SERVICE, "reading a replay"):
                plain = self._client.describe_replay(ReplayName=replay.replay_id)
        except NotFound:  # EventBridge forgets replays after 90 days
            return replay
        status = _STATES[plain["State"]]
        if plain["State"] == "FAILED":
            _log.error("The replay %s has failed: %s", replay.replay_id, plain.get("StateReason"))
        if status in ENDED:
            return self._records.moved(replay, status)
        return replace(replay, status=status)

    # -- names

    def _native(self, tenant_id: str, name: str) -> str:
        """The archive's name in the service: 48 characters, for all tenants and deployments of an account."""
        if (tenant_id, name) == (EVERY_TENANT, DEFAULT_ARCHIVE):
            return self._default
        digest = hashlib.sha256(f"{tenant_id}\x1f{name}".encode()).hexdigest()[:16]
        return f"{self._default[:_NAME_CHARS]}-{digest}"

    def _replay_id(self, tenant_id: str, name: str) -> str:
        """The same name, the same replay: unique among all deployments of an account, as the service asks."""
        return f"rpl_{event_id('replay', self._bus_arn, tenant_id, name)}"

    def _archive_named(self, tenant_id: str, name: str | None) -> tuple[str, str]:
        wanted = name or DEFAULT_ARCHIVE
        for owner in (tenant_id, EVERY_TENANT):
            if self._described(self._native(owner, wanted)) is not None:
                return owner, wanted
        raise NotFound(f"There is no archive {wanted!r}. List the archives to see their names.")

    def _described(self, native: str) -> Mapping[str, Any] | None:
        try:
            with translated(SERVICE, "reading an archive"):
                found: Mapping[str, Any] = self._client.describe_archive(ArchiveName=native)
        except NotFound:
            return None
        return found

    def _archive(self, native: str) -> Archive | None:
        plain = self._described(native)
        if plain is None:
            return None
        owner, name = EVERY_TENANT, DEFAULT_ARCHIVE
        if native != self._default:
            try:
                named = orjson.loads(plain.get("Description", ""))
                owner, name = str(named["tenant"]), str(named["name"])
            except (orjson.JSONDecodeError, KeyError, TypeError):
                return None  # another system's archive on the same bus
        text = plain.get("EventPattern")
        pattern = home_pattern(orjson.loads(text)) if text else None
        if pattern is not None and pattern.get("account") == [owner]:
            pattern = {key: value for key, value in pattern.items() if key != "account"} or None
        return Archive(owner, name, int(plain.get("RetentionDays") or 365), pattern)


def _names(client: Client, bus_arn: str) -> list[str]:
    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = client.list_archives(EventSourceArn=bus_arn, **token)
        names += [plain["ArchiveName"] for plain in page["Archives"]]
        if not page.get("NextToken"):
            return names
        token = {"NextToken": page["NextToken"]}


def _description(archive: Archive) -> str:
    return orjson.dumps({"tenant": archive.tenant_id, "name": archive.name}).decode()


def _same(found: Replay, wanted: Replay) -> Replay:
    asked = (wanted.archive, wanted.since, wanted.until, wanted.rules)
    if (found.archive, found.since, found.until, found.rules) != asked:
        raise Conflict(f"The replay {wanted.name!r} exists with another range or rules. Choose another name.")
    return found
