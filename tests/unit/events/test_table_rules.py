"""Rules in the table: kept for moments, and never believed gone because of that."""

from datetime import UTC, datetime

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import EVERY_TENANT, Rule, Target
from rimedio.events.event import event_id, new_event
from rimedio.events.operators import InvalidPattern
from rimedio.events.table_rules import FRESH_SECONDS, TableRules
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

ALL = {"source": ["rimedio.tickets"]}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 31, tzinfo=UTC))


@pytest.fixture
def table(clock):
    database = Database(None)
    yield SqliteTable(database, clock)
    database.close()


def rule(name: str = "rule", tenant: str = "acme", **more: object) -> Rule:
    return Rule(tenant, name, ALL, (Target("t", "webhook:w"),), **more)  # type: ignore[arg-type]


def names(rules: TableRules, tenant: str = "acme") -> list[str]:
    event = new_event(
        event_id("one"), source="rimedio.tickets", detail_type="TicketOpened", tenant_id=tenant,
        time=datetime(2026, 1, 31, tzinfo=UTC), detail={},
    )  # fmt: skip
    return [found.name for found in rules.for_event(event, event.envelope())]


def test_another_processs_rule_counts_after_moments(table, clock) -> None:
    mine, theirs = TableRules(table, clock), TableRules(table, clock)
    assert names(mine) == []
    theirs.put(rule())
    assert names(mine) == []
    clock.advance(FRESH_SECONDS)
    assert names(mine) == ["rule"]


def test_a_rule_that_is_new_elsewhere_is_never_believed_gone(table, clock) -> None:
    mine, theirs = TableRules(table, clock), TableRules(table, clock)
    assert mine.all("acme") == ()
    theirs.put(rule())
    assert mine.known("acme", "rule")
    assert not mine.known("acme", "other")
    assert not mine.known("beta", "rule")


def test_rules_of_the_tenant_and_of_the_system_are_asked_and_no_others(table, clock) -> None:
    rules = TableRules(table, clock)
    for tenant in ("acme", "beta", EVERY_TENANT):
        rules.put(rule(f"of-{'all' if tenant == EVERY_TENANT else tenant}", tenant))
    rules.put(rule("off", enabled=False))
    assert names(rules) == ["of-all", "of-acme"]


def test_a_rule_survives_as_it_was_written(table, clock) -> None:
    written = rule(description="why", managed_by="webhooks")
    TableRules(table, clock).put(written)
    assert TableRules(table, clock).all("acme") == (written,)


def test_bad_patterns_and_too_many_rules_are_refused(table, clock, monkeypatch) -> None:
    monkeypatch.setattr("rimedio.events.table_rules.RULES_MAX", 8)
    rules = TableRules(table, clock)
    with pytest.raises(InvalidPattern):
        rules.put(Rule("acme", "bad", {"a": []}))
    for n in range(8):
        rules.put(rule(f"r{n}"))
    rules.put(rule("r7"))
    with pytest.raises(InvalidInput):
        rules.put(rule("one-more"))
