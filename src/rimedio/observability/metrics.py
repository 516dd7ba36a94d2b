"""Measuring: one small port, and the meter that keeps the numbers in this process.

The meter is the only place where numbers are added up. Prometheus' text (prometheus.py), the objectives'
minutes (slo.py) and whoever else wants them read its snapshot, so they can never disagree.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rimedio.domain.errors import InvalidInput
from rimedio.observability.catalogue import (
    HTTP_REQUESTS,
    LABEL_CHARS_MAX,
    OTHER,
    SERIES_MAX,
    Kind,
    Metric,
)

Labels = tuple[str, ...]


class Metrics(Protocol):
    """Takes measurements. Label values come in the order of the metric's `labels`. Never raises in service."""

    def count(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Add to a counter."""
        ...

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Put a value into a histogram."""
        ...

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        ...


class NoMetrics:
    """Measures nothing: for commands that end at once."""

    def count(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        pass

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        pass

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Reading:
    """One series as it stands. `buckets[i]` counts values up to the metric's bound i; the last one, above all.

    Counters and gauges have their value in `total` and no buckets.
    """

    metric: Metric
    labels: Labels
    total: float
    count: int = 0
    buckets: tuple[int, ...] = ()

    def up_to(self, bound: float) -> int:
        """How many values were at most `bound`, which must be one of the metric's. Raises InvalidInput."""
        if bound not in self.metric.buckets:
            raise InvalidInput(f"{bound} is no bucket of {self.metric.name}: {self.metric.buckets}. Use one.")
        return sum(self.buckets[: self.metric.buckets.index(bound) + 1])


class _Series:
    """One time series; adds under its own lock, so that threads wait only for each other's same number."""

    __slots__ = ("_bounds", "_buckets", "_count", "_lock", "_total")

    def __init__(self, metric: Metric) -> None:
        self._lock = threading.Lock()
        self._bounds = metric.buckets
        self._buckets = [0] * (len(metric.buckets) + 1)
        self._count = 0
        self._total = 0.0

    def add(self, amount: float) -> None:
        with self._lock:
            self._total += amount

    def put(self, value: float) -> None:
        with self._lock:
            self._total = value

    def observe(self, value: float) -> None:
        place = bisect_left(self._bounds, value)
        with self._lock:
            self._buckets[place] += 1
            self._count += 1
            self._total += value

    def read(self, metric: Metric, labels: Labels) -> Reading:
        with self._lock:
            buckets = tuple(self._buckets) if metric.kind is Kind.HISTOGRAM else ()
            return Reading(metric, labels, self._total, self._count, buckets)


Sampler = Callable[[], Mapping[Labels, float]]


class Meter:
    """A `Metrics` in memory, safe for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._series: dict[Metric, dict[Labels, _Series]] = {}
        self._requests: dict[tuple[str, int], _Series] = {}
        self._samplers: dict[Metric, Sampler] = {}

    def count(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        self._at(metric, labels).add(amount)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        self._at(metric, labels).observe(value)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        self._at(metric, labels).put(value)

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """One HTTP request: its route (the pattern, "GET /v1/tickets/{ticket_id}"), status and time.

        About a microsecond: it stands in the path of every request.
        """
        series = self._requests.get((route, status))
        if series is None:
            series = self._at(HTTP_REQUESTS, (route, str(status)))
            if len(self._requests) < SERIES_MAX:
                self._requests[route, status] = series
        series.observe(seconds)

    def sample(self, metric: Metric, sampler: Sampler) -> None:
        """Ask `sampler` for a gauge whenever somebody reads the meter; one that raises is left out."""
        self._samplers[metric] = sampler

    def read(self) -> tuple[Reading, ...]:
        """Every series as it stands now, samples included."""
        with self._lock:
            found = [(m, labels, s) for m, several in self._series.items() for labels, s in several.items()]
        readings = [series.read(metric, labels) for metric, labels, series in found]
        for metric, sampler in list(self._samplers.items()):
            readings += _sampled(metric, sampler)
        return tuple(readings)

    def _at(self, metric: Metric, labels: Labels) -> _Series:
        several = self._series.get(metric)
        series = several.get(labels) if several is not None else None
        return series if series is not None else self._make(metric, labels)

    def _make(self, metric: Metric, labels: Labels) -> _Series:
        if len(labels) != len(metric.labels):
            raise InvalidInput(
                f"{metric.name} has the labels {metric.labels}, not {labels}. Give one value each."
            )
        with self._lock:
            several = self._series.setdefault(metric, {})
            if len(several) >= SERIES_MAX and labels not in several:
                labels = (OTHER,) * len(labels)
            kept = tuple(label[:LABEL_CHARS_MAX] for label in labels)
            return several.setdefault(kept, _Series(metric))


def _sampled(metric: Metric, sampler: Sampler) -> list[Reading]:
    try:
        return [Reading(metric, labels, value) for labels, value in sampler().items()]
    except Exception:  # a broken gauge must not hide the others
        return []


class Several:
    """A `Metrics` that hands every measurement to others."""

    def __init__(self, *others: Metrics) -> None:
        self._others = others

    def count(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        for other in self._others:
            other.count(metric, amount, *labels)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        for other in self._others:
            other.observe(metric, value, *labels)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        for other in self._others:
            other.set(metric, value, *labels)
