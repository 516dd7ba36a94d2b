"""Cost and observability, put together: ledger, budgets, metrics, traces, objectives."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from rimedio.answering.budgeted import BudgetedWriter
from rimedio.answering.writers import Writer
from rimedio.cost.budgets import Budgets, Level, Limits
from rimedio.cost.ledger import Ledger
from rimedio.cost.metered_chat import (
    BudgetGate,
    ChatAccounts,
    MeteredChat,
    Payer,
    UnwrittenChat,
    payer_of_correlation,
)
from rimedio.cost.money import nano
from rimedio.llm.chat import ChatModel
from rimedio.llm.pricing import PriceTable
from rimedio.observability.metrics import Meter, Metrics
from rimedio.observability.traces import NoTracer, Tracer
from rimedio.settings import Generator, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from rimedio.bootstrap.laptop import Rimedio

TRACE_FILE = "traces.jsonl"
TIERS = (Level.FULL, Level.SMALL_MODEL)  # of the configured model and of its fallback


def pays(settings: Settings) -> bool:
    """Whether answers cost money, so that the data folder must be written. Raises InvalidSetting."""
    if settings.generator is Generator.EXTRACTIVE:
        return False
    prices = PriceTable.from_file(settings.price_file) if settings.price_file else PriceTable.shipped()
    names = (settings.llm_model, settings.llm_fallback_model)
    return any(name and not prices.is_free(name) for name in names)


class Accounts:
    """What the answers cost and how well the service runs."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system

    # -- observability

    @cached_property
    def meter(self) -> Meter:
        """Every number of this process."""
        return Meter()

    @property
    def metrics(self) -> Metrics:
        """Where rooms put their measurements."""
        return self.meter

    @cached_property
    def tracer(self) -> Tracer:
        """Where rooms open their spans. Raises InvalidSetting when the exporter is not installed."""
        system = self._system
        if system.settings.traces == "none":
            return NoTracer()
        from rimedio.observability.opentelemetry_traces import make_tracer

        return make_tracer(system.settings.traces, system.folder.path / TRACE_FILE)

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """One HTTP request; for the gateway, once a request."""
        self.meter.observe_request(route, status, seconds)

    # -- money

    @cached_property
    def ledger(self) -> Ledger:
        """What was paid for."""
        return Ledger(self._system.table)

    @cached_property
    def budgets(self) -> Budgets:
        """What may still be paid for."""
        system, settings = self._system, self._system.settings
        monthly = settings.budget_monthly_usd
        defaults = Limits(
            None if monthly is None else nano(monthly),
            settings.budget_small_model_at,
            settings.budget_extractive_at,
            settings.budget_person_at,
        ).checked()
        return Budgets(system.table, system.clock, system.ids, defaults)

    @cached_property
    def payer(self) -> "Callable[[], Payer]":
        """Who pays for the work in hand."""
        return payer_of_correlation(self._system.tenant)

    def metered(self, models: Sequence[ChatModel]) -> tuple[ChatModel, ...]:
        """The models, best first, each let in by the budget and written into the ledger."""
        system = self._system
        if system.folder.read_only:
            return tuple(UnwrittenChat(model, system.prices) for model in models)
        accounts = ChatAccounts(
            self.budgets, system.prices, system.counter, self.metrics, system.clock, self.payer
        )
        return tuple(
            MeteredChat(model, TIERS[min(place, len(TIERS) - 1)], accounts)
            for place, model in enumerate(models)
        )

    def budgeted(
        self, primary: Writer, fallback: Writer | None, extractive: Writer
    ) -> tuple[Writer, Writer | None, Writer]:
        """The three writers, each giving way to those below as the budget goes."""
        gate = BudgetGate(self.budgets, self.payer)
        writers: dict[Level, Writer] = {Level.EXTRACTIVE: extractive}
        if type(primary) is type(extractive):  # nothing is paid for: only the last level changes anything
            only = BudgetedWriter(Level.EXTRACTIVE, writers, gate)
            return only, None, only
        writers[Level.FULL] = primary
        if fallback is not None:
            writers[Level.SMALL_MODEL] = fallback
        made = {tier: BudgetedWriter(tier, writers, gate) for tier in writers}
        return made[Level.FULL], made.get(Level.SMALL_MODEL), made[Level.EXTRACTIVE]
