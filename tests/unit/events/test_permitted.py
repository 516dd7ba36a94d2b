"""A tenant's own rules reach what is its own, and nothing of the system."""

from datetime import UTC, datetime

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Forbidden, NotFound
from rimedio.events.bus import Rule, Target
from rimedio.events.detail_types import DetailType
from rimedio.events.permitted import TenantRules
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.events.webhooks import Webhook, WebhookStore, rule_of
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

AT = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
ALL = {"source": ["rimedio.tickets"]}


@pytest.fixture
def rules() -> TenantRules:
    clock, database = FakeClock(AT), Database(None)
    store = WebhookStore(SqliteTable(database, clock))
    store.save(Webhook("whk_1", "acme", "https://a.example", (DetailType.TICKET_OPENED,), AT))
    return TenantRules(SqliteBus(database, SqliteQueue(database, clock), clock), store)


@pytest.mark.parametrize("address", ["webhook:whk_1", "workflow:ticket", "log:"])
def test_what_is_the_tenants_own_can_be_reached(rules: TenantRules, address: str) -> None:
    rules.put(Rule("acme", "own", ALL, (Target("t", address),)))
    rules.remove("acme", "own")


@pytest.mark.parametrize(
    ("tenant", "address", "error"),
    [
        ("acme", "handler:nightly-sweep", Forbidden),
        ("acme", "webhook:whk_2", NotFound),
        ("other", "webhook:whk_1", NotFound),
        ("acme", "workflow:erase", NotFound),
    ],
)
def test_what_is_not_is_refused(
    rules: TenantRules, tenant: str, address: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        rules.put(Rule(tenant, "own", ALL, (Target("t", address),)))
    assert rules.bus.rules(tenant) == ()


def test_a_rule_that_a_part_of_rimedio_keeps_is_not_the_tenants_to_change(rules: TenantRules) -> None:
    kept = rule_of(rules.webhooks.get("acme", "whk_1"))
    rules.bus.put_rule(kept)
    with pytest.raises(Forbidden):
        rules.put(Rule("acme", kept.name, ALL))
    with pytest.raises(Forbidden):
        rules.remove("acme", kept.name)
    with pytest.raises(NotFound):
        rules.remove("acme", "nothing")
