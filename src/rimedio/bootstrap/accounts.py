"""Cost and observability, put together: ledger, budgets, metrics, traces, objectives."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rimedio.answering.answer import Searching
from rimedio.answering.budgeted import BudgetedWriter
from rimedio.answering.timed_search import TimedSearch
from rimedio.answering.writers import Writer
from rimedio.aws_settings import Home
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
from rimedio.cost.money import nano, usd
from rimedio.domain.ticket import Status
from rimedio.llm.chat import ChatModel
from rimedio.llm.pricing import PriceTable
from rimedio.observability import catalogue
from rimedio.observability.metrics import Labels, Meter, Metrics, Several
from rimedio.observability.performance import Performance
from rimedio.observability.traces import NoTracer, Tracer
from rimedio.settings import Generator, Settings
from rimedio.storage.keys import stamp

if TYPE_CHECKING:  # what answering a question does not need is imported where it is first used
    from rimedio.bootstrap.system import Rimedio
    from rimedio.cost.counting import Counting
    from rimedio.cost.insights import InsightReader
    from rimedio.cost.level_watch import LevelChange, LevelWatch
    from rimedio.cost.measurements import Measurements
    from rimedio.cost.metered_steps import StepAccounts
    from rimedio.knowledge.embedding.port import Embedder
    from rimedio.observability.emf import EmfMetrics

COUNTING_IDLE_SECONDS = 1.0
MEASURING_IDLE_SECONDS = 15.0
BUDGETS_IDLE_SECONDS = 5.0
SAMPLED_MAX = 1000  # a gauge that counts further would be slow exactly when somebody needs it
SAMPLED_LETTERS_MAX = 100
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

    def close(self) -> None:
        """Send and write what is left of spans and measurements."""
        built = self.__dict__
        if "tracer" in built:
            self.tracer.close()
        if built.get("emf") is not None:
            built["emf"].flush()

    # -- observability

    @cached_property
    def meter(self) -> Meter:
        """Every number of this process."""
        return Meter()

    @cached_property
    def metrics(self) -> Metrics:
        """Where rooms put their measurements."""
        return self.meter if self.emf is None else Several(self.meter, self.emf)

    @cached_property
    def emf(self) -> "EmfMetrics | None":
        """CloudWatch's format, into the file that the settings name; on AWS to where functions log."""
        settings = self._system.settings
        path, on_aws = settings.metrics_file, settings.home is Home.AWS
        if path is None and not on_aws:
            return None
        from rimedio.observability.emf import SERVICE_NAME, EmfMetrics

        service = (
            f"{SERVICE_NAME}-{settings.stage}" if on_aws else SERVICE_NAME
        )  # stages may share an account
        write = _print if path is None else lambda line: _append(path, line)
        return EmfMetrics(write, self._system.clock, service=service)

    @cached_property
    def tracer(self) -> Tracer:
        """Where rooms open their spans. Raises InvalidSetting when the exporter is not installed."""
        system = self._system
        if system.settings.traces == "none":
            return NoTracer()
        from rimedio.observability.opentelemetry_traces import make_tracer

        return make_tracer(system.settings.traces, system.scratch / TRACE_FILE)

    @cached_property
    def performance(self) -> Performance:
        """Times steps and functions."""
        return Performance(self.metrics, self.tracer)

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """One HTTP request; for the gateway, once a request."""
        self.meter.observe_request(route, status, seconds)
        if self.emf is not None:
            self.emf.observe(catalogue.HTTP_REQUESTS, seconds, route, str(status))

    def timed_search(self, inner: Searching) -> Searching:
        """The search with its time measured."""
        return TimedSearch(inner, self.metrics, self.tracer)

    def prometheus(self) -> str:
        """Every metric as Prometheus reads it."""
        from rimedio.observability.prometheus import prometheus_text

        self._sample()
        return prometheus_text(self.meter)

    def _sample(self) -> None:
        """What is asked for only when somebody looks."""
        self.meter.sample(catalogue.EMBEDDING_BACKLOG, self._embedding_backlog)
        self.meter.sample(catalogue.QUEUE_DEPTH, self._queue_depth)
        self.meter.sample(catalogue.OUTBOX_LAG, self._outbox_lag)
        self.meter.sample(catalogue.DLQ_DEPTH, self._dead_letters)

    def _embedding_backlog(self) -> Mapping[Labels, float]:
        coverage = self._system.coverage()
        return {(): float(coverage.chunks - coverage.embedded)}

    def _queue_depth(self) -> Mapping[Labels, float]:
        waiting = (Status.NEW.value, Status.PROCESSING.value)
        counts = [self.insights.tickets(tenant_id).by_status for tenant_id in self._tenants()]
        return {(): float(sum(by_status[status] for by_status in counts for status in waiting))}

    def _outbox_lag(self) -> Mapping[Labels, float]:
        relay = self._system.eventing.outbox
        return {(): float(len(self._system.changes.read(relay.consumer, SAMPLED_MAX)))}

    def _dead_letters(self) -> Mapping[Labels, float]:
        queue = self._system.eventing.queue
        pages = (queue.dead_letters(tenant_id, limit=SAMPLED_LETTERS_MAX) for tenant_id in self._tenants())
        return {(): float(sum(len(page.items) for page in pages))}

    def _tenants(self) -> set[str]:
        return {self._system.tenant, *self._system.tenants.all()}

    @property
    def this_month(self) -> str:
        """The present UTC month, such as 2026-01."""
        return stamp(self._system.clock.now())[:7]

    # -- figures

    @cached_property
    def counting(self) -> "Counting":
        """Counts what the change stream tells."""
        from rimedio.cost.counting import Counting

        system = self._system
        shards = system.settings.list_shards
        return Counting(system.table, system.changes, self.metrics, self.steps.answered, shards=shards)

    @cached_property
    def insights(self) -> "InsightReader":
        """What the console's charts show."""
        from rimedio.cost.insights import InsightReader

        return InsightReader(self._system.table, self.ledger, self._system.clock)

    @cached_property
    def measurements(self) -> "Measurements":
        """The service's minutes and hours, and how its objectives stand."""
        from rimedio.cost.measurements import Measurements
        from rimedio.observability.objectives import Objectives

        path = self._system.settings.objectives_file
        objectives = Objectives.from_file(path) if path else Objectives.shipped()
        return Measurements(self._system.table, self.meter, objectives, self._system.clock)

    @cached_property
    def level_watch(self) -> "LevelWatch":
        """Tells of budgets that come to another level."""
        from rimedio.cost.level_watch import LevelWatch

        system = self._system
        return LevelWatch(system.table, self.budgets, self._tenants, self._announce)

    def _announce(self, change: "LevelChange") -> None:
        from rimedio.events.detail_types import DetailType

        state = change.state
        monthly = state.limits.monthly_nano
        self._system.eventing.publisher.publish(
            change.tenant_id,
            DetailType.BUDGET_LEVEL_CHANGED,
            {
                "level": state.settled_level.value,
                "previous_level": change.previous.value,
                "month": state.month,
                "spent_usd": usd(state.spent_nano),
                "monthly_usd": None if monthly is None else usd(monthly),
            },
            key=change.key,
        )

    def loops(self) -> Mapping[str, tuple[Callable[[], int], float]]:
        """What runs in the background: name, one turn, idle seconds."""
        found: dict[str, tuple[Callable[[], int], float]] = {
            "insights": (self.counting.run_once, COUNTING_IDLE_SECONDS),
            "objectives": (self.measurements.run_once, MEASURING_IDLE_SECONDS),
            "budgets": (self.level_watch.run_once, BUDGETS_IDLE_SECONDS),
        }
        if self.emf is not None:
            found["metrics-file"] = (self.emf.flush, MEASURING_IDLE_SECONDS)
        return found

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
    def payer(self) -> Callable[[], Payer]:
        """Who pays for the work in hand."""
        return payer_of_correlation(self._system.tenant)

    def metered(self, models: Sequence[ChatModel]) -> tuple[ChatModel, ...]:
        """The models, best first, each let in by the budget and written into the ledger."""
        system = self._system
        if system.read_only:
            return tuple(UnwrittenChat(model, system.prices) for model in models)
        accounts = ChatAccounts(
            self.budgets, system.prices, system.counter, self.metrics, system.clock, self.payer
        )
        return tuple(
            MeteredChat(model, TIERS[min(place, len(TIERS) - 1)], accounts)
            for place, model in enumerate(models)
        )

    @cached_property
    def steps(self) -> "StepAccounts":
        """What is paid by the second or by the token beside chat models."""
        from rimedio.cost.metered_steps import StepAccounts

        system = self._system
        return StepAccounts(
            self.budgets, system.prices.units, system.counter, system.clock, system.ids, self.payer
        )

    def metered_embedder(self, inner: "Embedder") -> "Embedder":
        """The embedder, paid by the token where a token has a price."""
        system = self._system
        units = system.prices.with_embedder(inner.model_id).units
        if system.read_only or not units.embedding_per_million_tokens:
            return inner
        from rimedio.cost.metered_steps import metered_embedder

        return metered_embedder(inner, replace(self.steps, units=units))

    def metered_reading(self, read: Callable[[bytes, str], str]) -> Callable[[bytes, str], str]:
        """The reading of attachments, paid by the second where a second has a price."""
        if self._system.read_only or not self._system.prices.units.reading_per_second:
            return read
        from rimedio.cost.metered_steps import metered_reading

        return metered_reading(read, self.steps)

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


def _print(line: str) -> None:
    """Into the function's log, where CloudWatch finds measurements by itself."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
