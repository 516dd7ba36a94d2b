"""What the tickets of a data folder would cost in DynamoDB: units, the month's bill, partitions that run hot.

    python -m tools.capacity --data .data [--tickets 1000] [--peak-per-minute 50] [--region eu-south-1]

Reads the folder's change stream of the last day, so the figures are those of tickets that really went their way.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import RimedioError
from rimedio.storage import keys
from rimedio.storage.capacity import partition_units, shards_needed, units_of_changes
from rimedio.storage.capacity_costs import Load, cheaper, on_demand, prices_of, provisioned
from rimedio.storage.database import Database
from rimedio.storage.folder import DATABASE
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.streams import Change

CONSUMER = "capacity"
READS_PER_WRITE = (
    4.0  # a guess that the console's polling and the workflow's own reads bear out within a factor of two
)
MINUTES_A_MONTH = 730 * 60


def changes_of(folder: Path) -> list[Change]:
    """Every change that the folder's stream still holds. Raises StorageFailed."""
    database = Database(folder / DATABASE)
    try:
        stream = SqliteChangeStream(database, SystemClock())
        found = list(stream.read(CONSUMER, 1_000_000))
        stream.forget(CONSUMER)
        return found
    finally:
        database.close()


def report(changes: Sequence[Change], tickets_a_month: int, peak_per_minute: float, region: str) -> list[str]:
    """The figures as lines of text."""
    tickets = {
        change.key.pk for change in changes if change.new and change.new.get("entity") == keys.TICKET.name
    }
    if not tickets:
        return ["The folder's stream holds no ticket of the last day. Let some go their way first."]
    units = units_of_changes(changes)
    each = units.total / len(tickets)
    peak = peak_per_minute / (tickets_a_month / MINUTES_A_MONTH)
    load = Load.of_month(
        each * tickets_a_month,
        each * tickets_a_month * READS_PER_WRITE,
        peak_factor=max(1.0, peak),
        storage_gb=1,
    )
    prices = prices_of(region)
    table, whole = units.table / len(tickets), units.total / len(tickets)
    spent = on_demand(load, prices).total, provisioned(load, prices).total
    tickets_line = f"{len(tickets)} tickets, {len(changes)} writes: {whole:.0f} write units a ticket"
    modes = f"on demand ${spent[0]:.2f}, provisioned for {peak_per_minute:g} a minute ${spent[1]:.2f}"
    lines = [
        f"{tickets_line} (table {table:.0f}, indexes {whole - table:.0f})",
        f"{tickets_a_month} tickets a month in {region}: {modes}: {cheaper(load, prices)}",
    ]
    return lines + _hottest(changes, len(tickets), peak_per_minute)


def _hottest(changes: Sequence[Change], tickets: int, peak_per_minute: float) -> list[str]:
    """Partitions by what they would bear a second at the peak, and the shards that they need."""
    a_second = peak_per_minute / 60 / tickets
    found = sorted(partition_units(changes).items(), key=lambda pair: -pair[1])[:5]
    return [
        f"  {units * a_second:8.2f} write units/s at the peak, shards: {shards_needed(units * a_second)}, {name}"
        for name, units in found
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 1 when the folder cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.capacity", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", type=Path, default=Path(".data"), help="data folder (default: .data)")
    parser.add_argument("--tickets", type=int, default=1000, help="tickets a month")
    parser.add_argument("--peak-per-minute", type=float, default=50.0, help="tickets a minute at the peak")
    parser.add_argument("--region", default="eu-south-1", help="region whose prices count")
    given = parser.parse_args(arguments)
    if not (given.data / DATABASE).is_file():
        print(f"There is no {DATABASE} in {given.data}. Name a data folder with --data.", file=sys.stderr)
        return 1
    try:
        lines = report(changes_of(given.data), given.tickets, given.peak_per_minute, given.region)
    except RimedioError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
