"""The template around every function: what it logs, measures, hides and hands back."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pytest

from rimedio.bootstrap import LaptopRimedio
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Conflict, InvalidInput, NotFound, RimedioError, Throttled
from rimedio.lambdas.functions import _restoring, _system
from rimedio.lambdas.functions._errors import FunctionFailed, can_be_retried, cleaned
from rimedio.lambdas.functions._function import LambdaFunction
from rimedio.lambdas.functions._invocation import Event, FakeContext, Invocation
from rimedio.lambdas.functions._tracing import parse_xray_header
from rimedio.observability import current, get_logger
from rimedio.observability.catalogue import COLD_STARTS, FUNCTION_SECONDS

LOG = get_logger("rimedio.test")
MAIL = "anna.rossi@example.com"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def function(
    system: LaptopRimedio, work: Callable[[Event, Invocation], Any], **options: Any
) -> LambdaFunction[Any]:
    return LambdaFunction("test", lambda _: work, find_system=lambda: system, **options)


def test_every_line_tells_the_call_and_nothing_personal(
    system: LaptopRimedio, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    def work(event: Event, _: Invocation) -> str:
        LOG.info(f"Somebody wrote from {MAIL}", note=MAIL)
        return "done"

    def correlate(event: Event) -> Mapping[str, str | None]:
        return {"request_id": "req-of-the-api", "tenant": "acme"}

    called = function(system, work, correlate=correlate)
    assert called({}, FakeContext()) == "done"
    assert called({}, FakeContext(aws_request_id="second")) == "done"
    told = lines()
    assert MAIL not in json.dumps(told)
    first, ended = told[0], told[1]
    assert first["correlation_id"] == "req-of-the-api"
    assert first["tenant"] == "acme"
    assert (first["cold_start"], told[2]["cold_start"]) == (True, False)
    assert (first["function_name"], first["function_memory_size"]) == ("rimedio-dev-function", 512)
    assert {line["function_request_id"] for line in told[2:]} == {"second"}
    assert {"level", "location", "message", "timestamp", "service"} <= set(first)
    assert (ended["message"], ended["outcome"]) == ("Function ended", "succeeded")


def test_a_call_is_measured_by_its_outcome(system: LaptopRimedio) -> None:
    def work(event: Event, _: Invocation) -> None:
        if event:
            raise Throttled("slow down")

    called = function(system, work)
    called({}, FakeContext())
    with pytest.raises(Throttled):
        called({"x": 1}, FakeContext())
    found = {(r.metric, r.labels): r for r in system.accounts.meter.read()}
    assert found[FUNCTION_SECONDS, ("test", "succeeded")].count == 1
    assert found[FUNCTION_SECONDS, ("test", "failed")].count == 1
    assert found[COLD_STARTS, ("test",)].total == 1


def test_what_objectives_ask_for_is_counted_once_a_minute_and_a_failure_there_fails_no_call(
    system: LaptopRimedio, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr(system, "clock", clock)
    turns: list[float] = []

    def run_once(_: object) -> int:
        turns.append(clock.monotonic())
        raise Throttled("the table is busy")

    monkeypatch.setattr(type(system.accounts.measurements), "run_once", run_once)
    called = function(system, lambda *_: "done", objectives=True)
    for _ in range(4):
        assert called({}, FakeContext()) == "done"
        clock.advance(30)
    assert turns[1] - turns[0] == 60
    assert len(turns) == 2


def test_an_error_leaves_with_its_class_and_a_clean_message_and_is_logged_once(
    system: LaptopRimedio, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    def work(event: Event, _: Invocation) -> None:
        raise NotFound(f"There is no ticket of {MAIL}.")

    with pytest.raises(NotFound) as raised:
        function(system, work)({}, FakeContext())
    assert MAIL not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    failures = [line for line in lines() if line["level"] == "ERROR"]
    assert [(f["error_type"], f["retryable"]) for f in failures] == [("NotFound", False)]
    assert MAIL not in json.dumps(failures)


def test_what_nobody_expected_leaves_without_a_word_of_it() -> None:
    found = cleaned(ValueError(f"bad value {MAIL}"), str)
    assert isinstance(found, FunctionFailed)
    assert MAIL not in str(found)


class Particular(RimedioError):
    """An error that is made of more than a message."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


def test_an_error_that_cannot_be_made_again_is_still_told() -> None:
    assert str(cleaned(Particular(1, "no"), str)) == "Particular: no"


@pytest.mark.parametrize(
    ("error", "again"),
    [(Throttled("x"), True), (Conflict("x"), True), (ValueError("x"), True), (InvalidInput("x"), False)],
)
def test_what_may_work_later_is_told_from_what_never_will(error: Exception, again: bool) -> None:
    assert can_be_retried(error) is again


def test_the_trace_that_lambda_names_goes_on(system: LaptopRimedio, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1"
    monkeypatch.setitem(os.environ, "_X_AMZN_TRACE_ID", header)
    seen = function(system, lambda *_: current().trace_id)({}, FakeContext())
    assert seen == "5759e988bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
        "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
    ],
)
def test_a_header_without_a_place_is_no_trace(header: str | None) -> None:
    assert parse_xray_header(header) is None


def test_an_unsampled_trace_stays_unsampled() -> None:
    place = parse_xray_header("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0")
    assert place is not None
    assert not place.sampled


def test_nothing_is_built_before_the_first_call_and_later_calls_reuse_it(system: LaptopRimedio) -> None:
    built: list[str] = []

    def build(_: object) -> Callable[[Event, Invocation], None]:
        built.append("built")
        return lambda *_: None

    called: LambdaFunction[None] = LambdaFunction("test", build, find_system=lambda: system)
    assert built == []
    called({}, FakeContext())
    called({}, FakeContext())
    assert built == ["built"]


def test_a_restored_copy_makes_connections_and_random_numbers_of_its_own(
    system: LaptopRimedio, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = ModuleType(_restoring.LIBRARY)
    before: list[Callable[[], None]] = []
    after: list[Callable[[], None]] = []
    hooks.register_before_snapshot = before.append  # type: ignore[attr-defined]
    hooks.register_after_restore = after.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, _restoring.LIBRARY, hooks)
    monkeypatch.setattr(_system._KEPT, "system", system)
    seeded: list[bool] = []
    monkeypatch.setattr("random.seed", lambda: seeded.append(True))
    built: list[str] = []

    def build(_: object) -> Callable[[Event, Invocation], None]:
        built.append("built")
        return lambda *_: None

    called: LambdaFunction[None] = LambdaFunction(
        "test", build, find_system=lambda: system, warm=("rimedio.events.signing",)
    )
    before[0]()
    assert built == []
    assert "rimedio.events.signing" in sys.modules
    called({}, FakeContext())
    after[0]()
    assert _system._KEPT.system is None
    assert seeded == [True]
    called({}, FakeContext())
    assert built == ["built", "built"]
