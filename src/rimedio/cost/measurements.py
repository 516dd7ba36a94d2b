"""The service's minutes and hours: what the objectives are computed from, kept where restarts do not reach it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rimedio.cost.counting import SERVICE
from rimedio.domain.clock import Clock
from rimedio.observability.metrics import Meter
from rimedio.observability.objectives import (
    GoodAndAll,
    Objective,
    ObjectiveReport,
    Objectives,
    report,
)
from rimedio.storage import keys
from rimedio.storage.keys import stamp
from rimedio.storage.table import EXPIRES_AT, Changes, Query, SortAbove, Table, Update
from rimedio.storage.values import Item

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Grain:
    """One kind of bucket: how its time is cut, how long it is kept."""

    name: str
    digits: int  # of the time stamp, as in 2026-01-31T08:30
    kept: timedelta


MINUTE = Grain("MINUTE", 16, timedelta(days=1))
HOUR = Grain("HOUR", 13, timedelta(days=35))
MINUTES_UP_TO = timedelta(hours=6)  # longer windows are read from hours


class Measurements:
    """Adds the meter's good and bad events to the present minute and hour. A crash loses the last turn's."""

    def __init__(self, table: Table, meter: Meter, objectives: Objectives, clock: Clock) -> None:
        self._table = table
        self._meter = meter
        self._objectives = objectives
        self._clock = clock
        self._before: dict[str, GoodAndAll] = {}

    def run_once(self) -> int:
        """Write what was measured since the last turn; how many objectives had events. Raises StorageFailed."""
        readings = self._meter.read()
        add: dict[str, int] = {}
        after: dict[str, GoodAndAll] = {}
        for objective in self._objectives.objectives:
            after[objective.name] = found = objective.count(readings)
            new = found.minus(self._before.get(objective.name, GoodAndAll()))
            if new.total:
                add |= {f"{objective.name}_good": new.good, f"{objective.name}_total": new.total}
        if add:
            now = self._clock.now()
            self._table.transact_write([_update(grain, now, add) for grain in (MINUTE, HOUR)])
        self._before = after
        return len(add) // 2

    def reports(self) -> tuple[ObjectiveReport, ...]:
        """How every objective stands. Raises StorageFailed."""
        now = self._clock.now()
        window = timedelta(days=self._objectives.window_days)
        hours = list(self._read(HOUR, now - window))
        minutes = list(self._read(MINUTE, now - MINUTES_UP_TO))

        def count(name: str, span: timedelta) -> GoodAndAll:
            grain, items = (MINUTE, minutes) if span <= MINUTES_UP_TO else (HOUR, hours)
            since = stamp(now - span)[: grain.digits]
            total = GoodAndAll()
            for item in items:
                if str(item["sk"]) > since:
                    total = total.plus(_of(item, name))
            return total

        return tuple(report(objective, window, count) for objective in self._objectives.objectives)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is promised."""
        return self._objectives.objectives

    def _read(self, grain: Grain, since: datetime) -> Iterator[Item]:
        partition = keys.MEASUREMENT.key(tenant=SERVICE, kind=grain.name, period="-").pk
        cursor = None
        while True:
            after = SortAbove(stamp(since)[: grain.digits])
            page = self._table.query(Query(partition, after, limit=PAGE, cursor=cursor))
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return


def _update(grain: Grain, now: datetime, add: dict[str, int]) -> Update:
    key = keys.MEASUREMENT.key(tenant=SERVICE, kind=grain.name, period=stamp(now)[: grain.digits])
    expires = int((now + grain.kept).timestamp())
    return Update(key, Changes(set={EXPIRES_AT: expires}, add=add))


def _of(item: Item, name: str) -> GoodAndAll:
    good, total = item.get(f"{name}_good", 0), item.get(f"{name}_total", 0)
    return GoodAndAll(good if isinstance(good, int) else 0, total if isinstance(total, int) else 0)
