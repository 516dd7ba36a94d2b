"""Units and prices of DynamoDB, by the rules of its developer guide."""

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.storage.capacity import (
    WriteUnits,
    item_size,
    partition_units,
    read_units,
    shards_needed,
    units_of_changes,
    units_of_write,
    write_units,
)
from rimedio.storage.capacity_costs import Load, cheaper, on_demand, prices_of, provisioned
from rimedio.storage.database import Database
from rimedio.storage.sqlite_streams import SqliteChangeStream
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Changes, Index, Key


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (1024, 1), (1025, 2), (400 * 1024, 400)])
def test_a_write_is_rounded_up_to_whole_kilobytes_and_doubled_in_a_transaction(size: int, units: int) -> None:
    assert write_units(size) == units
    assert write_units(size, transactional=True) == 2 * units


@pytest.mark.parametrize(("size", "units"), [(0, 1), (4096, 1), (4097, 2), (400 * 1024, 100)])
def test_a_read_is_rounded_up_to_four_kilobytes_halved_or_doubled(size: int, units: int) -> None:
    assert read_units(size) == units
    assert read_units(size, consistent=False) == units / 2
    assert read_units(size, transactional=True) == 2 * units


def item(size: int = 100, **attributes: str) -> dict[str, str]:
    plain = {"pk": "p", "sk": "s", "text": "", **attributes}
    return {**plain, "text": "x" * (size - item_size(plain))}


IN_INDEX = {"gsi1pk": "g", "gsi1sk": "1"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, item(), WriteUnits(1)),
        (None, item(1500), WriteUnits(2)),
        (item(3000), item(100), WriteUnits(3)),  # the larger one counts
        (item(3000), None, WriteUnits(3)),
        (None, item(1500, **IN_INDEX), WriteUnits(2, {Index.GSI1: 2})),
        (item(1500, **IN_INDEX), None, WriteUnits(2, {Index.GSI1: 2})),
        (item(100, **IN_INDEX), item(1500, **IN_INDEX), WriteUnits(2, {Index.GSI1: 2})),
        (item(100, **IN_INDEX), item(100, gsi1pk="g", gsi1sk="2"), WriteUnits(1, {Index.GSI1: 2})),
        (item(100, **IN_INDEX), item(100, **IN_INDEX), WriteUnits(1)),
        (item(100, **IN_INDEX), item(100, gsi1pk="g"), WriteUnits(1, {Index.GSI1: 1})),  # it leaves the index
        (
            item(100),
            item(100, gsi2pk="h", gsi2sk="1", **IN_INDEX),
            WriteUnits(1, {Index.GSI1: 1, Index.GSI2: 1}),
        ),
    ],
)
def test_an_index_is_written_when_its_entry_appears_changes_moves_or_goes(
    old, new, expected: WriteUnits
) -> None:
    assert units_of_write(old, new) == expected
    assert units_of_write(old, new, transactional=True).total == expected.total + expected.table


def test_a_change_stream_is_added_up_by_table_index_and_partition() -> None:
    database, clock = Database(None), FakeClock()
    table, stream = SqliteTable(database, clock), SqliteChangeStream(database, clock)
    table.put({"pk": "p", "sk": "s", "gsi1pk": "NEW", "gsi1sk": "1"})
    table.update(Key("p", "s"), Changes(set={"gsi1pk": "READY"}))
    changes = stream.read("capacity")
    assert units_of_changes(changes, transactional=False) == WriteUnits(2, {Index.GSI1: 3})
    assert units_of_changes(changes).total == 7
    assert partition_units(changes) == {"p": 2, "NEW": 1, "READY": 2}


@pytest.mark.parametrize(
    ("writes", "reads", "shards"),
    [(0, 0, 1), (700, 0, 1), (701, 0, 2), (1400, 0, 2), (0, 2100, 1), (0, 2101, 2), (7000, 3000, 10)],
)
def test_a_list_is_spread_so_that_no_partition_takes_more_than_it_can(
    writes: float, reads: float, shards: int
) -> None:
    assert shards_needed(writes, reads) == shards


def test_rates_below_zero_and_peaks_below_the_average_are_refused() -> None:
    with pytest.raises(InvalidInput, match="below zero"):
        shards_needed(-1)
    with pytest.raises(InvalidInput, match="above its peak"):
        Load(10, 0, 5, 0)


def test_the_month_is_priced_in_both_modes() -> None:
    prices = prices_of("us-east-1")
    load = Load.of_month(1_000_000, 4_000_000, peak_factor=10, storage_gb=2)
    bill = on_demand(load, prices)
    assert bill.writes == pytest.approx(0.625)
    assert bill.reads == pytest.approx(0.5)
    assert bill.storage == pytest.approx(2 * 0.45)
    # 0.38 writes a second, 3.8 at the peak, 6 units for that; 15.2 reads, 22 units
    assert provisioned(load, prices).writes == pytest.approx(6 * 730 * 0.00065)
    assert provisioned(load, prices).reads == pytest.approx(22 * 730 * 0.00013)


def test_steady_load_is_cheaper_provisioned_and_bursts_are_not() -> None:
    prices = prices_of("eu-south-1")
    assert cheaper(Load(500, 500, 550, 550), prices) == "provisioned"
    assert cheaper(Load(5, 5, 500, 500), prices) == "on-demand"
    assert (
        provisioned(Load(5, 5, 500, 500), prices, scaling=True).total
        < provisioned(Load(5, 5, 500, 500), prices).total
    )


def test_a_region_without_prices_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="us-east-1"):
        prices_of("mars-north-1")
