"""What items cost in DynamoDB: units of reading and writing, the month's bill, and partitions that run hot.

Rules of the developer guide ("DynamoDB read and write operations", "Read and write capacity"): a write unit is 1 KB,
a read unit 4 KB, each item rounded up by itself; a transaction costs twice; an eventually consistent read half. A
query adds its items up before it rounds. An index is a table of its own: what changes in it is written there again.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rimedio.domain.errors import InvalidInput
from rimedio.storage.streams import Change
from rimedio.storage.table import Index
from rimedio.storage.values import Item, canonical_item, same

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
PARTITION_WRITE_UNITS = 1000  # a second, of one partition key ("Partitions and data distribution")
PARTITION_READ_UNITS = 3000
HEADROOM = 0.7  # of a partition's limit that is planned with: load is never even
TRANSACTION_FACTOR = 2


def write_units(size_bytes: int, *, transactional: bool = False) -> int:
    """Units of writing or removing an item of this size; a write that changes nothing still costs them."""
    units = max(1, math.ceil(size_bytes / WRITE_UNIT_BYTES))
    return units * TRANSACTION_FACTOR if transactional else units


def read_units(size_bytes: int, *, consistent: bool = True, transactional: bool = False) -> float:
    """Units of reading one item, or one page of a query whose items together have this size."""
    units = max(1, math.ceil(size_bytes / READ_UNIT_BYTES))
    if transactional:
        return float(units * TRANSACTION_FACTOR)
    return float(units) if consistent else units / 2


def item_size(item: Item) -> int:
    """Bytes of an item as DynamoDB counts them. Raises InvalidInput for what is none."""
    return canonical_item(item)[1]


@dataclass(frozen=True, slots=True)
class WriteUnits:
    """Units of some writes: in the table, and in each index that they touch."""

    table: int = 0
    indexes: Mapping[Index, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All that is paid for."""
        return self.table + sum(self.indexes.values())

    def __add__(self, other: "WriteUnits") -> "WriteUnits":
        indexes = Counter(dict(self.indexes))
        indexes.update(other.indexes)
        return WriteUnits(self.table + other.table, dict(indexes))


def units_of_write(old: Item | None, new: Item | None, *, transactional: bool = False) -> WriteUnits:
    """Units of one write, from the images before and after it; None where the item was, or is, absent.

    The table takes the larger of the two sizes. An index takes one write when an item appears, changes or goes, and
    two when its index key changes: it goes in one place and appears in another. Indexes follow the table on their
    own, so a transaction doubles the table's units only.
    """
    sizes = [0 if item is None else item_size(item) for item in (old, new)]
    indexes = {index: _index_units(index, old, new) for index in Index}
    touched = {index: units for index, units in indexes.items() if units}
    return WriteUnits(write_units(max(sizes), transactional=transactional), touched)


def units_of_changes(changes: Iterable[Change], *, transactional: bool = True) -> WriteUnits:
    """Units of everything that a change stream tells: what a ticket's whole way costs, say.

    `transactional` counts each as part of a transaction, as most of Rimedio's writes are: an upper bound.
    """
    total = WriteUnits()
    for change in changes:
        total += units_of_write(change.old, change.new, transactional=transactional)
    return total


def shards_needed(write_units_a_second: float, read_units_a_second: float = 0.0) -> int:
    """Among how many partitions a list must be spread at its peak, so that none takes more than it can.

    `keys.shard_of` spreads its items; `fanout.query_shards` reads them as one, with as many queries a page.
    Raises InvalidInput for a rate below zero.
    """
    if write_units_a_second < 0 or read_units_a_second < 0:
        rates = f"{write_units_a_second} write and {read_units_a_second} read units a second"
        raise InvalidInput(f"{rates}: below zero. Give rates of units.")
    writes = write_units_a_second / (PARTITION_WRITE_UNITS * HEADROOM)
    reads = read_units_a_second / (PARTITION_READ_UNITS * HEADROOM)
    return max(1, math.ceil(writes), math.ceil(reads))


def partition_units(changes: Iterable[Change]) -> Mapping[str, int]:
    """Write units by partition key, of the table and of the indexes: where a run's load gathers."""
    found: Counter[str] = Counter()
    for change in changes:
        units = units_of_write(change.old, change.new)
        found[change.key.pk] += units.table
        for index, amount in units.indexes.items():
            name = index.attributes[0]
            image = change.new if change.new is not None and name in change.new else change.old
            if image is not None:
                found[str(image[name])] += amount
    return dict(found)


def _index_units(index: Index, old: Item | None, new: Item | None) -> int:
    before, after = _entry(index, old), _entry(index, new)
    if before is None or after is None:
        item = old if after is None else new
        return 0 if before is after or item is None else write_units(item_size(item))
    assert old is not None
    assert new is not None
    if before != after:
        return write_units(item_size(old)) + write_units(item_size(new))
    return 0 if same(old, new) else write_units(max(item_size(old), item_size(new)))


def _entry(index: Index, item: Item | None) -> tuple[object, object] | None:
    """The item's keys in an index; None where it is not in it."""
    if item is None:
        return None
    partition, sort = (item.get(name) for name in index.attributes)
    return None if partition is None or sort is None else (partition, sort)
