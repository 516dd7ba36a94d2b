"""The month's bill of a DynamoDB table, on demand and provisioned, from a load and the price table."""

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rimedio.domain.errors import InvalidInput

HOURS_A_MONTH = 730
SECONDS_A_MONTH = HOURS_A_MONTH * 3600
TARGET_UTILIZATION = 0.7  # what auto scaling aims at, as AWS recommends
_MILLION = 1_000_000
_PRICES = "dynamodb_prices.json"


@dataclass(frozen=True, slots=True)
class DynamoDbPrices:
    """Prices of one region in USD, of the standard table class."""

    million_writes: float
    million_reads: float
    write_unit_hour: float
    read_unit_hour: float
    storage_gb_month: float
    recovery_gb_month: float


@cache
def prices_of(region: str) -> DynamoDbPrices:
    """The prices of a region. Raises InvalidInput for one that the price table does not have."""
    table = json.loads(files("rimedio.storage").joinpath(_PRICES).read_text("utf-8"))
    found = table["regions"].get(region)
    if found is None:
        known = ", ".join(sorted(table["regions"]))
        raise InvalidInput(f"{_PRICES} has no prices of {region!r}, only of {known}. Add them there.")
    return DynamoDbPrices(**found)


@dataclass(frozen=True, slots=True)
class Load:
    """What a table has to bear: units a second on average and at the peak, and what it keeps."""

    write_units: float
    read_units: float
    peak_write_units: float
    peak_read_units: float
    storage_gb: float = 0.0

    def __post_init__(self) -> None:
        if self.write_units > self.peak_write_units or self.read_units > self.peak_read_units:
            raise InvalidInput(f"The average of {self} is above its peak. Correct one of them.")

    @classmethod
    def of_month(
        cls, writes: float, reads: float, *, peak_factor: float = 4.0, storage_gb: float = 0.0
    ) -> "Load":
        """A load out of units a month; at the peak `peak_factor` times the average."""
        write, read = writes / SECONDS_A_MONTH, reads / SECONDS_A_MONTH
        return cls(write, read, write * peak_factor, read * peak_factor, storage_gb)


@dataclass(frozen=True, slots=True)
class Bill:
    """USD a month."""

    writes: float
    reads: float
    storage: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.writes + self.reads + self.storage


def on_demand(load: Load, prices: DynamoDbPrices) -> Bill:
    """Each unit is paid when it is used, so the peak costs nothing."""
    return Bill(
        load.write_units * SECONDS_A_MONTH / _MILLION * prices.million_writes,
        load.read_units * SECONDS_A_MONTH / _MILLION * prices.million_reads,
        _storage(load, prices),
    )


def provisioned(load: Load, prices: DynamoDbPrices, *, scaling: bool = False) -> Bill:
    """Units are paid by the hour, used or not: for the peak, or, `scaling`, for what auto scaling would follow.

    Auto scaling keeps the average at 70 % of what is provided; it reacts in minutes, so bursts can be throttled.
    """
    write = load.write_units if scaling else load.peak_write_units
    read = load.read_units if scaling else load.peak_read_units
    return Bill(
        max(1, math.ceil(write / TARGET_UTILIZATION)) * HOURS_A_MONTH * prices.write_unit_hour,
        max(1, math.ceil(read / TARGET_UTILIZATION)) * HOURS_A_MONTH * prices.read_unit_hour,
        _storage(load, prices),
    )


def cheaper(load: Load, prices: DynamoDbPrices) -> str:
    """`on-demand` or `provisioned`: which mode costs less for this load."""
    return "provisioned" if provisioned(load, prices).total < on_demand(load, prices).total else "on-demand"


def _storage(load: Load, prices: DynamoDbPrices) -> float:
    """Items, and the backup of the last 35 days, which is paid by the table's size."""
    return load.storage_gb * (prices.storage_gb_month + prices.recovery_gb_month)
