"""The template of every function: one log line, one span, one measurement a call; errors and time in one place.

    handler = LambdaFunction("relay", build_relay)

Nothing is built at import. The first call builds the function on the system and keeps both, later calls reuse
their connections. AWS calls `handler(event, context)`.
"""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Generic, TypeVar

from rimedio.domain.errors import RimedioError
from rimedio.lambdas.functions import _restoring
from rimedio.lambdas.functions._errors import handle_errors
from rimedio.lambdas.functions._invocation import Event, Invocation, LambdaContext
from rimedio.lambdas.functions._logging import configure_function_logs, describe_function, redact_personal
from rimedio.lambdas.functions._system import WARM, system
from rimedio.lambdas.functions._tracing import current_place
from rimedio.observability import get_logger
from rimedio.observability.catalogue import COLD_STARTS, FUNCTION_SECONDS
from rimedio.observability.request_ids import request_scope

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

Result = TypeVar("Result")
Work = Callable[[Event, Invocation], Result]
Build = Callable[["Rimedio"], Work[Result]]

COUNT_SECONDS = 60.0
LOG_LEVEL = "INFO"  # where the settings say nothing: one line a call is what an operator has of it
SUCCEEDED, FAILED = "succeeded", "failed"
LOG = get_logger(__name__)


def nothing_known(_event: Event) -> Mapping[str, str | None]:
    """For events that name no request of somebody else's."""
    return {}


class LambdaFunction(Generic[Result]):
    """An entry point. Lambda gives a process one call at a time, so it needs no lock."""

    def __init__(
        self,
        name: str,
        build: Build[Result],
        *,
        find_system: Callable[[], "Rimedio"] = system,
        correlate: Callable[[Event], Mapping[str, str | None]] = nothing_known,
        warm: Sequence[str] = (),
        passed: tuple[type[BaseException], ...] = (),
        objectives: bool = False,
    ) -> None:
        """`correlate` finds ids for the log (`Correlation`'s names) in an event; `warm` are modules that the first
        call imports; errors of `passed` classes are answers. With `objectives` the service's minutes count what this
        function measures: how quick requests and tickets are.
        """
        self.name = name
        self._build = build
        self._find_system = find_system
        self._correlate = correlate
        self._passed = passed
        self._objectives = objectives
        self._counted_at: float | None = None
        self._cold = True
        self._built: tuple[Rimedio, Callable[[Event, Invocation], Result]] | None = None
        self.warm = (*WARM, *warm)
        _restoring.register(self.warm, self._forget)

    def __call__(self, event: Event, context: LambdaContext) -> Result:
        """The function's answer. Raises its error, with a message that nothing personal stands in."""
        cold, self._cold = self._cold, False
        describe_function(context, cold_start=cold)
        place = current_place()
        ids = self._correlate(event)
        request_id = ids.get("request_id") or context.aws_request_id
        header = place.header if place else None
        with request_scope(request_id, tenant=ids.get("tenant"), traceparent=header):
            return self._observed(event, context, cold=cold)

    def _observed(self, event: Event, context: LambdaContext, *, cold: bool) -> Result:
        made, work = self._ready()
        metrics, started, outcome = made.accounts.metrics, perf_counter(), FAILED
        clean = redact_personal if made.settings.guardrails else str
        try:
            with made.accounts.tracer.span(f"lambda {self.name}", {"faas.coldstart": cold}):
                result = handle_errors(clean, self._passed)(work)(event, Invocation(context))
            outcome = SUCCEEDED
            return result
        finally:
            seconds = perf_counter() - started
            metrics.observe(FUNCTION_SECONDS, seconds, self.name, outcome)
            if cold:
                metrics.count(COLD_STARTS, 1, self.name)
            self._keep_measurements(made)
            made.accounts.tracer.flush()  # the process is frozen as soon as the answer is out
            LOG.info("Function ended", outcome=outcome, duration_ms=round(seconds * 1000, 1))

    def _keep_measurements(self, made: "Rimedio") -> None:
        """Into the log after every call, into the table once a minute; a failure there fails no call."""
        if made.accounts.emf is not None:
            made.accounts.emf.flush()
        now = made.clock.monotonic()
        if self._objectives and (self._counted_at is None or now - self._counted_at >= COUNT_SECONDS):
            self._counted_at = now
            try:
                made.accounts.measurements.run_once()
            except RimedioError as error:
                LOG.warning("The minute could not be counted", error_type=type(error).__name__)

    def _ready(self) -> "tuple[Rimedio, Callable[[Event, Invocation], Result]]":
        if self._built is None:
            made = self._find_system()
            settings = made.settings
            level = settings.log_level if "log_level" in settings.model_fields_set else LOG_LEVEL
            configure_function_logs(level, redact_personal if settings.guardrails else None)
            self._built = made, self._build(made)
        return self._built

    def _forget(self) -> None:
        self._built, self._cold, self._counted_at = None, True, None
