"""The change stream is the outbox: every change is told once, and none holds back the others."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.events.bus import Rule, Target
from rimedio.events.dispatch import Dispatcher, TargetRegistry
from rimedio.events.event import Event
from rimedio.events.outbox import OutboxRelay
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.storage.database import Database
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable


class Home:
    def __init__(self) -> None:
        clock, database = FakeClock(datetime(2026, 1, 31, 8, 30, tzinfo=UTC)), Database(None)
        self.table, self.stream = SqliteTable(database, clock), SqliteChangeStream(database, clock)
        queue = SqliteQueue(database, clock)
        self.bus = SqliteBus(database, queue, clock)
        self.seen: list[Event] = []
        targets = TargetRegistry(handlers={"seen": self.seen.append})
        self.dispatcher = Dispatcher(queue, targets, clock)
        self.bus.put_rule(
            Rule("acme", "all", {"source": ["rimedio.tickets"]}, (Target("t", "handler:seen"),))
        )
        self.relay = OutboxRelay(self.stream, self.bus)

    def write(self, ticket: str, **more: object) -> None:
        item = {"entity": "ticket", "tenant_id": "acme", "ticket_id": ticket, "version": 1, "status": "NEW"}
        self.table.put(item | {"pk": f"T#acme#TICKET#{ticket}", "sk": "META"} | more)

    def work(self) -> list[str]:
        while self.relay.run_once():
            pass
        while self.dispatcher.run_once():
            pass
        return [str(event.detail["ticket_id"]) for event in self.seen]


@pytest.fixture
def home() -> Home:
    return Home()


def test_what_is_written_is_told(home: Home) -> None:
    for n in range(250):
        home.write(f"tkt_{n}")
    assert home.work() == [f"tkt_{n}" for n in range(250)]
    assert home.relay.run_once() == 0


def test_a_relay_that_died_before_it_acknowledged_tells_nothing_twice(home: Home) -> None:
    class Forgetful:
        def read(self, consumer: str, limit: int = 100) -> Sequence[object]:
            return home.stream.read(consumer, limit)

        def acknowledge(self, *_: object) -> None:
            raise SystemExit

    home.write("tkt_1")
    with pytest.raises(SystemExit):
        OutboxRelay(Forgetful(), home.bus).run_once()  # type: ignore[arg-type]
    assert home.work() == ["tkt_1"]


def test_a_change_that_cannot_be_read_or_is_refused_does_not_hold_back_the_others(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.write("tkt_1", serial={"no": "text"}, priority=["odd"])
    home.write("tkt_2", category="x" * 300_000)
    home.write("tkt_3")
    assert home.work() == ["tkt_3"]
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 2
