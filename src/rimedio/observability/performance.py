"""Measures functions: a decorator and a context for steps whose time is worth knowing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

from rimedio.observability.catalogue import STEP, Metric
from rimedio.observability.logs import get_logger
from rimedio.observability.metrics import Metrics
from rimedio.observability.traces import Attribute, Span, Tracer

Given = ParamSpec("Given")
Result = TypeVar("Result")

SUCCEEDED, FAILED = "succeeded", "failed"
log = get_logger(__name__)


class Performance:
    """Times what runs inside it: one histogram value, one span, one debug line."""

    def __init__(self, metrics: Metrics, tracer: Tracer) -> None:
        self._metrics = metrics
        self._tracer = tracer

    @contextmanager
    def step(self, name: str, attributes: Mapping[str, Attribute] | None = None) -> Iterator[Span]:
        """A step of the workflow; its time stands under `step_seconds` with the outcome."""
        started = perf_counter()
        outcome = FAILED
        try:
            with self._tracer.span(name, attributes) as span:
                yield span
            outcome = SUCCEEDED
        finally:
            seconds = perf_counter() - started
            self._metrics.observe(STEP, seconds, name, outcome)
            log.debug("Step ended", step=name, outcome=outcome, seconds=round(seconds, 6))

    def timed(
        self, metric: Metric, name: str | None = None
    ) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
        """Decorator: every call's seconds go into `metric`, a histogram without labels, failures included."""

        def decorate(function: Callable[Given, Result]) -> Callable[Given, Result]:
            spanned = name or function.__name__

            @wraps(function)
            def measured(*args: Given.args, **kwargs: Given.kwargs) -> Result:
                started = perf_counter()
                try:
                    with self._tracer.span(spanned):
                        return function(*args, **kwargs)
                finally:
                    self._metrics.observe(metric, perf_counter() - started)

            return measured

        return decorate
