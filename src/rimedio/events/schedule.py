"""Schedules: when something is to happen, after EventBridge Scheduler.

`cron(…)` and `at(…)` are read in the schedule's time zone; `rate(…)` counts from its start, a day being 24 hours.
A flexible window spreads the run over minutes. What was missed while nothing ran is made up for once.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import Target
from rimedio.events.cron import YEAR_MAX, YEAR_MIN, Cron
from rimedio.events.detail_types import EVENTS, DetailType
from rimedio.events.event import Event, event_id, iso_seconds, new_event

WINDOW_MINUTES_MAX = 1440
SCHEDULES_MAX = 200  # of a tenant
RATE_MAX = 10_000_000
EXPRESSION_CHARS_MAX = 256
_EXPRESSION = re.compile(r"^(cron|rate|at)\((.*)\)$", re.DOTALL)
_RATE = re.compile(r"^([0-9]{1,8})\s+(minute|hour|day)(s?)$")
_AT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$", re.ASCII)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to invoke a target. Checked when made: raises InvalidInput.

    A one-time schedule removes itself after its run. `window_minutes` 0 means on time (to the minute).
    """

    tenant_id: str
    name: str
    expression: str
    target: Target
    created_at: datetime
    timezone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None
    window_minutes: int = 0
    enabled: bool = True
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise InvalidInput(f"{self.name!r} is no name: 1 to 64 letters, digits, '.', '-', '_'.")
        if not 0 <= self.window_minutes <= WINDOW_MINUTES_MAX:
            given = self.window_minutes
            raise InvalidInput(
                f"The window of {given} minutes is not allowed; 0 to {WINDOW_MINUTES_MAX} are."
            )
        if self.start and self.end and self.end <= self.start:
            raise InvalidInput(f"The schedule ends at {self.end} and starts at {self.start}. Swap them.")
        for at in (self.start, self.end):
            if at is not None and not YEAR_MIN < at.year < YEAR_MAX:
                raise InvalidInput(f"{at} is out of range; the years {YEAR_MIN} to {YEAR_MAX} count.")
        zone_named(self.timezone)
        timing_of(self.expression)

    @property
    def once(self) -> bool:
        """Whether it runs a single time."""
        return self.expression.startswith("at(")

    def next_after(self, after: datetime | None) -> datetime | None:
        """When it runs next, later than `after`, or for the first time if None; None when never again."""
        timing = timing_of(self.expression)
        found = timing.next_after(after, self)
        return None if found is None or (self.end is not None and found > self.end) else found

    def spread(self, at: datetime) -> datetime:
        """When within its window the run of `at` is made: by chance, but always the same for that run."""
        if not self.window_minutes:
            return at
        digest = hashlib.sha256(f"{self.tenant_id}\x1f{self.name}\x1f{at.isoformat()}".encode()).digest()
        share = int.from_bytes(digest[:4], "big") / 2**32
        return at + timedelta(seconds=int(share * self.window_minutes * 60))


class Timing(Protocol):
    """A kind of expression."""

    def next_after(self, after: datetime | None, schedule: Schedule) -> datetime | None:
        """The next run later than `after`; the first one if None."""
        ...


@dataclass(frozen=True)
class CronTiming:
    """At times of the clock and the calendar."""

    cron: Cron

    def next_after(self, after: datetime | None, schedule: Schedule) -> datetime | None:
        """The next minute that matches, in the schedule's time zone."""
        begin = max(schedule.created_at, schedule.start or schedule.created_at) - timedelta(microseconds=1)
        return self.cron.next_after(max(begin, after or begin), zone_named(schedule.timezone))


@dataclass(frozen=True)
class RateTiming:
    """Again and again after the same time."""

    every: timedelta

    def next_after(self, after: datetime | None, schedule: Schedule) -> datetime | None:
        """The start and every multiple after it; without a start date it begins at once."""
        begin = schedule.start or schedule.created_at
        if after is None or after < begin:
            return begin
        try:
            return begin + ((after - begin) // self.every + 1) * self.every
        except OverflowError:  # beyond the year 9999
            return None


@dataclass(frozen=True)
class OnceTiming:
    """A single time."""

    local: datetime

    def next_after(self, after: datetime | None, schedule: Schedule) -> datetime | None:
        """That time, unless it is over."""
        found = self.local.replace(tzinfo=zone_named(schedule.timezone)).astimezone(UTC)
        return found if after is None or found > after else None


@lru_cache(maxsize=512)
def timing_of(expression: str) -> Timing:
    """The meaning of `cron(…)`, `rate(…)` or `at(…)`. Raises InvalidInput."""
    match = _EXPRESSION.match(expression.strip())
    if match is None or len(expression) > EXPRESSION_CHARS_MAX:
        examples = "cron(0 3 * * ? *), rate(5 minutes) or at(2026-01-31T08:30:00)"
        msg = f"{expression[:100]!r} is no schedule. Write {examples}."
        raise InvalidInput(msg)
    kind, inner = match.groups()
    if kind == "cron":
        return CronTiming(Cron.parse(inner))
    if kind == "rate":
        return RateTiming(_rate(inner))
    return OnceTiming(_once(inner))


@lru_cache(maxsize=128)
def zone_named(name: str) -> ZoneInfo:
    """A time zone of the IANA database. Raises InvalidInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f"There is no time zone {name[:60]!r}. Use one such as Europe/Rome.") from None


def _rate(text: str) -> timedelta:
    match = _RATE.match(text.strip().lower())
    if match is None or not 1 <= int(match[1]) <= RATE_MAX or (int(match[1]) == 1) == bool(match[3]):
        raise InvalidInput(f"rate({text}) is no rate. Write rate(1 hour), rate(5 minutes), rate(2 days).")
    return int(match[1]) * _UNITS[match[2]]


def _once(text: str) -> datetime:
    try:
        if not _AT.match(text.strip()) or not YEAR_MIN < int(text.strip()[:4]) < YEAR_MAX:
            raise ValueError
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(f"at({text}) is no time. Write at(2026-01-31T08:30:00), without a zone.") from None


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """A schedule and when it runs next; `last_at` is its latest run."""

    schedule: Schedule
    next_at: datetime | None
    last_at: datetime | None = None


def run_event(tenant_id: str, name: str, at: datetime, target: Target) -> tuple[Event, Target]:
    """The event of a run, and who receives it. The run of a time is always the same event."""
    detail: dict[str, Json] = {"schedule": name, "scheduled_at": iso_seconds(at)}
    if isinstance(target.input, dict):
        detail["input"] = target.input
    event = new_event(
        event_id(tenant_id, DetailType.SCHEDULE_DUE, name, at.isoformat()),
        source=EVENTS,
        detail_type=DetailType.SCHEDULE_DUE,
        tenant_id=tenant_id,
        time=at,
        detail=detail,
    )
    return event, Target(f"schedule-{name}", target.address, input=target.input, retry=target.retry)


class Scheduler(Protocol):
    """Keeps schedules and invokes their targets when they are due."""

    def put(self, schedule: Schedule) -> ScheduleState:
        """Make or replace one. Raises InvalidInput when it would never run."""
        ...

    def ensure(self, schedule: Schedule) -> None:
        """Make a schedule of the system unless it stands as it should: then its next run stays as it is."""
        ...

    def get(self, tenant_id: str, name: str) -> ScheduleState:
        """One schedule. Raises NotFound."""
        ...

    def list(self, tenant_id: str) -> Sequence[ScheduleState]:
        """A tenant's schedules, by name."""
        ...

    def remove(self, tenant_id: str, name: str) -> None:
        """Remove one. Raises NotFound."""
        ...
