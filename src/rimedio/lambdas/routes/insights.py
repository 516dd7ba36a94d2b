"""Insights, costs, budget, metrics, objectives."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from rimedio.cost.budgets import BudgetState, Level, Limits
from rimedio.cost.costs import CostReport, report_costs
from rimedio.cost.insights import (
    DAYS_MAX,
    CostInsight,
    CoveragePoint,
    DayInsight,
    Latency,
    TicketCount,
    UseCount,
)
from rimedio.cost.money import nano, usd
from rimedio.lambdas.replies import Download
from rimedio.lambdas.router import Api
from rimedio.observability.objectives import Alert, ObjectiveReport

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "insights"
MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

Share = Annotated[float, Field(ge=0, le=10)]


class InsightsQuery(BaseModel):
    """How far back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(30, ge=1, le=DAYS_MAX, description="How many days, today included.")


class MonthQuery(BaseModel):
    """Which month."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    month: str | None = Field(None, pattern=MONTH, description="Such as 2026-01; the present one if absent.")


class ObjectiveView(BaseModel):
    """An objective in a line. `actual` is null while nothing has happened."""

    model_config = ConfigDict(frozen=True)

    name: str
    target: float
    actual: float | None
    budget_left: float
    alert: Alert


class InsightsView(BaseModel):
    """A tenant's last days; rates are null while there is nothing to divide by."""

    model_config = ConfigDict(frozen=True)

    days: int
    tickets: TicketCount
    per_day: tuple[DayInsight, ...]
    resolution_rate: float | None
    deflection_rate: float | None
    coverage: tuple[CoveragePoint, ...]
    threshold: float = Field(description="Confidence from which an answer is sent without a review.")
    latency: Latency
    cost: CostInsight
    use: UseCount
    slo: tuple[ObjectiveView, ...]


class BudgetBody(BaseModel):
    """A month's budget. Without an amount nothing limits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    monthly_usd: float | None = Field(ge=0, le=1_000_000_000)
    small_model_at: Share = 0.70
    extractive_at: Share = 0.90
    person_at: Share = 1.0


class BudgetView(BaseModel):
    """The budget and how this month stands. `held_usd` is put aside for calls under way."""

    model_config = ConfigDict(frozen=True)

    monthly_usd: float | None
    small_model_at: float
    extractive_at: float
    person_at: float
    month: str
    spent_usd: float
    held_usd: float
    level: Level


class SloView(BaseModel):
    """Every objective with its burn rates."""

    model_config = ConfigDict(frozen=True)

    items: tuple[ObjectiveReport, ...]


def register(api: Api, system: "Rimedio") -> None:
    """Routes of insights."""

    @api.get("/v1/insights", summary="What the last days were like", tag=TAG)
    def get_insights(query: InsightsQuery) -> InsightsView:
        found = system.accounts.insights.read(api.caller.tenant_id, query.days)
        lines = tuple(
            ObjectiveView(
                name=r.name, target=r.target, actual=r.actual, budget_left=r.budget_left, alert=r.alert
            )
            for r in system.accounts.measurements.reports()
        )
        return InsightsView(
            days=found.days,
            tickets=found.tickets,
            per_day=found.per_day,
            resolution_rate=found.resolution_rate,
            deflection_rate=found.deflection_rate,
            coverage=found.coverage,
            threshold=system.settings.publish_confidence_min,
            latency=found.latency,
            cost=found.cost,
            use=found.use,
            slo=lines,
        )

    @api.get("/v1/costs", summary="What a month cost", tag=TAG)
    def get_costs(query: MonthQuery) -> CostReport:
        month = query.month or system.accounts.this_month
        return report_costs(system.accounts.ledger, system.accounts.insights, api.caller.tenant_id, month)

    @api.get("/v1/budget", summary="The month's budget and how it stands", tag=TAG)
    def get_budget() -> BudgetView:
        return _budget(system.accounts.budgets.state(api.caller.tenant_id))

    @api.put("/v1/budget", summary="Set the month's budget", tag=TAG, unfit=True)
    def put_budget(body: BudgetBody) -> BudgetView:
        monthly = None if body.monthly_usd is None else nano(body.monthly_usd)
        limits = Limits(monthly, body.small_model_at, body.extractive_at, body.person_at)
        return _budget(system.accounts.budgets.set_limits(api.caller.tenant_id, limits))

    @api.get("/v1/metrics", summary="Every metric, as Prometheus reads it", tag=TAG, media=TEXT)
    def get_metrics() -> Download:
        return Download(system.accounts.prometheus().encode(), TEXT)

    @api.get("/v1/slo", summary="How the objectives stand", tag=TAG)
    def get_slo() -> SloView:
        return SloView(items=system.accounts.measurements.reports())


def _budget(state: BudgetState) -> BudgetView:
    limits = state.limits
    return BudgetView(
        monthly_usd=None if limits.monthly_nano is None else usd(limits.monthly_nano),
        small_model_at=limits.small_model_at,
        extractive_at=limits.extractive_at,
        person_at=limits.person_at,
        month=state.month,
        spent_usd=usd(state.spent_nano),
        held_usd=usd(state.committed_nano - state.spent_nano),
        level=state.level,
    )
