"""A month's costs for people: by model, by step, by day, per ticket and per resolved ticket."""

from collections.abc import Mapping
from dataclasses import dataclass

from rimedio.cost.day_figures import Figure
from rimedio.cost.insights import InsightReader
from rimedio.cost.ledger import Ledger, Spent
from rimedio.cost.money import usd


@dataclass(frozen=True, slots=True)
class CostLine:
    """A sum, in USD and tokens, of so many paid or timed steps."""

    name: str
    cost_usd: float
    tokens_input: int
    tokens_output: int
    calls: int


@dataclass(frozen=True, slots=True)
class CostReport:
    """A tenant's month. What is per ticket is null while there is no such ticket."""

    month: str
    total: CostLine
    tickets: int
    resolved: int
    per_ticket_usd: float | None
    per_resolved_usd: float | None
    by_model: tuple[CostLine, ...]
    by_step: tuple[CostLine, ...]
    by_day: tuple[CostLine, ...]


def report_costs(ledger: Ledger, insights: InsightReader, tenant_id: str, month: str) -> CostReport:
    """The month, such as 2026-01, out of sums. Raises StorageFailed."""
    costs = ledger.month(tenant_id, month)
    figures = insights.month(tenant_id, month)
    tickets, resolved = figures[Figure.OPENED], figures[Figure.RESOLVED]
    return CostReport(
        month=month,
        total=_line("total", costs.total),
        tickets=tickets,
        resolved=resolved,
        per_ticket_usd=_per(costs.total, tickets),
        per_resolved_usd=_per(costs.total, resolved),
        by_model=_lines(costs.by_model),
        by_step=_lines(costs.by_step),
        by_day=_lines(costs.by_day),
    )


def _lines(sums: Mapping[str, Spent]) -> tuple[CostLine, ...]:
    return tuple(_line(name, spent) for name, spent in sorted(sums.items()))


def _line(name: str, spent: Spent) -> CostLine:
    return CostLine(name, usd(spent.cost_nano), spent.tokens_input, spent.tokens_output, spent.entries)


def _per(spent: Spent, count: int) -> float | None:
    return round(usd(spent.cost_nano) / count, 9) if count else None
