"""Spans join the caller's trace, and cost nothing where nobody wants them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.growth import times_a_plain_count

from rimedio.domain.clock import SeededIds
from rimedio.domain.errors import InvalidSetting
from rimedio.observability.catalogue import RETRIEVAL_SECONDS
from rimedio.observability.correlation import bound, current
from rimedio.observability.metrics import Meter
from rimedio.observability.observed_tasks import ObservedTasks
from rimedio.observability.opentelemetry_traces import OpenTelemetryTracer, make_tracer
from rimedio.observability.performance import Performance
from rimedio.observability.request_ids import outgoing_traceparent, request_id_of, request_scope
from rimedio.observability.span_file import SpanFile
from rimedio.observability.traceparent import (
    new_traceparent,
    parse_traceparent,
    ticket_headers,
    ticket_place,
    trace_of_ticket,
)
from rimedio.observability.traces import NoTracer

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADER = f"00-{TRACE}-{SPAN}-01"
TICKET = "tkt_6f1c2d3e-0000-4000-8000-000000000001"


@pytest.fixture
def file(tmp_path: Path) -> SpanFile:
    return SpanFile(tmp_path / "traces.jsonl")


@pytest.fixture
def tracer(tmp_path: Path) -> OpenTelemetryTracer:
    return make_tracer("file", tmp_path / "traces.jsonl")


@pytest.mark.parametrize(
    "header",
    [None, "", "x", HEADER.upper(), f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
     f"{HEADER}-more", f"00-{TRACE}-{SPAN}", f"0-{TRACE}-{SPAN}-01"],
)  # fmt: skip
def test_a_header_that_breaks_the_standard_is_left_out(header: str | None) -> None:
    assert parse_traceparent(header) is None


def test_a_header_goes_in_and_out_unchanged() -> None:
    found = parse_traceparent(HEADER)
    assert found is not None
    assert (found.trace_id, found.span_id, found.sampled, found.header) == (TRACE, SPAN, True, HEADER)
    assert parse_traceparent(f"01-{TRACE}-{SPAN}-00-future") is not None  # versions to come may say more


def test_a_request_continues_the_callers_trace() -> None:
    with request_scope("req_1", tenant="acme", traceparent=HEADER):
        assert (current().trace_id, current().tenant) == (TRACE, "acme")
        assert outgoing_traceparent(current()) == HEADER
    assert outgoing_traceparent(current()) is None


def test_a_request_without_a_trace_begins_one() -> None:
    with request_scope("req_1") as found:
        assert parse_traceparent(outgoing_traceparent(found)) is not None


@pytest.mark.parametrize("sane", ["abcd", "3f2a-77", "a" * 128])
def test_a_sane_request_id_is_kept(sane: str) -> None:
    assert request_id_of(sane, SeededIds()) == sane


@pytest.mark.parametrize(
    "odd", [None, "", "abc", "a" * 129, "x\r\nSet-Cookie: a", "-abcd", "è" * 8, "a b c d"]
)
def test_another_request_id_is_made_anew(odd: str | None) -> None:
    assert request_id_of(odd, SeededIds()).startswith("req_")


def test_a_tickets_trace_follows_from_its_id() -> None:
    assert trace_of_ticket(TICKET) == "6f1c2d3e000040008000000000000001"
    assert parse_traceparent(ticket_place(TICKET).header) == ticket_place(TICKET)
    assert len(trace_of_ticket("odd")) == 32


def test_a_webhook_is_told_the_tickets_trace() -> None:
    assert ticket_headers(TICKET) == {"traceparent": ticket_place(TICKET).header}
    assert ticket_headers(None) == {}


def test_new_places_differ() -> None:
    assert new_traceparent().trace_id != new_traceparent().trace_id
    assert new_traceparent(TRACE).trace_id == TRACE


def test_spans_stand_inside_each_other_and_inside_the_request(tracer, file: SpanFile) -> None:
    with request_scope("req_1", traceparent=HEADER), tracer.span("request", {"http.status_code": 200}):
        assert current().trace_id == TRACE
        with tracer.span("search") as span:
            span.set("passages", 8)
    inner, outer = sorted(file.trace(TRACE), key=lambda s: s.name, reverse=True)
    assert (outer.name, outer.parent_id, inner.parent_id) == ("request", SPAN, outer.span_id)
    assert inner.attributes == {"rimedio.request_id": "req_1", "passages": 8}
    assert inner.duration_ms >= 0


def test_a_failed_span_names_the_error_and_not_what_it_says(tracer, tmp_path: Path) -> None:
    with bound(trace_id=TRACE, span_id=SPAN), pytest.raises(ValueError), tracer.span("work"):
        raise ValueError("Marta's number")
    (found,) = SpanFile(tmp_path / "traces.jsonl").trace(TRACE)
    assert found.failed == "ValueError"
    assert "Marta" not in (tmp_path / "traces.jsonl").read_text()


def test_the_file_of_spans_has_a_size_that_it_keeps(tmp_path: Path, tracer) -> None:
    small = SpanFile(tmp_path / "small.jsonl", bytes_max=2000)
    with bound(trace_id=TRACE, span_id=SPAN), tracer.span("x"):
        pass
    (record,) = SpanFile(tmp_path / "traces.jsonl").trace(TRACE)
    for _ in range(100):
        small.add([record])
    assert sum(path.stat().st_size for path in tmp_path.glob("small.jsonl*")) < 5000
    assert 0 < len(small.trace(TRACE)) < 30


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path, tracer, file: SpanFile) -> None:
    with bound(trace_id=TRACE, span_id=SPAN), tracer.span("x"):
        pass
    with (tmp_path / "traces.jsonl").open("a") as out:
        out.write('{"trace_id": "0af7')
    assert len(file.trace(TRACE)) == 1


def test_a_collector_that_is_not_installed_is_named(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk")
    try:
        import opentelemetry.exporter.otlp.proto.http  # noqa: F401
    except ImportError:
        with pytest.raises(InvalidSetting, match="opentelemetry-exporter-otlp-proto-http"):
            make_tracer("otlp", tmp_path / "x")


def test_spans_in_a_batch_leave_when_they_are_flushed_and_tracing_goes_on() -> None:
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    sent = InMemorySpanExporter()
    tracer = OpenTelemetryTracer(BatchSpanProcessor(sent, schedule_delay_millis=3_600_000))
    for number in (1, 2):
        with tracer.span(f"call {number}"):
            pass
        tracer.flush()
        assert len(sent.get_finished_spans()) == number
    tracer.close()


def test_tracing_that_is_off_costs_a_microsecond_and_imports_nothing() -> None:
    tracer = NoTracer()

    def work() -> None:
        with tracer.span("x"):
            pass

    assert (
        times_a_plain_count(work) < 12
    )  # about as much on a quiet machine; a span that is kept, a hundred times
    script = (
        "import sys, json, rimedio.observability, rimedio.bootstrap.accounts; "
        "print(json.dumps([m for m in ('opentelemetry', 'prometheus_client') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


class Running:
    execution_id = "exe_1"


def test_a_task_is_watched_under_its_tickets_ids(tracer, file: SpanFile) -> None:
    seen = []
    meter = Meter()

    def inner(arguments, context):
        seen.append(current())
        return {"StatusCode": 200}

    tasks = ObservedTasks(inner, Performance(meter, tracer))
    payload = {"FunctionName": "generate", "Payload": {"tenant_id": "acme", "ticket_id": TICKET}}
    assert tasks(payload, Running()) == {"StatusCode": 200}
    (found,) = seen
    assert (found.tenant, found.ticket_id, found.step, found.execution_id) == (
        "acme",
        TICKET,
        "generate",
        "exe_1",
    )
    assert [s.name for s in file.trace(trace_of_ticket(TICKET))] == ["generate"]
    (reading,) = meter.read()
    assert reading.labels == ("generate", "succeeded")


def test_a_task_that_fails_is_counted_as_failed() -> None:
    meter = Meter()

    def inner(arguments, context):
        raise ValueError

    tasks = ObservedTasks(inner, Performance(meter, NoTracer()))
    with pytest.raises(ValueError):
        tasks(None, Running())
    (reading,) = meter.read()
    assert reading.labels == ("?", "failed")


def test_the_decorator_measures_every_call_failed_ones_too() -> None:
    meter = Meter()

    @Performance(meter, NoTracer()).timed(RETRIEVAL_SECONDS)
    def divide(one: int, other: int) -> float:
        """Divide."""
        return one / other

    assert divide(6, 3) == 2
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    (reading,) = meter.read()
    assert (reading.count, divide.__name__) == (2, "divide")
