"""A data folder is swept once a day, whatever happened to the note of the last time."""

from datetime import timedelta
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import DiskFull
from rimedio.storage import keys
from rimedio.storage.database import Database
from rimedio.storage.housekeeping import Swept, sweep_daily
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable


class House:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        database = Database(None)
        self.table = SqliteTable(database, self.clock)
        self.stream = SqliteChangeStream(database, self.clock)
        self.stamp = folder / "swept"

    def write(self) -> None:
        self.table.put(keys.LINK.attributes(tenant="acme", kind="k", name="n"))

    def sweep(self) -> Swept | None:
        return sweep_daily(self.stamp, self.table, self.stream, self.clock.now())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_it_sweeps_at_first_and_then_a_day_later(house: House) -> None:
    house.write()
    assert house.sweep() == Swept(0, 0)  # what was written just now stays
    assert house.sweep() is None
    house.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert house.sweep() == Swept(0, 1)


@pytest.mark.parametrize("text", ["", "yesterday", "2999-01-01T00:00:00+00:00", "2026-01-01T00:00:00"])
def test_a_note_that_says_nothing_useful_does_not_stop_it(house: House, text: str) -> None:
    house.stamp.write_text(text, "utf-8")
    assert house.sweep() is not None
    assert house.sweep() is None


def test_a_full_disk_puts_it_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_at_once: int) -> int:
        raise DiskFull("full")

    monkeypatch.setattr(house.table, "purge_expired", full)
    assert house.sweep() is None
    assert not house.stamp.exists()
