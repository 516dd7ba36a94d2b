"""A table in memory, a clock that stands still, and money."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from rimedio.cost.budgets import Budgets, Call, Limits
from rimedio.cost.ledger import CostEntry, CostKind, Ledger
from rimedio.cost.money import nano
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Table

TENANT = "acme"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 1, 31, 10, tzinfo=UTC))


@pytest.fixture
def table(clock: FakeClock) -> Table:
    return SqliteTable(Database(None), clock)


@pytest.fixture
def ledger(table: Table) -> Ledger:
    return Ledger(table)


@pytest.fixture
def budgets(table: Table, clock: FakeClock) -> Budgets:
    """Ten dollars a month: seven for the model, nine for the smaller one, ten for all."""
    return Budgets(table, clock, SeededIds(1), Limits(nano(10)))


@pytest.fixture
def entry(clock: FakeClock) -> Callable[..., CostEntry]:
    def make(entry_id: str, usd: float = 0.5, **changes: object) -> CostEntry:
        values: dict[str, object] = {
            "entry_id": entry_id,
            "tenant_id": TENANT,
            "ticket_id": "tkt_1",
            "step": "generate",
            "kind": CostKind.CHAT,
            "provider": "fake",
            "model": "big",
            "cost_nano": nano(usd),
            "at": clock.now(),
            "tokens_input": 100,
            "tokens_output": 20,
        }
        return CostEntry(**(values | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def call() -> Callable[..., Call]:
    def make(usd: float, tenant: str = TENANT, model: str = "big") -> Call:
        return Call(tenant, "tkt_1", "generate", "fake", model, nano(usd))

    return make
