"""Whoever wants to know hears of a level once, each time a budget comes to it."""

import pytest

from rimedio.cost.budgets import Budgets, Level, Limits
from rimedio.cost.level_watch import LevelChange, LevelWatch
from rimedio.cost.money import nano
from rimedio.domain.clock import FakeClock
from rimedio.storage.table import Table

TENANT = "acme"


@pytest.fixture
def told() -> list[LevelChange]:
    return []


@pytest.fixture
def watch(table: Table, budgets: Budgets, told: list[LevelChange]) -> LevelWatch:
    return LevelWatch(table, budgets, lambda: [TENANT, "other"], told.append)


def spend(budgets: Budgets, entry, call, usd: float) -> None:
    hold = budgets.hold(call(usd), Level.FULL, admitted=True)
    budgets.settle(hold, entry(hold.hold_id, usd, at=hold.at))


def test_each_level_is_told_once(watch, told, budgets, entry, call) -> None:
    assert watch.run_once() == 0
    spend(budgets, entry, call, 7.5)
    assert [watch.run_once(), watch.run_once()] == [1, 0]
    spend(budgets, entry, call, 2.6)
    watch.run_once()
    assert [(c.tenant_id, c.previous, c.state.settled_level) for c in told] == [
        (TENANT, Level.FULL, Level.SMALL_MODEL),
        (TENANT, Level.SMALL_MODEL, Level.PERSON),
    ]
    assert len({change.key for change in told}) == 2


def test_money_that_is_only_put_aside_is_not_news(watch, told, budgets, call) -> None:
    budgets.hold(call(9), Level.FULL)
    watch.run_once()
    assert told == []


def test_a_new_month_and_a_raised_budget_are_news(
    watch, told, budgets, clock: FakeClock, entry, call
) -> None:
    spend(budgets, entry, call, 7.5)
    watch.run_once()
    budgets.set_limits(TENANT, Limits(nano(100)))
    watch.run_once()
    budgets.set_limits(TENANT, Limits(nano(10)))
    watch.run_once()
    clock.advance(86_400)
    watch.run_once()
    assert [c.state.settled_level for c in told] == [
        Level.SMALL_MODEL,
        Level.FULL,
        Level.SMALL_MODEL,
        Level.FULL,
    ]


def test_what_was_told_before_a_crash_is_told_under_the_same_key(table, budgets, told, entry, call) -> None:
    spend(budgets, entry, call, 7.5)

    def die(change: LevelChange) -> None:
        told.append(change)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LevelWatch(table, budgets, lambda: [TENANT], die).run_once()
    LevelWatch(table, budgets, lambda: [TENANT], told.append).run_once()
    assert len(told) == 2
    assert told[0].key == told[1].key


def test_calls_of_dead_processes_are_settled_on_the_way(watch, budgets, clock: FakeClock, call) -> None:
    budgets.hold(call(1), Level.FULL)
    clock.advance(3600)
    assert watch.run_once() == 1
    assert budgets.state(TENANT).spent_nano == nano(1)
