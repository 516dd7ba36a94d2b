"""Entries are written once, and the sums beside them agree with them."""

from datetime import UTC, datetime

from rimedio.cost.ledger import Ledger, Spent
from rimedio.cost.money import nano

TENANT = "acme"


def test_an_entry_is_found_under_its_ticket_and_in_every_sum(ledger: Ledger, entry) -> None:
    assert ledger.add(entry("cst_1", 0.25))

    assert ledger.of_ticket(TENANT, "tkt_1") == (entry("cst_1", 0.25),)
    once = Spent(nano(0.25), 100, 20, 1)
    assert ledger.ticket_total(TENANT, "tkt_1") == once
    month = ledger.month(TENANT, "2026-01")
    assert (month.total, month.by_model, month.by_step, month.by_day) == (
        once,
        {"big": once},
        {"generate": once},
        {"2026-01-31": once},
    )


def test_an_entry_that_is_written_again_counts_once(ledger: Ledger, entry) -> None:
    assert ledger.add(entry("cst_1"))
    assert not ledger.add(entry("cst_1"))
    assert ledger.month(TENANT, "2026-01").total.entries == 1


def test_a_question_without_a_ticket_counts_for_the_month_and_for_no_ticket(ledger: Ledger, entry) -> None:
    ledger.add(entry("cst_1", ticket_id=None))
    assert ledger.month(TENANT, "2026-01").total.entries == 1
    assert ledger.ticket_total(TENANT, "tkt_1") == Spent()


def test_months_and_tenants_are_kept_apart(ledger: Ledger, entry) -> None:
    ledger.add(entry("cst_1"))
    ledger.add(entry("cst_2", at=datetime(2026, 2, 1, tzinfo=UTC)))
    ledger.add(entry("cst_3", tenant_id="other"))
    assert ledger.month(TENANT, "2026-01").total.entries == 1
    assert ledger.month(TENANT, "2026-02").by_day.keys() == {"2026-02-01"}
    assert ledger.month("other", "2026-01").total.entries == 1


def test_the_sums_of_many_entries_agree_with_the_entries(ledger: Ledger, entry) -> None:
    for number in range(450):
        ledger.add(
            entry(
                f"cst_{number}",
                (number % 7) * 0.000_000_123,
                model=("big", "small", "with#hash")[number % 3],
                step=("generate", "second_opinion")[number % 2],
                ticket_id=None if number % 5 == 0 else f"tkt_{number % 11}",
                at=datetime(2026, 1, 1 + number % 31, tzinfo=UTC),
            )
        )
    told, added = ledger.reconcile(TENANT, "2026-01")
    assert told == added
    assert told.total.entries == 450
    assert sum(spent.cost_nano for spent in told.by_day.values()) == told.total.cost_nano


def test_days_tell_what_each_model_cost(ledger: Ledger, entry) -> None:
    ledger.add(entry("cst_1", 1, model="big"))
    ledger.add(entry("cst_2", 2, model="small", at=datetime(2026, 1, 30, tzinfo=UTC)))
    found = ledger.days(TENANT, "2026-01-30", "2026-01-31")
    assert {key: spent.cost_nano for key, spent in found.items()} == {
        ("2026-01-30", "small"): nano(2),
        ("2026-01-31", "big"): nano(1),
    }
    assert ledger.days(TENANT, "2026-01-01", "2026-01-29") == {}
