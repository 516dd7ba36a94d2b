"""The table on SQLite: reads, writes and ticket operations a second, in a file on disk, in one thread.

Where DynamoDB Local runs, also what the DynamoDB adapter costs beside the bare client.
"""

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tools.engines.start import running

from benchmarks._report import Report, parse_args
from rimedio.aws import AwsConnections, Client
from rimedio.domain.clock import SeededIds, SystemClock
from rimedio.domain.ticket import Asset, Customer, Status, Ticket
from rimedio.storage.dynamodb_definition import create_table
from rimedio.storage.dynamodb_table import DynamoDbTable
from rimedio.storage.dynamodb_values import attributes_of, key_attributes
from rimedio.storage.folder import DataFolder
from rimedio.storage.keys import TICKET
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Key
from rimedio.storage.tickets import TicketStore
from rimedio.storage.values import Item

TICKETS = 2000
TENANT = "bench"
CALLS, ROUNDS = 200, 3


def tickets() -> list[Ticket]:
    """Tickets of the usual size, about 1 KB each."""
    ids = SeededIds(7)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Ticket(
            ticket_id=ids.new("tkt"),
            tenant_id=TENANT,
            customer=Customer(id=f"cus_{number % 50}", name="Rossi Impianti"),
            asset=Asset(product_type="EV_CHARGER", model="XC-200", serial=f"SN-{number % 500}"),
            symptom_text="The charger stops after five minutes and shows a code. " * 12,
            error_code="E029",
            created_at=at,
            updated_at=at,
        )
        for number in range(TICKETS)
    ]


def per_second(work: Callable[[int], object], times: int) -> float:
    """Calls of `work` a second."""
    start = time.perf_counter()
    for number in range(times):
        work(number)
    return times / (time.perf_counter() - start)


def measure(report: Report, folder: Path) -> None:
    """All figures, in one data folder."""
    with DataFolder(folder) as data:
        table = SqliteTable(data.database, SystemClock())
        store = TicketStore(table, SystemClock(), SeededIds())
        given: Sequence[Ticket] = tickets()
        keys: list[Key] = [TICKET.key(tenant=TENANT, ticket=ticket.ticket_id) for ticket in given]
        report.add(
            "tickets.create_per_s",
            per_second(lambda n: store.create(given[n], idempotency_key=str(n)), TICKETS),
        )
        report.add("table.get_per_s", per_second(lambda n: table.get(keys[n % TICKETS]), 20_000))
        report.add(
            "tickets.get_per_s",
            per_second(lambda n: store.get(TENANT, given[n % TICKETS].ticket_id), 10_000),
        )
        listing = per_second(lambda n: store.list_by_status(TENANT, Status.NEW, limit=50), 200)
        report.add("tickets.list50_ms", 1000 / listing)
        report.add(
            "table.put_per_s",
            per_second(lambda n: table.put({"pk": f"p{n}", "sk": "s", "n": n, "text": "x" * 200}), 5000),
        )


def measure_dynamodb(report: Report, client: Client) -> None:
    """The adapter against the bare client on one DynamoDB Local: 1.0 would be an adapter that costs nothing."""
    name = f"bench-{uuid.uuid4().hex[:12]}"
    create_table(client, name)
    table = DynamoDbTable(client, name, SystemClock())
    item: Item = {"pk": "p", "sk": "s", "n": 1, "text": "x" * 200}
    typed, key = attributes_of(item), key_attributes(Key("p", "s"))
    pairs: dict[str, tuple[Callable[[int], object], Callable[[int], object]]] = {
        "put": (lambda _: table.put(item), lambda _: client.put_item(TableName=name, Item=typed)),
        "get": (
            lambda _: table.get(Key("p", "s")),
            lambda _: client.get_item(TableName=name, Key=key, ConsistentRead=True),
        ),
    }
    try:
        for what, (ours, bare) in pairs.items():
            rounds = [
                (per_second(ours, CALLS), per_second(bare, CALLS)) for _ in range(ROUNDS)
            ]  # turn by turn
            report.add(
                f"dynamodb.{what}_of_bare_client", max(r[0] for r in rounds) / max(r[1] for r in rounds)
            )
    finally:
        client.delete_table(TableName=name)


def dynamodb_client() -> Client | None:
    """A client of the DynamoDB Local that `make engines` started; None where it does not run."""
    address = running().addresses.get("dynamodb")
    if address is None:
        return None
    for setting in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(setting, "testing")
    return AwsConnections("eu-south-1", {"*": address}).client("dynamodb")


def main() -> None:
    """Run and report."""
    options = parse_args("storage", __doc__ or "")
    report = Report("storage", options)
    with tempfile.TemporaryDirectory() as folder:
        measure(report, Path(folder))
    if client := dynamodb_client():
        measure_dynamodb(report, client)
    else:
        report.note("DynamoDB Local does not run (make engines): its figures are left out")
    for name, value in sorted(report.figures.items()):
        report.note(f"{name:24} {value:>12,.1f}")
    report.finish()


if __name__ == "__main__":
    main()
