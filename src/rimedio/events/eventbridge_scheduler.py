"""Schedules in Amazon EventBridge Scheduler, which keeps time by itself: cron, rate, at, zones, flexible windows.

A run is a message into the queue of deliveries, with the schedule's target in it; the scheduler puts the time of the
run in where `<aws.scheduler.scheduled-time>` stands, and from the time the run's event has its id, so that a run
that the scheduler sends twice is delivered once. A one-time schedule deletes itself after its run.

Names there have 64 characters for all tenants together: they are made of two short hashes and what fits of the name.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from rimedio.aws import Client, create_or_update, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.events.bus import Target
from rimedio.events.event import Event, parse_time
from rimedio.events.rule_json import target_from_json, target_to_json
from rimedio.events.schedule import SCHEDULES_MAX, Schedule, ScheduleState, run_event

SERVICE = "EventBridge Scheduler"
RUN = "schedule_run"
SCHEDULED_AT = "<aws.scheduler.scheduled-time>"
RETRY = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400}
_TENANT_CHARS, _HASH_CHARS, _NAME_CHARS = 12, 10, 40
_COMPARED = ("expression", "timezone", "start", "end", "window_minutes", "enabled", "description", "target")


class EventBridgeScheduler:
    """A `Scheduler` whose schedules live in one schedule group."""

    def __init__(
        self,
        client: Client,
        *,
        group: str,
        queue_arn: str,
        role_arn: str,
        clock: Clock,
        dead_letter_arn: str | None = None,
    ) -> None:
        self._client = client
        self._group = group
        self._queue_arn = queue_arn
        self._role_arn = role_arn
        self._clock = clock
        self._dead_letter_arn = dead_letter_arn

    def put(self, schedule: Schedule) -> ScheduleState:
        state = self._state(schedule)
        if state.next_at is None:
            msg = (
                f"The schedule {schedule.name} would never run: {schedule.expression} is over or never comes."
            )
            raise InvalidInput(msg)
        wanted = self._input(schedule)
        with translated(SERVICE, f"putting the schedule {schedule.name}", InvalidInput):
            known = self._known(schedule.tenant_id, schedule.name) is not None
            if not known and len(self._names(schedule.tenant_id)) >= SCHEDULES_MAX:
                raise Conflict(f"There are {SCHEDULES_MAX} schedules; no more are allowed. Remove one first.")
            create_or_update(
                lambda: self._client.create_schedule(**wanted),
                lambda: self._client.update_schedule(**wanted),
                known=known,
            )
        return state

    def ensure(self, schedule: Schedule) -> None:
        known = self._known(schedule.tenant_id, schedule.name)
        if known is None or any(getattr(known, n) != getattr(schedule, n) for n in _COMPARED):
            self.put(schedule)

    def get(self, tenant_id: str, name: str) -> ScheduleState:
        found = self._known(tenant_id, name)
        if found is None:
            raise NotFound(f"There is no schedule {name!r}. List the schedules to see their names.")
        return self._state(found)

    def list(self, tenant_id: str) -> Sequence[ScheduleState]:
        found = [self._read(name) for name in self._names(tenant_id)]
        return tuple(sorted((self._state(s) for s in found if s), key=lambda state: state.schedule.name))

    def remove(self, tenant_id: str, name: str) -> None:
        self.get(tenant_id, name)
        with translated(SERVICE, f"removing the schedule {name}"):
            self._client.delete_schedule(Name=native_name(tenant_id, name), GroupName=self._group)

    def _state(self, schedule: Schedule) -> ScheduleState:
        """When it runs next, by Rimedio's own reckoning: the service does not say."""
        now = self._clock.now()
        return ScheduleState(schedule, schedule.next_after(now))

    def _names(self, tenant_id: str) -> Sequence[str]:
        pages = self._client.get_paginator("list_schedules").paginate(
            GroupName=self._group, NamePrefix=f"{_digest(tenant_id, _TENANT_CHARS)}-"
        )
        with translated(SERVICE, "listing schedules"):
            return [plain["Name"] for page in pages for plain in page["Schedules"]]

    def _known(self, tenant_id: str, name: str) -> Schedule | None:
        return self._read(native_name(tenant_id, name))

    def _read(self, native: str) -> Schedule | None:
        try:
            with translated(SERVICE, "reading a schedule"):
                plain = self._client.get_schedule(Name=native, GroupName=self._group)
        except NotFound:
            return None
        return _schedule(plain)

    def _input(self, schedule: Schedule) -> dict[str, Any]:
        """What CreateSchedule and UpdateSchedule want."""
        window = schedule.window_minutes
        found: dict[str, Any] = {
            "Name": native_name(schedule.tenant_id, schedule.name),
            "GroupName": self._group,
            "ScheduleExpression": schedule.expression,
            "ScheduleExpressionTimezone": schedule.timezone,
            "State": "ENABLED" if schedule.enabled else "DISABLED",
            "Description": schedule.description[:512],
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window}
            if window
            else {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE" if schedule.once else "NONE",
            "Target": {
                "Arn": self._queue_arn,
                "RoleArn": self._role_arn,
                "Input": run_message(schedule),
                "RetryPolicy": RETRY,
            },
        }
        found |= {n: at for n, at in (("StartDate", schedule.start), ("EndDate", schedule.end)) if at}
        if self._dead_letter_arn is not None:
            found["Target"]["DeadLetterConfig"] = {"Arn": self._dead_letter_arn}
        return found


def native_name(tenant_id: str, name: str) -> str:
    """The schedule's name in the service."""
    readable = re.sub(r"[^0-9A-Za-z_.-]", "", name)[:_NAME_CHARS]
    return f"{_digest(tenant_id, _TENANT_CHARS)}-{_digest(name, _HASH_CHARS)}-{readable}"


def run_message(schedule: Schedule) -> str:
    """What the scheduler sends when the schedule is due, the time of the run still open."""
    run = {
        "tenant": schedule.tenant_id,
        "name": schedule.name,
        "target": target_to_json(schedule.target),
        "created_at": schedule.created_at.isoformat(),
        "scheduled_at": SCHEDULED_AT,
    }
    return orjson.dumps({RUN: run}).decode()


def is_run(body: Mapping[str, Any]) -> bool:
    """Whether a message of the queue is a run of a schedule."""
    return RUN in body


def run_of(body: Mapping[str, Any]) -> tuple[Event, Target]:
    """The event of a run, and its receiver. Raises InvalidInput for a message that the scheduler never sent."""
    run = body[RUN]
    try:
        tenant, name, at = str(run["tenant"]), str(run["name"]), parse_time(str(run["scheduled_at"]))
        return run_event(tenant, name, at, target_from_json(run["target"]))
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"The run of a schedule lacks {error}. Put the schedule again.") from None


def _schedule(plain: Mapping[str, Any]) -> Schedule:
    run = orjson.loads(plain["Target"]["Input"])[RUN]
    window = plain["FlexibleTimeWindow"]
    return Schedule(
        tenant_id=run["tenant"],
        name=run["name"],
        expression=plain["ScheduleExpression"],
        target=target_from_json(run["target"]),
        created_at=parse_time(run["created_at"]),
        timezone=plain.get("ScheduleExpressionTimezone", "UTC"),
        start=_utc(plain.get("StartDate")),
        end=_utc(plain.get("EndDate")),
        window_minutes=window.get("MaximumWindowInMinutes", 0) if window["Mode"] == "FLEXIBLE" else 0,
        enabled=plain["State"] == "ENABLED",
        description=plain.get("Description", ""),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else parse_time(at.isoformat())


def _digest(text: str, chars: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:chars]
