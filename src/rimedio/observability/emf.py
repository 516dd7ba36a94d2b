"""Measurements in CloudWatch's embedded metric format: JSON lines that CloudWatch turns into metrics by itself.

Rules (CloudWatch user guide, "Specification: Embedded metric format"): metadata under `_aws` with a timestamp
in milliseconds; at most 100 metrics and 30 dimensions a document; a value is a number or up to 100 numbers;
dimension values are text. Histograms are sent as their values, so CloudWatch computes any percentile.
"""

import json
import threading
from collections.abc import Callable

from rimedio.domain.clock import Clock
from rimedio.observability.catalogue import Kind, Metric
from rimedio.observability.metrics import Labels

NAMESPACE = "Rimedio"
SERVICE, SERVICE_NAME = "service", "rimedio"  # the dimension that every metric has
METRICS_MAX = 100
VALUES_MAX = 100

_Place = tuple[tuple[str, ...], Labels]  # names and values of the dimensions


class EmfMetrics:
    """A `Metrics` that gathers values and writes them as EMF documents; call `flush` now and then.

    On AWS a Lambda function flushes at the end of every call; at home a loop does, into a file.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        clock: Clock,
        namespace: str = NAMESPACE,
        *,
        service: str = SERVICE_NAME,
    ) -> None:
        """`service` tells deployments of one account apart: their metrics would be added up otherwise."""
        self._write = write
        self._service = service
        self._clock = clock
        self._namespace = namespace
        self._lock = threading.Lock()
        self._gathered: dict[_Place, dict[Metric, list[float]]] = {}

    def count(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        with self._lock:
            values = self._values(metric, labels)
            values[:] = [sum(values) + amount]

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        with self._lock:
            values = self._values(metric, labels)
            values.append(value)
            full = self._take() if len(values) >= VALUES_MAX else {}
        self._send(full)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        with self._lock:
            self._values(metric, labels)[:] = [value]

    def flush(self) -> int:
        """Write what was gathered; how many documents that took."""
        with self._lock:
            gathered = self._take()
        return self._send(gathered)

    def _values(self, metric: Metric, labels: Labels) -> list[float]:
        place = (metric.labels, labels)
        return self._gathered.setdefault(place, {}).setdefault(metric, [])

    def _take(self) -> dict[_Place, dict[Metric, list[float]]]:
        gathered, self._gathered = self._gathered, {}
        return gathered

    def _send(self, gathered: dict[_Place, dict[Metric, list[float]]]) -> int:
        lines = 0
        for (names, labels), metrics in gathered.items():
            dimensions = dict(((SERVICE, self._service), *zip(names, labels, strict=True)))
            several = list(metrics.items())
            for start in range(0, len(several), METRICS_MAX):
                part = dict(several[start : start + METRICS_MAX])
                self._write(emf_document(part, dimensions, self._now_ms(), self._namespace))
                lines += 1
        return lines

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def emf_document(
    metrics: dict[Metric, list[float]], dimensions: dict[str, str], at_ms: int, namespace: str = NAMESPACE
) -> str:
    """One line: the metrics' values under one set of dimensions."""
    document: dict[str, object] = {
        "_aws": {
            "Timestamp": at_ms,
            "CloudWatchMetrics": [
                {
                    "Namespace": namespace,
                    "Dimensions": [sorted(dimensions)],
                    "Metrics": [{"Name": m.name, "Unit": m.unit.value} for m in metrics],
                }
            ],
        }
    }
    document |= dimensions
    for metric, values in metrics.items():
        document[metric.name] = values if metric.kind is Kind.HISTOGRAM else values[-1]
    return json.dumps(document)
