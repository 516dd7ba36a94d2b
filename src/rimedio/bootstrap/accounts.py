"""Cost and observability, put together: ledger, budgets, metrics, traces, objectives."""

from functools import cached_property
from typing import TYPE_CHECKING

from rimedio.observability.metrics import Meter, Metrics
from rimedio.observability.traces import NoTracer, Tracer

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio


class Accounts:
    """What the answers cost and how well the service runs."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system

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
        """Where rooms open their spans."""
        return NoTracer()

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """One HTTP request; for the gateway, once a request."""
        self.meter.observe_request(route, status, seconds)
