"""Adapters that the contract suites run against; the DynamoDB and S3 adapters add a parameter here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Table


@dataclass(frozen=True)
class TableHome:
    """A table under test with its stream and the clock that it tells the time by."""

    table: Table
    clock: FakeClock


@pytest.fixture(params=["sqlite-memory", "sqlite-file"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TableHome]:
    clock = FakeClock()
    database = Database(None if request.param == "sqlite-memory" else tmp_path / "rimedio.db")
    yield TableHome(SqliteTable(database, clock), clock)
    database.close()


@pytest.fixture
def table(home: TableHome) -> Table:
    return home.table
