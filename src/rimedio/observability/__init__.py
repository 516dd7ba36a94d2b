"""Logs, metrics, traces and objectives: how the service says what it does and how well.

correlation    which request, ticket and execution this thread works for
logs           structured lines; secrets and personal data stay out
catalogue      every metric's name, unit, labels, buckets
metrics        the port `Metrics`, and the meter in this process
prometheus     the meter as Prometheus' text
emf            measurements as CloudWatch's embedded metric format
traces         the port `Tracer`; opentelemetry_traces does the work
objectives     service level objectives, error budgets, burn rates
"""

from rimedio.observability.correlation import Correlation, bound, current
from rimedio.observability.logs import StructuredLogger, configure_logs, get_logger
from rimedio.observability.metrics import Meter, Metrics, NoMetrics
from rimedio.observability.traces import NoTracer, Span, Tracer

__all__ = [
    "Correlation",
    "Meter",
    "Metrics",
    "NoMetrics",
    "NoTracer",
    "Span",
    "StructuredLogger",
    "Tracer",
    "bound",
    "configure_logs",
    "current",
    "get_logger",
]
