"""Spans by the OpenTelemetry SDK: no automatic instrumentation, no network unless OTLP is asked for.

Importing the SDK costs 90 ms, so this module is imported only where tracing is on.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    SpanContext,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from rimedio.domain.errors import InvalidSetting
from rimedio.observability.correlation import bound, current
from rimedio.observability.span_file import SpanFile, SpanRecord
from rimedio.observability.traceparent import TraceParent
from rimedio.observability.traces import Attribute, Span, parent_now

SERVICE_NAME = "rimedio"
FLUSH_MS = 2000  # a function must not wait longer for its spans
_CORRELATED = ("tenant", "request_id", "ticket_id", "execution_id")


class _RecordedSpan:
    """A span that OpenTelemetry keeps."""

    __slots__ = ("_span",)

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    @property
    def recorded(self) -> bool:
        """False where the caller's trace is not sampled."""
        return self._span.is_recording()

    def set(self, name: str, value: Attribute) -> None:
        self._span.set_attribute(name, value)


class OpenTelemetryTracer:
    """A `Tracer` on the SDK. `close` sends what is left."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._provider = TracerProvider(
            resource=Resource({"service.name": SERVICE_NAME}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(SERVICE_NAME)

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Attribute] | None = None, parent: TraceParent | None = None
    ) -> Iterator[Span]:
        known = current()
        ids = {f"rimedio.{n}": v for n in _CORRELATED if (v := getattr(known, n)) is not None}
        with self._tracer.start_as_current_span(
            name,
            context=_context(parent),
            attributes={**ids, **(attributes or {})},
            record_exception=False,  # its message may hold what a ticket says
            set_status_on_exception=False,
        ) as span:
            place = span.get_span_context()
            with bound(trace_id=f"{place.trace_id:032x}", span_id=f"{place.span_id:016x}"):
                try:
                    yield _RecordedSpan(span)
                except BaseException as error:
                    span.set_status(StatusCode.ERROR, type(error).__name__)
                    raise

    def flush(self) -> None:
        """Send what is left within `FLUSH_MS`; what an unreachable collector does not take is dropped."""
        self._provider.force_flush(FLUSH_MS)

    def close(self) -> None:
        """Send what is left and stop."""
        self._provider.shutdown()


def make_tracer(exporter: str, file: Path) -> OpenTelemetryTracer:
    """The tracer for a value of the setting `traces`. Raises InvalidSetting when its library is missing."""
    if exporter == "console":
        return OpenTelemetryTracer(SimpleSpanProcessor(ConsoleSpanExporter()))
    if exporter == "file":
        return OpenTelemetryTracer(SimpleSpanProcessor(FileSpanExporter(SpanFile(file))))
    return OpenTelemetryTracer(BatchSpanProcessor(_otlp()))


def _otlp() -> SpanExporter:
    """Sends to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names."""
    try:
        from importlib import import_module

        module = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        msg = (
            "The setting `traces` is otlp, but the exporter is not installed. Install "
            "opentelemetry-exporter-otlp-proto-http, or set `traces` to file."
        )
        raise InvalidSetting(msg) from error
    exporter: SpanExporter = module.OTLPSpanExporter()
    return exporter


def _context(parent: TraceParent | None) -> Context | None:
    """Where a new span belongs: below `parent`, else below the current span, else where the request came from."""
    if parent is None and get_current_span() is not INVALID_SPAN:
        return None
    place = parent or parent_now()
    if place is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if place.sampled else TraceFlags.DEFAULT)
    remote = SpanContext(int(place.trace_id, 16), int(place.span_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(remote), Context())


class FileSpanExporter(SpanExporter):
    """OpenTelemetry's exporter into a `SpanFile`."""

    def __init__(self, file: SpanFile) -> None:
        self._file = file

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._file.add([_record(span) for span in spans])
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def _record(span: ReadableSpan) -> SpanRecord:
    place = span.get_span_context()
    trace_id, span_id = (place.trace_id, place.span_id) if place else (0, 0)
    attributes = {n: v for n, v in (span.attributes or {}).items() if isinstance(v, str | int | float | bool)}
    return SpanRecord(
        trace_id=f"{trace_id:032x}",
        span_id=f"{span_id:016x}",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else None,
        name=span.name,
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        failed=span.status.description if span.status.status_code is StatusCode.ERROR else None,
        attributes=attributes,
    )
