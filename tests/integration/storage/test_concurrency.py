"""Many threads on one table: a conditional write has exactly one winner, and no write is lost."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.domain.clock import RandomIds, SystemClock
from rimedio.domain.errors import ConditionFailed, Conflict
from rimedio.domain.ticket import Asset, Customer, Ticket
from rimedio.storage.conditions import Equals, NotExists
from rimedio.storage.database import Database
from rimedio.storage.dynamodb_definition import create_table
from rimedio.storage.dynamodb_streams import DynamoDbChangeStream
from rimedio.storage.dynamodb_table import DynamoDbTable
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.streams import ChangeStream
from rimedio.storage.table import Changes, Key, Put, Query, Table, Update
from rimedio.storage.tickets import TicketStore

THREADS = 8
A = Key("p", "a")


@dataclass(frozen=True)
class Ground:
    """A table that many threads work on, and its stream; each thread does so many rounds."""

    table: Table
    stream: ChangeStream
    rounds: int


@pytest.fixture(params=["memory", "file", "dynamodb-local"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    clock = SystemClock()
    if request.param == "dynamodb-local":
        connections = request.getfixturevalue("dynamodb_connections")
        client, name = connections.client("dynamodb"), request.getfixturevalue("unique_name")("threads")
        arn = create_table(client, name)
        table = DynamoDbTable(client, name, clock)
        stream = DynamoDbChangeStream(connections.client("dynamodbstreams"), table, arn, clock)
        yield Ground(table, stream, rounds=3)
        client.delete_table(TableName=name)
        return
    database = Database(None if request.param == "memory" else tmp_path / "a.db")
    yield Ground(SqliteTable(database, clock), SqliteChangeStream(database, clock), rounds=20)
    database.close()


@pytest.fixture
def table(ground: Ground) -> Table:
    return ground.table


def together(work: Callable[[int], object]) -> list[object]:
    """What each thread's `work` returned, or the error it raised; all start at once."""
    results: list[object] = [None] * THREADS
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> None:
        barrier.wait(timeout=60)
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


def test_of_many_who_create_one_item_exactly_one_wins(table: Table, ground: Ground) -> None:
    for round_ in range(ground.rounds):
        key = {"pk": "p", "sk": f"item-{round_}"}
        results = together(lambda n, key=key: table.put(key | {"by": n}, NotExists("pk")))
        winners = [n for n, result in enumerate(results) if result is None]
        assert len(winners) == 1
        assert sum(isinstance(result, ConditionFailed) for result in results) == THREADS - 1
        assert table.get(Key("p", f"item-{round_}")) == key | {"by": winners[0]}


def test_no_addition_is_lost(table: Table, ground: Ground) -> None:
    results = together(lambda n: [table.update(A, Changes(add={"count": 1})) for _ in range(ground.rounds)])
    assert not [result for result in results if isinstance(result, Exception)]
    found = table.get(A)
    assert found is not None
    assert found["count"] == THREADS * ground.rounds
    changes = ground.stream.read("c", 1000)
    assert [change.new["count"] for change in changes if change.new] == list(
        range(1, THREADS * ground.rounds + 1)
    )


def test_optimistic_locking_loses_no_change(table: Table, ground: Ground) -> None:
    table.put({"pk": "p", "sk": "a", "version": 0, "seen": []})

    def append(number: int) -> None:
        for step in range(ground.rounds):
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
    assert sorted(found["seen"]) == sorted(n * 100 + s for n in range(THREADS) for s in range(ground.rounds))
    assert found["version"] == THREADS * ground.rounds


@pytest.mark.parametrize(
    "ground", ["memory", "file"], indirect=True
)  # DynamoDB isolates no query from transactions
def test_a_reader_of_sqlite_never_sees_half_a_transaction(table: Table) -> None:
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


def test_money_moves_between_accounts_without_a_loss(table: Table, ground: Ground) -> None:
    for name in "ab":
        table.put({"pk": "p", "sk": name, "cents": 1000})

    def move(number: int) -> None:
        one, two = ("a", "b") if number % 2 else ("b", "a")
        for _ in range(ground.rounds):
            table.transact_write(
                [
                    Update(Key("p", one), Changes(add={"cents": -3})),
                    Update(Key("p", two), Changes(add={"cents": 3})),
                ]
            )

    assert together(move) == [None] * THREADS
    assert sum(item["cents"] for item in table.query(Query("p")).items) == 2000


def test_one_idempotency_key_opens_one_ticket_however_many_ask(table: Table) -> None:
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
