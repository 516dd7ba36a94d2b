"""Adapters that the contract suites run against; the DynamoDB and S3 adapters add a parameter here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.file_objects import FileObjectStore
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.storage.objects import ObjectStore
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.streams import ChangeStream
from rimedio.storage.table import Table


@dataclass(frozen=True)
class TableHome:
    """A table under test, its change stream, and the clock that it tells the time by."""

    table: Table
    stream: ChangeStream
    clock: FakeClock


@pytest.fixture(params=["sqlite-memory", "sqlite-file"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TableHome]:
    clock = FakeClock()
    database = Database(None if request.param == "sqlite-memory" else tmp_path / "rimedio.db")
    yield TableHome(SqliteTable(database, clock), SqliteChangeStream(database, clock), clock)
    database.close()


@pytest.fixture
def table(home: TableHome) -> Table:
    return home.table


@pytest.fixture(params=["memory", "files"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return MemoryObjectStore() if request.param == "memory" else FileObjectStore(tmp_path / "objects")
