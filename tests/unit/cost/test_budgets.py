"""Budgets let calls in below the line, whoever else calls at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.cost.budgets import Budgets, Level, Limits
from rimedio.cost.ledger import CostOutcome, Ledger
from rimedio.cost.money import nano
from rimedio.domain.clock import FakeClock, RandomIds, SeededIds
from rimedio.domain.errors import BudgetReached, InvalidInput
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

TENANT = "acme"


def spend(budgets: Budgets, entry, call, usd: float, tier: Level = Level.FULL) -> None:
    hold = budgets.hold(call(usd), tier, admitted=True)
    assert budgets.settle(hold, entry(hold.hold_id, usd, at=hold.at))


@pytest.mark.parametrize(
    ("spent", "level"),
    [
        (0, Level.FULL),
        (6.99, Level.FULL),
        (7, Level.SMALL_MODEL),
        (8.99, Level.SMALL_MODEL),
        (9, Level.EXTRACTIVE),
        (9.99, Level.EXTRACTIVE),
        (10, Level.PERSON),
        (12, Level.PERSON),
    ],
)
def test_the_level_follows_the_money(budgets: Budgets, entry, call, spent: float, level: Level) -> None:
    if spent:
        spend(budgets, entry, call, spent)
    assert budgets.state(TENANT).level is level
    assert budgets.state(TENANT).settled_level is level


def test_money_put_aside_counts_until_the_call_is_settled(budgets: Budgets, entry, call) -> None:
    hold = budgets.hold(call(8), Level.FULL)
    assert budgets.state(TENANT).level is Level.SMALL_MODEL
    assert budgets.state(TENANT).settled_level is Level.FULL

    budgets.settle(hold, entry(hold.hold_id, 0.5, at=hold.at))

    state = budgets.state(TENANT)
    assert (state.spent_nano, state.committed_nano, state.level) == (nano(0.5), nano(0.5), Level.FULL)


def test_a_call_is_refused_from_its_tiers_share_on_and_told_why(budgets: Budgets, entry, call) -> None:
    spend(budgets, entry, call, 7)
    with pytest.raises(BudgetReached, match=r"SMALL_MODEL, \$7.00 of \$10.00 \(70%\).*2026-01"):
        budgets.hold(call(0.01), Level.FULL)
    budgets.hold(call(0.01, model="small"), Level.SMALL_MODEL)


def test_a_piece_of_work_that_was_let_in_may_go_on(budgets: Budgets, entry, call) -> None:
    spend(budgets, entry, call, 7)
    assert budgets.hold(call(0.01), Level.FULL, admitted=True)


def test_a_call_that_is_settled_twice_is_paid_once(budgets: Budgets, ledger: Ledger, entry, call) -> None:
    hold = budgets.hold(call(1), Level.FULL)
    assert budgets.settle(hold, entry(hold.hold_id, 0.4, at=hold.at))
    assert not budgets.settle(hold, entry(hold.hold_id, 0.4, at=hold.at))
    assert budgets.state(TENANT).spent_nano == nano(0.4) == ledger.month(TENANT, "2026-01").total.cost_nano


def test_a_new_month_begins_with_nothing_spent(budgets: Budgets, clock: FakeClock, entry, call) -> None:
    spend(budgets, entry, call, 10)
    assert budgets.state(TENANT).level is Level.PERSON
    clock.advance(24 * 3600)
    assert budgets.state(TENANT).month == "2026-02"
    assert budgets.state(TENANT).level is Level.FULL
    budgets.hold(call(1), Level.FULL)


def test_a_call_over_midnight_is_paid_by_the_month_that_let_it_in(
    budgets: Budgets, clock: FakeClock, entry, call
) -> None:
    clock.advance(13.9 * 3600)
    hold = budgets.hold(call(1), Level.FULL)
    clock.advance(3600)
    budgets.settle(hold, entry(hold.hold_id, 1, at=hold.at))
    assert budgets.state(TENANT, "2026-01").spent_nano == nano(1)
    assert budgets.state(TENANT).committed_nano == 0


def test_what_a_dead_process_put_aside_is_taken_as_spent(
    budgets: Budgets, ledger: Ledger, clock: FakeClock, call
) -> None:
    budgets.hold(call(2), Level.FULL)
    assert budgets.recover([TENANT]) == 0  # the call may still be under way

    clock.advance(21 * 60)

    assert budgets.recover([TENANT]) == 1
    assert budgets.recover([TENANT]) == 0
    state = budgets.state(TENANT)
    assert state.spent_nano == state.committed_nano == nano(2)
    assert [e.outcome for e in ledger.of_ticket(TENANT, "tkt_1")] == [CostOutcome.LOST]


def test_without_a_budget_nothing_is_refused_and_everything_is_counted(table, clock, entry, call) -> None:
    budgets = Budgets(table, clock, SeededIds())
    spend(budgets, entry, call, 1000)
    assert budgets.state(TENANT).level is Level.FULL
    budgets.set_limits(TENANT, Limits(nano(900)))
    assert budgets.state(TENANT).level is Level.PERSON


def test_a_budget_of_nothing_pays_nothing(budgets: Budgets, call) -> None:
    budgets.set_limits(TENANT, Limits(0))
    assert budgets.state(TENANT).level is Level.PERSON
    with pytest.raises(BudgetReached):
        budgets.hold(call(0.01), Level.FULL)


def test_a_tenants_own_limits_leave_others_alone(budgets: Budgets) -> None:
    budgets.set_limits(TENANT, Limits(nano(1), 0.1, 0.2, 0.3))
    assert budgets.limits("other") == Limits(nano(10))
    assert budgets.limits(TENANT) == Limits(nano(1), 0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    "limits", [Limits(-1), Limits(1, 0.9, 0.5, 1.0), Limits(1, -0.1), Limits(1, 1, 1, 11)]
)
def test_limits_that_make_no_sense_are_refused(budgets: Budgets, limits: Limits) -> None:
    with pytest.raises(InvalidInput):
        budgets.set_limits(TENANT, limits)


def test_tickets_side_by_side_overshoot_by_at_most_one_call_each(tmp_path: Path, entry, call) -> None:
    """Eight threads call as fast as they can; each was let in below the line, and none was let in above it."""
    clock = FakeClock(datetime(2026, 1, 31, 10, tzinfo=UTC))
    database = Database(tmp_path / "rimedio.sqlite")
    budgets = Budgets(SqliteTable(database, clock), clock, RandomIds(), Limits(nano(1), 1.0, 1.0, 1.0))
    threads, worst, real = 8, 0.02, 0.01
    begin = threading.Barrier(threads)

    def work() -> int:
        begin.wait(60)
        calls = 0
        while True:
            try:
                hold = budgets.hold(call(worst), Level.FULL)
            except BudgetReached:
                return calls
            budgets.settle(hold, entry(hold.hold_id, real, at=hold.at))
            calls += 1

    with ThreadPoolExecutor(threads) as pool:
        calls = sum(f.result() for f in [pool.submit(work) for _ in range(threads)])
    state = budgets.state(TENANT)
    assert state.spent_nano == state.committed_nano == calls * nano(real)
    assert nano(1) - threads * nano(worst) <= state.spent_nano <= nano(1) + threads * nano(worst)
    database.close()
