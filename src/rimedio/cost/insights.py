"""What the console's charts show, read from counters: a query over days, never a look at a ticket."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from rimedio.cost.day_figures import (
    CONFIDENCE_BINS,
    LATENCY_BOUNDS_MS,
    Figure,
    confidence_figure,
    latency_figure,
    status_figure,
)
from rimedio.cost.ledger import Ledger, Spent, by_name
from rimedio.cost.money import usd
from rimedio.cost.tally import DAY, EVER, NOW
from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import Status
from rimedio.storage import keys
from rimedio.storage.table import SortBetween, Table
from rimedio.storage.values import Item

DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class TicketCount:
    """How many tickets there are, and where they stand now."""

    total: int
    by_status: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DayInsight:
    """One UTC day. `published` is with and without review; times are of answers, in milliseconds."""

    day: str
    opened: int
    resolved: int
    published: int
    reviewed: int
    asked: int
    escalated: int
    cost_usd: float
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """If everything from this confidence on were sent: the share of answers that is, and how many of those
    that people judged were wrong. An edited draft counts as wrong: as it stood it was not right."""

    threshold: float
    coverage: float
    error: float | None
    answered: int
    judged: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Times of answers, in milliseconds; None while there are none. Exact to the bucket they fall into."""

    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class CostInsight:
    """Money of the days asked for, in USD."""

    total_usd: float
    per_ticket_usd: float | None
    per_resolved_usd: float | None
    by_model: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class UseCount:
    """What became of published remedies; unknown is what nobody told or showed."""

    used: int
    edited: int
    ignored: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Insights:
    """A tenant's last days. Rates are None while there is nothing to divide by."""

    days: int
    tickets: TicketCount
    per_day: tuple[DayInsight, ...]
    resolution_rate: float | None
    deflection_rate: float | None
    coverage: tuple[CoveragePoint, ...]
    latency: Latency
    cost: CostInsight
    use: UseCount


class InsightReader:
    """Reads insights. Every method may raise StorageFailed."""

    def __init__(self, table: Table, ledger: Ledger, clock: Clock) -> None:
        self._table = table
        self._ledger = ledger
        self._clock = clock

    def read(self, tenant_id: str, days: int = 30) -> Insights:
        """The last `days` days, today included. Raises InvalidInput for more than 366."""
        if not 1 <= days <= DAYS_MAX:
            raise InvalidInput(f"{days} days cannot be shown. Ask for 1 to {DAYS_MAX}.")
        today = self._clock.now().date()
        first = today - timedelta(days=days - 1)
        figures = self.figures(tenant_id, first.isoformat(), today.isoformat())
        spent = self._ledger.days(tenant_id, first.isoformat(), today.isoformat())
        per_day_cost = by_name(spent, 0)
        total: Counter[str] = Counter()
        for counter in figures.values():
            total.update(counter)
        names = [(first + timedelta(days=n)).isoformat() for n in range(days)]
        return Insights(
            days=days,
            tickets=self.tickets(tenant_id),
            per_day=tuple(_day(n, figures.get(n, Counter()), per_day_cost.get(n, Spent())) for n in names),
            resolution_rate=_share(total[Figure.RESOLVED], total[Figure.OPENED]),
            deflection_rate=_share(total[Figure.DIRECT], total[Figure.ANSWERED]),
            coverage=tuple(coverage_curve(total)),
            latency=Latency(percentile(total, 0.50), percentile(total, 0.95)),
            cost=_cost(spent, total),
            use=_use(total),
        )

    def figures(self, tenant_id: str, first: str, last: str) -> dict[str, Counter[str]]:
        """The counters of each day that has any, such as 2026-01-31, both included."""
        sort = SortBetween(f"{DAY}#{first}", f"{DAY}#{last}")
        query = keys.INSIGHTS_BY_DAY.query(tenant=tenant_id, kind=DAY, sort=sort, limit=DAYS_MAX)
        return {str(item["day"]): _counts(item) for item in self._table.query(query).items}

    def month(self, tenant_id: str, month: str) -> Counter[str]:
        """The counters of a month, added up."""
        total: Counter[str] = Counter()
        for counter in self.figures(tenant_id, f"{month}-01", f"{month}-31").values():
            total.update(counter)
        return total

    def tickets(self, tenant_id: str) -> TicketCount:
        """How many tickets there are, by status."""
        item = self._table.get(keys.INSIGHT.key(tenant=tenant_id, kind=NOW, period=EVER)) or {}
        counts = _counts(item)
        by_status = {status.value: counts[status_figure(status.value)] for status in Status}
        return TicketCount(sum(by_status.values()), by_status)


def coverage_curve(total: Mapping[str, int]) -> Iterator[CoveragePoint]:
    """One point for each twentieth of confidence, from everything down to the surest."""
    answered_all = sum(total.get(confidence_figure(n, "answered"), 0) for n in range(CONFIDENCE_BINS))
    for first in range(CONFIDENCE_BINS):
        answered, judged, wrong = (
            sum(total.get(confidence_figure(n, what), 0) for n in range(first, CONFIDENCE_BINS))
            for what in ("answered", "judged", "wrong")
        )
        yield CoveragePoint(
            round(first / CONFIDENCE_BINS, 2),
            _share(answered, answered_all) or 0.0,
            _share(wrong, judged),
            answered,
            judged,
        )


def percentile(total: Mapping[str, int], share: float) -> float | None:
    """The latency in ms below which this share of answers lies: straight on between a bucket's bounds.

    As Prometheus' histogram_quantile; above the last bound it is that bound.
    """
    counts = [total.get(latency_figure(n), 0) for n in range(len(LATENCY_BOUNDS_MS) + 1)]
    wanted = sum(counts) * share
    if not sum(counts):
        return None
    so_far = 0
    for place, count in enumerate(counts[:-1]):
        if count and so_far + count >= wanted:
            low = LATENCY_BOUNDS_MS[place - 1] if place else 0
            high = LATENCY_BOUNDS_MS[place]
            return round(low + (high - low) * (wanted - so_far) / count, 1)
        so_far += count
    return float(LATENCY_BOUNDS_MS[-1])


def _day(day: str, counter: Counter[str], spent: Spent) -> DayInsight:
    return DayInsight(
        day=day,
        opened=counter[Figure.OPENED],
        resolved=counter[Figure.RESOLVED],
        published=counter[Figure.DIRECT] + counter[Figure.APPROVED],
        reviewed=counter[Figure.REVIEWED],
        asked=counter[Figure.ASKED],
        escalated=counter[Figure.ESCALATED],
        cost_usd=usd(spent.cost_nano),
        p50_ms=percentile(counter, 0.50),
        p95_ms=percentile(counter, 0.95),
    )


def _cost(spent: Mapping[tuple[str, str], Spent], total: Counter[str]) -> CostInsight:
    nanos = sum(s.cost_nano for s in spent.values())
    return CostInsight(
        usd(nanos),
        _per(nanos, total[Figure.OPENED]),
        _per(nanos, total[Figure.RESOLVED]),
        {model: usd(s.cost_nano) for model, s in sorted(by_name(spent, 1).items())},
    )


def _use(total: Counter[str]) -> UseCount:
    used, edited, ignored = total[Figure.USED], total[Figure.EDITED], total[Figure.IGNORED]
    published = total[Figure.DIRECT] + total[Figure.APPROVED]
    return UseCount(used, edited, ignored, max(0, published - used - edited - ignored))


def _per(nanos: int, count: int) -> float | None:
    return round(usd(nanos) / count, 9) if count else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _counts(item: Item) -> Counter[str]:
    return Counter({n: v for n, v in item.items() if isinstance(v, int) and not isinstance(v, bool)})
