"""Buses that the contract suite runs against; the EventBridge adapter adds a parameter here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.events.backoff import ExponentialBackoff
from rimedio.events.bus import Rule, Target
from rimedio.events.dispatch import Dispatcher, TargetRegistry
from rimedio.events.event import Event, event_id, new_event
from rimedio.events.sqlite_bus import SqliteBus
from rimedio.events.sqlite_queue import SqliteQueue
from rimedio.storage.database import Database


@dataclass
class BusHome:
    """A bus under test with one handler, `seen`, that keeps what it is given."""

    database: Database
    queue: SqliteQueue
    bus: SqliteBus
    clock: FakeClock
    targets: TargetRegistry
    dispatcher: Dispatcher
    received: list[Event] = field(default_factory=list)

    def event(self, name: str = "one", tenant: str = "acme", **detail: object) -> Event:
        return new_event(
            event_id(name),
            source="rimedio.tickets",
            detail_type="TicketOpened",
            tenant_id=tenant,
            time=self.clock.now(),
            detail={"name": name} | detail,  # type: ignore[arg-type]
        )

    def listen(self, pattern: dict, tenant: str = "acme", name: str = "rule", **target: object) -> None:
        receiver = Target("t", "handler:seen", **target)  # type: ignore[arg-type]
        self.bus.put_rule(Rule(tenant, name, pattern, (receiver,)))

    def work(self) -> None:
        for _ in range(50):
            if not self.dispatcher.run_once():
                return
        raise AssertionError("the queue does not come to rest")


@pytest.fixture(params=["sqlite-memory", "sqlite-file"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BusHome]:
    clock = FakeClock(datetime(2026, 1, 31, 8, 30, tzinfo=UTC))
    database = Database(None if request.param == "sqlite-memory" else tmp_path / "rimedio.db")
    queue = SqliteQueue(database, clock)
    targets = TargetRegistry()
    made = BusHome(
        database,
        queue,
        SqliteBus(database, queue, clock),
        clock,
        targets,
        Dispatcher(queue, targets, clock, waits=ExponentialBackoff(first_seconds=10)),
    )
    targets.handlers["seen"] = made.received.append
    yield made
    database.close()
