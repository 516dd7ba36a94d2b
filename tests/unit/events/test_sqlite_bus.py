"""An event that is put right behind a change of rules or archives, before its writer has returned."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.events.archive import Archive
from rimedio.events.bus import Rule, Target
from rimedio.events.detail_types import DetailType
from rimedio.events.publisher import EventPublisher
from rimedio.events.sqlite_archive import SqliteArchive
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.storage.database import Database

RULE = Rule("acme", "r", {"account": ["acme"]}, (Target("t", "handler:h"),))


class Watched(Database):
    """A database; somebody else acts once, right after a transaction was committed."""

    act: Callable[[], object] | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with super().transaction() as connection:
            yield connection
        if self.act is not None and not connection.in_transaction:
            act, self.act = self.act, None
            act()


class Home:
    def __init__(self) -> None:
        clock, ids = FakeClock(datetime(2026, 1, 31, tzinfo=UTC)), SeededIds(1)
        self.database = Watched(None)
        self.queue = SqliteQueue(self.database, clock)
        self.bus = SqliteBus(self.database, self.queue, clock)
        self.archive = SqliteArchive(self.database, self.bus, clock, ids)
        self.publisher = EventPublisher(self.bus, clock, ids)

    def happen(self) -> None:
        self.publisher.publish("acme", DetailType.TICKET_OPENED, {"ticket_id": "tkt_1"})

    def archived(self) -> int:
        return int(self.database.rows("SELECT count(*) FROM event_archived")[0][0])


@pytest.fixture
def home() -> Home:
    return Home()


def test_a_rule_that_was_removed_gets_nothing_more(home: Home) -> None:
    home.bus.put_rule(RULE)
    home.happen()
    home.database.act = home.happen
    home.bus.remove_rule("acme", "r")
    assert home.bus.waiting() == 0


def test_a_rule_that_was_put_gets_what_comes_next(home: Home) -> None:
    home.happen()  # the rules there are, none, are known now
    home.database.act = home.happen
    home.bus.put_rule(RULE)
    assert home.bus.waiting() == 1
    home.happen()
    assert home.bus.waiting() == 2


def test_an_archive_that_was_removed_keeps_nothing_more(home: Home) -> None:
    home.archive.put_archive(Archive("acme", "a", 30))
    home.happen()
    assert home.archived() == 1
    home.database.act = home.happen
    home.archive.remove_archive("acme", "a")
    assert home.archived() == 0
