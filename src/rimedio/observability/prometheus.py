"""The meter as Prometheus reads it: text exposition format, made by prometheus-client out of the meter's readings.

The library writes the text; the numbers stay in our meter, because the library's own counters cannot be read
back for the objectives, and importing it costs 90 ms that only a scrape should pay.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rimedio.observability.catalogue import Kind, Metric
from rimedio.observability.metrics import Meter, Reading

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "rimedio_"


def prometheus_text(meter: Meter) -> str:
    """Every metric with its help, type and values."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(meter.read()))
    return generate_latest(registry).decode()


class _Collector:
    """What prometheus-client asks for its numbers."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._families: dict[Metric, list[Reading]] = defaultdict(list)
        for reading in readings:
            self._families[reading.metric].append(reading)

    def describe(self) -> list["Family"]:
        """Nothing: the registry need not look for duplicates."""
        return []

    def collect(self) -> Iterator["Family"]:
        """One family a metric, in the order of its name."""
        for metric in sorted(self._families, key=lambda m: m.name):
            yield _family(metric, self._families[metric])


def _family(metric: Metric, readings: list[Reading]) -> "Family":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    name, labels = PREFIX + metric.name, list(metric.labels)
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, metric.meaning, labels=labels)
        for reading in readings:
            histogram.add_metric(list(reading.labels), _cumulative(reading), reading.total)
        return histogram
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(name, metric.meaning, labels=labels)
    for reading in readings:
        family.add_metric(list(reading.labels), reading.total)
    return family


def _cumulative(reading: Reading) -> list[tuple[str, float]]:
    """Prometheus counts in each bucket all values up to its bound."""
    found: list[tuple[str, float]] = []
    so_far = 0
    for bound, count in zip((*reading.metric.buckets, None), reading.buckets, strict=True):
        so_far += count
        found.append(("+Inf" if bound is None else repr(bound), so_far))
    return found
