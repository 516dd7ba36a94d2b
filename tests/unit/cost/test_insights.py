"""Figures are read from counters, quickly, however many tickets there were."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimedio.cost.day_figures import CONFIDENCE_BINS, LATENCY_BOUNDS_MS, confidence_bin, latency_figure
from rimedio.cost.insights import InsightReader, percentile
from rimedio.cost.ledger import Ledger
from rimedio.cost.tally import DAY, EVER, NOW
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.storage import keys
from rimedio.storage.table import Changes, Item, Key, Page, Query, Table

TENANT = "acme"


@pytest.fixture
def reader(table: Table, ledger: Ledger, clock: FakeClock) -> InsightReader:
    return InsightReader(table, ledger, clock)


def test_a_tenant_without_tickets_has_days_without_figures(reader: InsightReader) -> None:
    found = reader.read(TENANT, 30)
    assert [found.per_day[0].day, found.per_day[-1].day] == ["2026-01-02", "2026-01-31"]
    assert (found.tickets.total, found.resolution_rate, found.latency.p95_ms) == (0, None, None)
    assert found.cost.per_ticket_usd is None


@pytest.mark.parametrize("days", [0, 367, -1])
def test_a_span_that_is_too_long_or_none_is_refused(reader: InsightReader, days: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 366"):
        reader.read(TENANT, days)


def test_costs_are_told_per_ticket_and_per_resolved_ticket(
    reader: InsightReader, table: Table, ledger: Ledger, entry
) -> None:
    ledger.add(entry("cst_1", 3.0, model="big"))
    ledger.add(entry("cst_2", 1.0, model="small"))
    key = keys.INSIGHT.key(tenant=TENANT, kind=DAY, period="2026-01-31")
    table.update(key, Changes(set={"day": "2026-01-31"}, add={"opened": 8, "resolved": 2}))
    cost = reader.read(TENANT, 1).cost
    assert (cost.total_usd, cost.per_ticket_usd, cost.per_resolved_usd) == (4.0, 0.5, 2.0)
    assert cost.by_model == {"big": 3.0, "small": 1.0}


@given(st.lists(st.floats(0.1, 299_999), min_size=1, max_size=200), st.sampled_from([0.5, 0.95]))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(values: list[float], share: float) -> None:
    counts: dict[str, int] = {}
    bounds = (0, *LATENCY_BOUNDS_MS)
    for value in values:
        place = next(n for n, bound in enumerate(LATENCY_BOUNDS_MS) if value <= bound)
        counts[latency_figure(place)] = counts.get(latency_figure(place), 0) + 1
    true = sorted(values)[max(0, -(-len(values) * int(share * 100) // 100) - 1)]
    place = next(n for n, bound in enumerate(LATENCY_BOUNDS_MS) if true <= bound)
    found = percentile(counts, share)
    assert found is not None
    assert bounds[place] - 0.1 <= found <= bounds[place + 1] + 0.1


@pytest.mark.parametrize(
    ("confidence", "place"),
    [(0.0, 0), (0.049, 0), (0.05, 1), (0.7, 14), (0.35, 7), (0.95, 19), (1.0, 19), (-1, 0)],
)
def test_a_confidence_falls_into_its_twentieth(confidence: float, place: int) -> None:
    assert confidence_bin(confidence) == place < CONFIDENCE_BINS


def test_a_year_of_fifty_thousand_tickets_is_read_from_its_days(
    reader: InsightReader, table: Table, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = clock.now().date()
    for back in range(366):
        day = (today - timedelta(days=back)).isoformat()
        add = {"opened": 137, "resolved": 100, "direct": 80, "answered": 130}
        add |= {f"l{n:02d}": 6 for n in range(19)} | {f"c{n:02d}_answered": 6 for n in range(20)}
        table.update(
            keys.INSIGHT.key(tenant=TENANT, kind=DAY, period=day), Changes(set={"day": day}, add=add)
        )
    table.update(
        keys.INSIGHT.key(tenant=TENANT, kind=NOW, period=EVER), Changes(add={"status_RESOLVED": 50_142})
    )

    reads: list[int] = []
    get, query = table.get, table.query

    def counted_get(key: Key) -> Item | None:
        reads.append(1)
        return get(key)

    def counted_query(asked: Query) -> Page:
        page = query(asked)
        reads.append(len(page.items))
        return page

    monkeypatch.setattr(table, "get", counted_get)
    monkeypatch.setattr(table, "query", counted_query)
    found = reader.read(TENANT, 366)

    assert sum(day.opened for day in found.per_day) == found.tickets.total == 50_142
    assert len(reads) < 20  # calls; a look at each ticket would be thousands
    assert 366 <= sum(reads) < 400
