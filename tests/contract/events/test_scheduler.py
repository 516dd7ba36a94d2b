"""What every scheduler must do."""

from datetime import UTC, datetime, timedelta

import pytest

from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.bus import Target
from rimedio.events.schedule import Schedule, Scheduler
from rimedio.events.sqlite_scheduler import SqliteScheduler

# EventBridge Scheduler keeps time by itself, and moto stores schedules without running them.
AT_HOME = pytest.mark.parametrize("home", ["sqlite-memory", "sqlite-file"], indirect=True)
START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)


@pytest.fixture
def scheduler(home) -> Scheduler:
    return home.make_scheduler()


def make(expression: str, name: str = "night", **more: object) -> Schedule:
    given = {"target": Target("t", "handler:seen"), "created_at": START, "tenant_id": "acme"}
    return Schedule(name=name, expression=expression, **(given | more))  # type: ignore[arg-type]


def run(home, scheduler, minutes: int, step: int = 1) -> list[str]:
    """Let time go by; when the handler was called, and for which time."""
    for _ in range(0, minutes, step):
        getattr(scheduler, "run_once", int)()  # where the home keeps time itself
        home.work()
        home.clock.advance(60 * step)
    return [event.detail["scheduled_at"][11:16] for event in home.received]


@AT_HOME
def test_a_rate_begins_at_once_and_goes_on(home, scheduler) -> None:
    scheduler.put(make("rate(5 minutes)"))
    assert run(home, scheduler, 16) == ["08:30", "08:35", "08:40", "08:45"]


@AT_HOME
def test_a_rate_with_a_start_begins_there_and_ends_at_its_end(home, scheduler) -> None:
    start, end = START + timedelta(minutes=7), START + timedelta(minutes=20)
    scheduler.put(make("rate(5 minutes)", start=start, end=end))
    assert run(home, scheduler, 60) == ["08:37", "08:42", "08:47"]
    assert scheduler.get("acme", "night").next_at is None


@AT_HOME
def test_a_cron_runs_in_its_time_zone(home, scheduler) -> None:
    state = scheduler.put(make("cron(0 10 * * ? *)", timezone="Europe/Rome"))
    assert state.next_at == datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
    assert run(home, scheduler, 60) == ["09:00"]


@AT_HOME
def test_a_one_time_schedule_runs_once_and_goes(home, scheduler) -> None:
    scheduler.put(make("at(2026-01-31T09:45:00)", timezone="Europe/Rome"))
    assert run(home, scheduler, 60) == ["08:45"]
    assert scheduler.list("acme") == ()
    with pytest.raises(InvalidInput, match="never run"):
        scheduler.put(make("at(2026-01-31T09:45:00)", timezone="Europe/Rome"))


@AT_HOME
def test_what_was_missed_while_nothing_ran_is_made_up_for_once(home, scheduler) -> None:
    scheduler.put(make("rate(5 minutes)"))
    run(home, scheduler, 2)
    home.clock.advance(3 * 86_400)
    reborn = SqliteScheduler(home.database, home.bus, home.clock)
    seen = len(home.received)
    run(home, reborn, 3)
    assert len(home.received) == seen + 1
    assert reborn.get("acme", "night").next_at == START + timedelta(days=3, minutes=5)


@AT_HOME
def test_a_flexible_window_spreads_runs_but_never_leaves_it(home, scheduler) -> None:
    for n in range(8):
        scheduler.put(make("cron(0 9 * * ? *)", name=f"s{n}", window_minutes=30))
    due = sorted(state.next_at for state in scheduler.list("acme"))
    nine = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
    assert nine <= due[0] < due[-1] < nine + timedelta(minutes=30)
    assert run(home, scheduler, 70) == ["09:00"] * 8


def test_one_that_is_switched_off_does_not_run(home, scheduler) -> None:
    scheduler.put(make("rate(1 minute)", enabled=False))
    assert run(home, scheduler, 5) == []


@AT_HOME
def test_a_target_gets_the_input_and_its_failures_are_tried_again(home, scheduler) -> None:
    calls = []

    def flaky(event):
        calls.append(event.detail)
        if len(calls) == 1:
            raise OSError("down")

    home.targets.handlers["flaky"] = flaky
    scheduler.put(make("at(2026-01-31T08:31:00)", target=Target("t", "handler:flaky", input={"deep": True})))
    run(home, scheduler, 5)
    assert len(calls) == 2
    assert calls[0]["input"] == {"deep": True}
    assert calls[0]["schedule"] == "night"


@AT_HOME
def test_ensuring_an_unchanged_schedule_leaves_its_next_run_alone(home, scheduler) -> None:
    scheduler.ensure(make("rate(1 day)"))
    run(home, scheduler, 1)
    before = scheduler.get("acme", "night")
    home.clock.advance(600)
    scheduler.ensure(make("rate(1 day)", created_at=home.clock.now()))
    assert scheduler.get("acme", "night") == before
    scheduler.ensure(make("rate(2 days)", created_at=home.clock.now()))
    assert scheduler.get("acme", "night").schedule.expression == "rate(2 days)"


def test_schedules_belong_to_a_tenant_and_can_be_removed(home, scheduler) -> None:
    scheduler.put(make("rate(1 minute)"))
    for action in (scheduler.get, scheduler.remove):
        with pytest.raises(NotFound):
            action("other", "night")
    scheduler.remove("acme", "night")
    assert scheduler.list("acme") == ()
    assert run(home, scheduler, 3) == []


@pytest.mark.parametrize(
    "change",
    [
        {"expression": "rate(0 minutes)"},
        {"expression": "rate(1 minutes)"},
        {"expression": "rate(5 minute)"},
        {"expression": "rate(5 seconds)"},
        {"expression": "at(2026-13-31T08:30:00)"},
        {"expression": "at(2026-01-31T08:30:00Z)"},
        {"expression": "every day"},
        {"expression": "cron(0 0 1 * MON *)"},
        {"timezone": "Europe/Atlantis"},
        {"timezone": "../etc/passwd"},
        {"window_minutes": 1441},
        {"name": "bad name"},
        {"start": START, "end": START},
    ],
)
def test_a_schedule_that_means_nothing_is_refused(change: dict) -> None:
    with pytest.raises(InvalidInput):
        make(**({"expression": "rate(1 hour)"} | change))


def test_one_that_would_never_run_is_refused(scheduler) -> None:
    with pytest.raises(InvalidInput, match="never run"):
        scheduler.put(make("cron(0 0 30 2 ? *)"))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"expression": "cron(0 10 ? * MON-FRI *)", "timezone": "Europe/Rome", "window_minutes": 15},
        {"start": START + timedelta(hours=1), "end": START + timedelta(days=9), "enabled": False},
        {"target": Target("t", "webhook:whk_1", input={"deep": [1, "two"]}), "description": "each night"},
        {"expression": "at(2026-02-28T23:59:00)", "timezone": "Europe/Rome"},
    ],
)
def test_a_schedule_is_read_as_it_was_put_and_can_be_replaced(scheduler, more) -> None:
    scheduler.put(make("rate(3 days)"))
    wanted = make(**({"expression": "rate(1 day)"} | more))
    put = scheduler.put(wanted)
    assert scheduler.get("acme", "night").schedule == wanted
    assert [state.schedule for state in scheduler.list("acme")] == [wanted]
    assert put.next_at is not None or not wanted.enabled


def test_ensuring_makes_it_once_and_changes_what_has_changed(home, scheduler) -> None:
    scheduler.ensure(make("rate(1 day)"))
    scheduler.ensure(make("rate(1 day)", created_at=START + timedelta(hours=1)))
    assert scheduler.get("acme", "night").schedule.created_at == START
    scheduler.ensure(make("rate(2 days)"))
    assert scheduler.get("acme", "night").schedule.expression == "rate(2 days)"


def test_many_schedules_with_long_names_stay_apart(scheduler) -> None:
    names = [f"{'n' * 60}-{n}" for n in range(3)]
    for name in names:
        scheduler.put(make("rate(1 day)", name=name))
        scheduler.put(make("rate(1 day)", name=name, tenant_id="other"))
    assert [state.schedule.name for state in scheduler.list("acme")] == names
    scheduler.remove("acme", names[0])
    assert len(scheduler.list("other")) == 3
