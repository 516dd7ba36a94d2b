"""Every metric in one place: name, unit, labels, buckets. What is not listed here cannot be measured.

A label is a word out of a small set. Ids of tickets, customers or requests are never labels: each value
makes a time series of its own, in Prometheus' memory and on CloudWatch's bill.
"""

from dataclasses import dataclass
from enum import StrEnum

SERIES_MAX = 1000  # of one metric; later label values are counted as "other"
LABEL_CHARS_MAX = 80
OTHER = "other"


class Kind(StrEnum):
    """How a metric is read."""

    COUNTER = "counter"  # only grows
    GAUGE = "gauge"  # is what it is now
    HISTOGRAM = "histogram"  # how many values up to each bound


class Unit(StrEnum):
    """Units in CloudWatch's words; what it has no word for is NONE."""

    SECONDS = "Seconds"
    COUNT = "Count"
    NONE = "None"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric. `buckets` are upper bounds, inclusive, in the metric's unit."""

    name: str
    kind: Kind
    unit: Unit
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


# The bounds hold the objectives' own thresholds (0.2, 0.8, 3 s), so that "how many were quick enough" is exact.
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 10.0, 30.0)
STEP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 30.0, 60.0, 120.0)
WAIT_SECONDS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99)

HTTP_REQUESTS = Metric(
    "http_request_seconds",
    Kind.HISTOGRAM,
    Unit.SECONDS,
    "Time of a request, by route and status",
    ("route", "status"),
    REQUEST_SECONDS,
)
TICKETS_OPENED = Metric("tickets_opened", Kind.COUNTER, Unit.COUNT, "Tickets that were accepted")
TICKETS_SETTLED = Metric(
    "tickets_settled", Kind.COUNTER, Unit.COUNT, "Tickets by the status they came to", ("status",)
)
TICKET_SECONDS = Metric(
    "ticket_answer_seconds",
    Kind.HISTOGRAM,
    Unit.SECONDS,
    "From accepting a ticket to its first answer, question or handover",
    (),
    WAIT_SECONDS,
)
STEP = Metric(
    "step_seconds",
    Kind.HISTOGRAM,
    Unit.SECONDS,
    "Time of one step of the workflow",
    ("step", "outcome"),
    STEP_SECONDS,
)
ANSWER_SECONDS = Metric(
    "answer_seconds",
    Kind.HISTOGRAM,
    Unit.SECONDS,
    "Time from question to solution",
    (),
    STEP_SECONDS,
)
RETRIEVAL_SECONDS = Metric(
    "retrieval_seconds", Kind.HISTOGRAM, Unit.SECONDS, "Time of one search", (), STEP_SECONDS
)
GROUNDEDNESS = Metric(
    "groundedness", Kind.HISTOGRAM, Unit.NONE, "Groundedness of stored solutions", (), SHARES
)
CONFIDENCE = Metric(
    "confidence", Kind.HISTOGRAM, Unit.NONE, "Confidence of stored solutions", ("outcome",), SHARES
)
TOKENS = Metric("llm_tokens", Kind.COUNTER, Unit.COUNT, "Tokens of chat models", ("model", "direction"))
COST = Metric("cost_usd", Kind.COUNTER, Unit.NONE, "US dollars spent", ("model",))
CHAT_CALLS = Metric("llm_calls", Kind.COUNTER, Unit.COUNT, "Calls of chat models", ("model", "outcome"))
BUDGET_REFUSALS = Metric(
    "budget_refusals", Kind.COUNTER, Unit.COUNT, "Calls that a budget did not allow", ("level",)
)
WEBHOOK_DELIVERIES = Metric(
    "webhook_deliveries", Kind.COUNTER, Unit.COUNT, "Deliveries to webhooks", ("outcome",)
)
QUEUE_DEPTH = Metric("queue_depth", Kind.GAUGE, Unit.COUNT, "Tickets accepted and not yet answered")
OUTBOX_LAG = Metric("outbox_lag", Kind.GAUGE, Unit.COUNT, "Changes not yet turned into events, up to 1000")
DLQ_DEPTH = Metric("dead_letters", Kind.GAUGE, Unit.COUNT, "Events that no target took, up to 100 a tenant")
EMBEDDING_BACKLOG = Metric("embedding_backlog", Kind.GAUGE, Unit.COUNT, "Chunks without a vector")
FUNCTION_SECONDS = Metric(
    "function_seconds",
    Kind.HISTOGRAM,
    Unit.SECONDS,
    "Time of one call of a Lambda function",
    ("function", "outcome"),
    STEP_SECONDS,
)
COLD_STARTS = Metric(
    "cold_starts", Kind.COUNTER, Unit.COUNT, "First calls of a Lambda function's processes", ("function",)
)
CHANGES_LOST = Metric(
    "changes_lost",
    Kind.COUNTER,
    Unit.COUNT,
    "Changes of the table that no function could take while the stream kept them",
)

METRICS = (
    HTTP_REQUESTS, TICKETS_OPENED, TICKETS_SETTLED, TICKET_SECONDS, STEP, ANSWER_SECONDS, RETRIEVAL_SECONDS,
    GROUNDEDNESS, CONFIDENCE, TOKENS, COST, CHAT_CALLS, BUDGET_REFUSALS, WEBHOOK_DELIVERIES, QUEUE_DEPTH,
    OUTBOX_LAG, DLQ_DEPTH, EMBEDDING_BACKLOG,
    FUNCTION_SECONDS, COLD_STARTS, CHANGES_LOST,
)  # fmt: skip
