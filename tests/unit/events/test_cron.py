"""Cron expressions mean what EventBridge's mean, in summer and in winter time."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from rimedio.domain.errors import InvalidInput
from rimedio.events.cron import Cron

ROME = ZoneInfo("Europe/Rome")
THURSDAY = datetime(2026, 1, 1, tzinfo=UTC)


def runs(
    expression: str, after: datetime = THURSDAY, count: int = 3, zone: ZoneInfo | None = None
) -> list[str]:
    cron, found = Cron.parse(expression), []
    for _ in range(count):
        following = cron.next_after(after, zone or ZoneInfo("UTC"))
        if following is None:
            break
        found.append(following.astimezone(zone or UTC).strftime("%y-%m-%d %H:%M"))
        after = following
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 10 * * ? *", ["26-01-01 10:00", "26-01-02 10:00", "26-01-03 10:00"]),
        ("0 18 ? * MON-FRI *", ["26-01-01 18:00", "26-01-02 18:00", "26-01-05 18:00"]),
        ("0 18 ? * 2-6 *", ["26-01-01 18:00", "26-01-02 18:00", "26-01-05 18:00"]),
        ("0 8 1 * ? *", ["26-01-01 08:00", "26-02-01 08:00", "26-03-01 08:00"]),
        ("0/15 * * * ? *", ["26-01-01 00:15", "26-01-01 00:30", "26-01-01 00:45"]),
        ("*/20 * * * ? *", ["26-01-01 00:20", "26-01-01 00:40", "26-01-01 01:00"]),
        ("1/10 * * * ? *", ["26-01-01 00:01", "26-01-01 00:11", "26-01-01 00:21"]),
        ("5,35 14 * * ? *", ["26-01-01 14:05", "26-01-01 14:35", "26-01-02 14:05"]),
        ("0/30 23-0 ? * THU *", ["26-01-01 00:30", "26-01-01 23:00", "26-01-01 23:30"]),
        ("0 0 ? * FRI-SUN *", ["26-01-02 00:00", "26-01-03 00:00", "26-01-04 00:00"]),
        ("15 10 ? * 6L *", ["26-01-30 10:15", "26-02-27 10:15", "26-03-27 10:15"]),
        ("15 10 ? * FRIL *", ["26-01-30 10:15", "26-02-27 10:15", "26-03-27 10:15"]),
        ("0 0 ? * 3#2 *", ["26-01-13 00:00", "26-02-10 00:00", "26-03-10 00:00"]),
        ("0 0 ? * TUE#5 *", ["26-03-31 00:00", "26-06-30 00:00", "26-09-29 00:00"]),
        ("0 0 ? * L *", ["26-01-03 00:00", "26-01-10 00:00", "26-01-17 00:00"]),
        ("0 0 L * ? *", ["26-01-31 00:00", "26-02-28 00:00", "26-03-31 00:00"]),
        ("0 0 LW * ? *", ["26-01-30 00:00", "26-02-27 00:00", "26-03-31 00:00"]),
        ("0 0 3W * ? *", ["26-01-02 00:00", "26-02-03 00:00", "26-03-03 00:00"]),
        ("0 0 1W FEB,MAR ? *", ["26-02-02 00:00", "26-03-02 00:00", "27-02-01 00:00"]),
        ("0 0 31W * ? *", ["26-01-30 00:00", "26-03-31 00:00", "26-05-29 00:00"]),
        ("0 0 29 2 ? *", ["28-02-29 00:00", "32-02-29 00:00", "36-02-29 00:00"]),
        ("0 0 1 JAN ? 2027-2028", ["27-01-01 00:00", "28-01-01 00:00"]),
        ("0 0 1 1/6 ? *", ["26-07-01 00:00", "27-01-01 00:00", "27-07-01 00:00"]),
        ("0 12 * jan ? 2027", ["27-01-01 12:00", "27-01-02 12:00", "27-01-03 12:00"]),
        ("0 0 30 2 ? *", []),
        ("0 0 * * ? 2020", []),
    ],
)
def test_an_expression_runs_when_the_guide_says(expression: str, expected: list[str]) -> None:
    assert runs(expression) == expected


def test_a_time_that_summer_time_leaves_out_is_skipped() -> None:
    march = datetime(2026, 3, 27, 12, tzinfo=UTC)
    assert runs("30 2 * * ? *", march, 3, ROME) == ["26-03-28 02:30", "26-03-30 02:30", "26-03-31 02:30"]
    night = datetime(2026, 3, 29, 0, 45, tzinfo=UTC)  # 01:45 in Rome, 15 minutes before the change
    assert runs("0/30 * * * ? *", night, 3, ROME) == ["26-03-29 03:00", "26-03-29 03:30", "26-03-29 04:00"]


def test_a_time_that_winter_time_brings_twice_runs_the_first_time_only() -> None:
    cron, after, found = Cron.parse("30 * * * ? *"), datetime(2026, 10, 24, 23, 0, tzinfo=UTC), []
    for _ in range(3):
        following = cron.next_after(after, ROME)
        assert following is not None
        found.append(following.strftime("%H:%M"))
        after = following
    assert found == ["23:30", "00:30", "02:30"]  # UTC; 01:30, 02:30 and 03:30 in Rome
    between = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert cron.next_after(between, ROME) == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "0 10 * * *",
        "0 10 * * * *",
        "0 10 ? * ? *",
        "0 10 1 * MON *",
        "60 * * * ? *",
        "0 24 * * ? *",
        "0 0 0 * ? *",
        "0 0 32 * ? *",
        "0 0 * 13 ? *",
        "0 0 ? * 8 *",
        "0 0 ? * 0 *",
        "0 0 ? * 3#6 *",
        "0 0 ? * 3#1,6#3 *",
        "0 0 * * ? 1969",
        "0 0 * * ? 2200",
        "0 0 * * ? 2028-2027",
        "0/0 * * * ? *",
        "*-5 * * * ? *",
        "a * * * ? *",
        "0 0 W * ? *",
        "0 0 ? * MON/ *",
        "0 0 L-3 * ? *",
        "-1 * * * ? *",
        "9" * 5000 + " * * * ? *",  # more digits than Python makes a number of
        "*/" + "9" * 5000 + " * * * ? *",
        "0 0 ٣W * ? *",
        "/5 * * * ? *",
        ", * * * ? *",
        "0 0 1,15W * ? *",
        "0 0 ? * 5L,6 *",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(InvalidInput, match="cron"):
        Cron.parse(expression)


NUMBERS = st.integers(0, 59).map(str)
MINUTES = st.one_of(
    NUMBERS, st.just("*"), st.tuples(NUMBERS, st.integers(1, 30)).map(lambda p: f"{p[0]}/{p[1]}")
)
HOURS = st.one_of(st.integers(0, 23).map(str), st.just("*"), st.just("8-17"), st.just("*/6"))
DAYS = st.one_of(
    st.integers(1, 31).map(str), st.just("*"), st.just("L"), st.just("LW"), st.just("1-7"), st.just("1/10")
)
MONTH_NAMES = st.one_of(st.just("*"), st.integers(1, 12).map(str), st.just("JAN,JUL"), st.just("2-4"))
WEEKDAY_NAMES = st.one_of(
    st.sampled_from(["MON", "SUN", "MON-FRI", "TUE,SAT", "FRIL", "SATL", "THU#2", "SUN#5"])
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    MINUTES,
    HOURS,
    DAYS,
    MONTH_NAMES,
    WEEKDAY_NAMES,
    st.booleans(),
    st.integers(0, 6 * 366 * 86_400),
)
def test_what_both_dialects_can_say_runs_when_cronsim_runs_it(  # type: ignore[no-untyped-def]
    minute, hour, day, month, weekday, by_day, seconds
) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ours = f"{minute} {hour} {day} {month} ? *" if by_day else f"{minute} {hour} ? {month} {weekday} *"
    step = minute.replace("/", "-59/") if minute[0] != "*" else minute
    theirs = f"{step} {hour} {day.replace('1/10', '1-31/10') if by_day else '*'} {month} {'*' if by_day else cronsim_weekday(weekday)}"
    try:
        peer = CronSim(theirs, start)
        expected = next(peer)
    except (CronSimError, StopIteration):
        return  # a day that the month never has
    assert Cron.parse(ours).next_after(start, ZoneInfo("UTC")) == expected, (ours, theirs)


def cronsim_weekday(weekday: str) -> str:
    """The last Friday is 5L there."""
    return re.sub("^(FRI|SAT)L$", lambda m: {"FRI": "5L", "SAT": "6L"}[m[1]], weekday)
