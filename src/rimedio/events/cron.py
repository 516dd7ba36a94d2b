"""Cron expressions with EventBridge's six fields: minutes, hours, day of month, month, day of week, year.

Why not a library: cronsim, well kept as it is, counts Sunday as 0, knows no year and no `W`, and takes day of
month and day of week together where EventBridge wants a `?` in one of them; translating an expression into its
dialect needs the same parser and cannot say `15W` at all.

Sources: EventBridge User Guide, "Cron expressions reference"; EventBridge Scheduler User Guide, "Schedule types"
(time zones, daylight saving time).
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from rimedio.domain.errors import InvalidInput

YEAR_MIN, YEAR_MAX = 1970, 2199
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # 1 to 7
FIELDS = ("minutes", "hours", "day-of-month", "month", "day-of-week", "year")
_PART = re.compile(r"^(\*|[A-Z0-9]+)(?:-([A-Z0-9]+))?(?:/([0-9]{1,4}))?$")
_NEAREST = re.compile(r"^([0-9]{1,2})W$")
_NTH = re.compile(r"^([A-Z0-9]+)#([1-5])$")
_LAST = re.compile(r"^([A-Z0-9]+)L$")

Days = Callable[[int, int], set[int]]  # year and month → days of the month


@dataclass(frozen=True)
class Cron:
    """A parsed expression."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """The expression between the brackets of `cron(…)`. Raises InvalidInput naming the field at fault."""
        fields = text.upper().split()
        if len(fields) != len(FIELDS):
            msg = f"The cron expression {text!r} has {len(fields)} fields; it needs six: {', '.join(FIELDS)}."
            raise InvalidInput(msg)
        minute, hour, day, month, weekday, year = fields
        if (day == "?") == (weekday == "?"):
            msg = (
                f"The cron expression {text!r} must have `?` in exactly one of day-of-month and day-of-week."
            )
            raise InvalidInput(msg)
        return cls(
            tuple(sorted(_values(minute, "minutes", 0, 59))),
            tuple(sorted(_values(hour, "hours", 0, 23))),
            _days_of_month(day) if weekday == "?" else _days_of_week(weekday),
            tuple(sorted(_values(month, "month", 1, 12, MONTHS))),
            frozenset(_values(year, "year", YEAR_MIN, YEAR_MAX)),
        )

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The first run later than `after`, in UTC; None when there is none any more.

        A local time that a change to summer time leaves out is skipped; one that the change back brings twice
        runs the first time only.
        """
        local = after.astimezone(zone).replace(tzinfo=None)
        for naive in self._from(local.replace(second=0, microsecond=0)):
            found = naive.replace(tzinfo=zone)
            in_utc = found.astimezone(UTC)
            exists = in_utc.astimezone(zone).replace(tzinfo=None) == naive
            if exists and in_utc > after:
                return in_utc
        return None

    def _from(self, start: datetime) -> Iterator[datetime]:
        """Local times that match, from `start` on."""
        for year in range(start.year, YEAR_MAX + 1):
            if year not in self.years:
                continue
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in sorted(self.days(year, month)):
                    if date(year, month, day) >= start.date():
                        yield from self._on(datetime(year, month, day), start)  # noqa: DTZ001 - local time

    def _on(self, midnight: datetime, start: datetime) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                found = midnight + timedelta(hours=hour, minutes=minute)
                if found >= start:
                    yield found


def _values(text: str, field: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    """Numbers that a field means: lists, ranges and steps; 20-2 goes on past the highest value."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.match(part)
        if match is None:
            raise _refusal(field, part)
        first, last, step = match.groups()
        if first == "*":
            if last is not None:
                raise _refusal(field, part)
            begin, end = low, high
        else:
            begin = _number(first, field, low, high, names)
            end = high if step is not None else begin
            if last is not None:
                end = _number(last, field, low, high, names)
        width = int(step) if step is not None else 1
        if width < 1 or (end < begin and field == "year"):
            raise _refusal(field, part)
        span = high - low + 1
        end += span if end < begin else 0
        found.update(low + (value - low) % span for value in range(begin, end + 1, width))
    return found


def _days_of_month(text: str) -> Days:
    if text == "L":
        return lambda year, month: {_last_day(year, month)}
    if text == "LW":
        return lambda year, month: {_nearest_weekday(year, month, _last_day(year, month))}
    nearest = _NEAREST.match(text)
    if nearest is not None:
        wanted = _number(nearest[1], "day-of-month", 1, 31)
        return lambda year, month: (
            {_nearest_weekday(year, month, wanted)} if wanted <= _last_day(year, month) else set()
        )
    days = _values(text, "day-of-month", 1, 31)
    return lambda year, month: {day for day in days if day <= _last_day(year, month)}


def _days_of_week(text: str) -> Days:
    nth, last = _NTH.match(text), _LAST.match(text)
    if nth is not None:
        weekday, place = _number(nth[1], "day-of-week", 1, 7, WEEKDAYS), int(nth[2])
        return lambda year, month: set(_all_of(year, month, {weekday})[place - 1 : place])
    if last is not None:
        weekday = _number(last[1], "day-of-week", 1, 7, WEEKDAYS)
        return lambda year, month: {_all_of(year, month, {weekday})[-1]}
    if text == "L":  # the last day of the week
        return lambda year, month: set(_all_of(year, month, {7}))
    wanted = _values(text, "day-of-week", 1, 7, WEEKDAYS)
    return lambda year, month: set(_all_of(year, month, wanted))


def _all_of(year: int, month: int, weekdays: set[int]) -> list[int]:
    """Days of a month that fall on these weekdays, Sunday being 1."""
    first = calendar.weekday(year, month, 1)  # Monday is 0
    return [day for day in range(1, _last_day(year, month) + 1) if (first + day) % 7 + 1 in weekdays]


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The working day nearest to a day, without leaving the month."""
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < _last_day(year, month) else day - 2
    return day


def _number(text: str, field: str, low: int, high: int, names: tuple[str, ...] = ()) -> int:
    if text in names:
        return names.index(text) + low
    if not text.isdigit() or len(text) > 9 or not low <= int(text) <= high:
        raise _refusal(field, text)
    return int(text)


def _refusal(field: str, part: str) -> InvalidInput:
    return InvalidInput(f"The field {field} of the cron expression cannot be {part!r}.")
