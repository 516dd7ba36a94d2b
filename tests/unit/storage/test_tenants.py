"""The list of tenants: each is noted once and none is forgotten."""

from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tenants import PAGE, TenantStore


def test_every_tenant_that_was_noted_is_listed_once() -> None:
    table = SqliteTable(Database(None), FakeClock())
    tenants = TenantStore(table)
    for name in ("beta", "acme", "beta"):
        tenants.note(name)
    TenantStore(table).note("acme")
    assert tenants.all() == ("acme", "beta")


def test_more_tenants_than_a_page_are_all_listed() -> None:
    tenants = TenantStore(SqliteTable(Database(None), FakeClock()))
    names = [f"t{number:04}" for number in range(PAGE + 7)]
    for name in names:
        tenants.note(name)
    assert tenants.all() == tuple(names)
