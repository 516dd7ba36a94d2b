"""The change stream in SQLite: time by the injected clock, and trimming that takes nothing from a consumer."""

from datetime import timedelta

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.storage.database import Database
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.streams import ChangeKind
from rimedio.storage.table import Key

DAY_S = 24 * 3600


class Laptop:
    def __init__(self) -> None:
        self.clock = FakeClock()
        database = Database(None)
        self.table = SqliteTable(database, self.clock)
        self.stream = SqliteChangeStream(database, self.clock)

    def put(self, n: int) -> None:
        self.table.put({"pk": "p", "sk": "s", "n": n})


@pytest.fixture
def laptop() -> Laptop:
    return Laptop()


def test_a_change_carries_the_time_of_the_clock(laptop: Laptop) -> None:
    start = laptop.clock.now()
    laptop.put(1)
    laptop.clock.advance(1.5)
    laptop.put(2)
    assert [change.at - start for change in laptop.stream.read("c")] == [
        timedelta(0),
        timedelta(seconds=1.5),
    ]


def test_old_changes_are_trimmed_when_nobody_reads(laptop: Laptop) -> None:
    laptop.put(1)
    laptop.clock.advance(DAY_S)
    laptop.put(2)
    assert laptop.stream.trim() == 0
    laptop.clock.advance(1)
    assert laptop.stream.trim() == 1
    assert [change.new for change in laptop.stream.read("c")] == [{"pk": "p", "sk": "s", "n": 2}]


def test_a_slow_consumer_keeps_what_it_has_not_acknowledged(laptop: Laptop) -> None:
    for n in range(3):
        laptop.put(n)
    first = laptop.stream.read("slow")[0]
    laptop.stream.acknowledge("fast", laptop.stream.read("fast")[-1])
    laptop.stream.acknowledge("slow", first)
    laptop.clock.advance(30 * DAY_S)
    assert laptop.stream.trim() == 1
    assert len(laptop.stream.read("slow")) == 2
    laptop.stream.forget("slow")
    assert laptop.stream.trim() == 2


def test_what_was_trimmed_never_lends_its_number_to_a_later_change(laptop: Laptop) -> None:
    laptop.put(1)
    last = laptop.stream.read("c")[-1]
    laptop.stream.acknowledge("c", last)
    laptop.clock.advance(2 * DAY_S)
    assert laptop.stream.trim() == 1
    laptop.put(2)
    assert laptop.stream.read("c")[0].sequence > last.sequence


def test_purging_tells_that_time_was_up(laptop: Laptop) -> None:
    expires_at = int(laptop.clock.now().timestamp()) + 60
    item = {"pk": "p", "sk": "s", "expires_at": expires_at}
    laptop.table.put(item)
    laptop.table.put({"pk": "p", "sk": "t"})
    laptop.clock.advance(60)
    assert laptop.table.purge_expired() == 1
    assert laptop.table.purge_expired() == 0
    last = laptop.stream.read("c")[-1]
    assert (last.kind, last.key, last.old, last.new, last.expired) == (
        ChangeKind.REMOVE, Key("p", "s"), item, None, True,
    )  # fmt: skip


def test_a_purge_takes_as_many_as_it_was_told(laptop: Laptop) -> None:
    for n in range(5):
        laptop.table.put({"pk": "p", "sk": str(n), "expires_at": 1})
    assert [laptop.table.purge_expired(2) for _ in range(4)] == [2, 2, 1, 0]
