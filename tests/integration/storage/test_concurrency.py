"""Many threads on one table: a conditional write has exactly one winner, and no write is lost."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.domain.clock import RandomIds, SystemClock
from rimedio.domain.errors import ConditionFailed, Conflict
from rimedio.domain.ticket import Asset, Customer, Ticket
from rimedio.storage.conditions import Equals, NotExists
from rimedio.storage.database import Database
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Changes, Key, Put, Query, Update
from rimedio.storage.tickets import TicketStore

THREADS = 8
A = Key("p", "a")


@pytest.fixture(params=["memory", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path):
    found = Database(None if request.param == "memory" else tmp_path / "a.db")
    yield found
    found.close()


@pytest.fixture
def table(database: Database) -> SqliteTable:
    return SqliteTable(database, SystemClock())


def together(work: Callable[[int], object]) -> list[object]:
    """What each thread's `work` returned, or the error it raised; all start at once."""
    results: list[object] = [None] * THREADS
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> None:
        barrier.wait(timeout=30)
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return results


def test_of_many_who_create_one_item_exactly_one_wins(table: SqliteTable) -> None:
    for round_ in range(10):
        key = {"pk": "p", "sk": f"item-{round_}"}
        results = together(lambda n, key=key: table.put(key | {"by": n}, NotExists("pk")))
        winners = [n for n, result in enumerate(results) if result is None]
        assert len(winners) == 1
        assert sum(isinstance(result, ConditionFailed) for result in results) == THREADS - 1
        assert table.get(Key("p", f"item-{round_}")) == key | {"by": winners[0]}


def test_no_addition_is_lost(table: SqliteTable, database: Database) -> None:
    results = together(lambda n: [table.update(A, Changes(add={"count": 1})) for _ in range(25)])
    assert not [result for result in results if isinstance(result, Exception)]
    found = table.get(A)
    assert found is not None
    assert found["count"] == THREADS * 25
    changes = SqliteChangeStream(database, SystemClock()).read("c", 1000)
    assert [change.new["count"] for change in changes if change.new] == list(range(1, THREADS * 25 + 1))


def test_optimistic_locking_loses_no_change(table: SqliteTable) -> None:
    table.put({"pk": "p", "sk": "a", "version": 0, "seen": []})

    def append(number: int) -> None:
        for step in range(10):
            while True:
                found = table.get(A)
                assert found is not None
                after = dict(found) | {
                    "version": found["version"] + 1,
                    "seen": [*found["seen"], number * 100 + step],
                }
                try:
                    table.put(after, Equals("version", found["version"]))
                    break
                except ConditionFailed:
                    continue

    assert together(append) == [None] * THREADS
    found = table.get(A)
    assert found is not None
    assert sorted(found["seen"]) == sorted(n * 100 + s for n in range(THREADS) for s in range(10))
    assert found["version"] == THREADS * 10


def test_a_reader_never_sees_half_a_transaction(table: SqliteTable) -> None:
    def write(value: int) -> None:
        table.transact_write([Put({"pk": "p", "sk": str(n), "value": value}) for n in range(10)])

    def work(number: int) -> int:
        if number == 0:
            for value in range(1, 60):
                write(value)
            return 0
        torn = 0
        for _ in range(40):
            torn += len({item["value"] for item in table.query(Query("p")).items}) > 1
        return torn

    write(0)
    assert together(work) == [0] * THREADS


def test_money_moves_between_accounts_without_a_loss(table: SqliteTable) -> None:
    for name in "ab":
        table.put({"pk": "p", "sk": name, "cents": 1000})

    def move(number: int) -> None:
        one, two = ("a", "b") if number % 2 else ("b", "a")
        for _ in range(15):
            table.transact_write(
                [
                    Update(Key("p", one), Changes(add={"cents": -3})),
                    Update(Key("p", two), Changes(add={"cents": 3})),
                ]
            )

    assert together(move) == [None] * THREADS
    assert sum(item["cents"] for item in table.query(Query("p")).items) == 2000


def test_one_idempotency_key_opens_one_ticket_however_many_ask(table: SqliteTable) -> None:
    store = TicketStore(table, SystemClock(), RandomIds())
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def open_ticket(number: int) -> str | Exception:
        ticket = Ticket(
            ticket_id=RandomIds().new("tkt"), tenant_id="acme", customer=Customer(id="c", name="n"),
            asset=Asset(product_type="HVAC", model="m", serial="s"), symptom_text="It does not start.",
            created_at=now, updated_at=now,
        )  # fmt: skip
        return store.create(ticket, idempotency_key="once").ticket.ticket_id

    results = together(open_ticket)
    assert not [result for result in results if isinstance(result, Conflict)]
    assert len(set(results)) == 1
    assert len(store.list_all("acme").tickets) == 1
