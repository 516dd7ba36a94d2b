"""A running service tells what it does: metrics, traces, log lines, objectives; and nothing it should keep to itself."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.http.house import House, running_house, ticket_body

from rimedio.bootstrap import laptop
from rimedio.cli.session import redact_personal
from rimedio.observability.logs import ROOT, configure_logs
from rimedio.observability.span_file import SpanFile
from rimedio.observability.traceparent import trace_of_ticket
from rimedio.settings import EmbedderName, Settings

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TICKET = "tkt_00000000-0000-4000-8000-000000000000"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    logger = logging.getLogger(ROOT)
    handlers, level = list(logger.handlers), logger.level
    stream = io.StringIO()
    configure_logs("DEBUG", stream=stream, redact=redact_personal)
    yield stream
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture
def house(tmp_path: Path, logged: io.StringIO) -> Iterator[House]:
    metrics = tmp_path / "emf.jsonl"
    with running_house(tmp_path, traces="file", metrics_file=metrics, budget_monthly_usd=5) as found:
        yield found


def turn(house: House) -> None:
    """Let every loop of the accounts do what there is to do."""
    for run_once, _ in house.system.accounts.loops().values():
        while run_once():
            pass


def test_what_a_request_leaves_behind(house: House, logged: io.StringIO, tmp_path: Path) -> None:
    said = "My name is Marta Fontanelli, call me at +39 055 5550825: the station shows E029 and stops"
    with house.client() as client:
        opened = client.post("/v1/tickets", json=ticket_body(symptom_text=said), headers=TRACEPARENT)
        assert opened.status_code == 202
        ticket_id = opened.json()["ticket_id"]
        assert client.get("/v1/tickets/" + ticket_id, headers=TRACEPARENT).status_code == 200
        assert client.get("/v1/tickets/" + TICKET).status_code == 404
        ticket = house.system.tickets.get(house.system.tenant, ticket_id)
        house.system.runner.settle(ticket)
        turn(house)
        scraped = client.get("/v1/metrics").text
        objectives = {o["name"]: o for o in client.get("/v1/slo").json()["items"]}

    families = {f.name: f for f in text_string_to_metric_families(scraped)}
    requests = families["rimedio_http_request_seconds"].samples
    routes = {(s.labels["route"], s.labels["status"]) for s in requests}
    assert ("POST /v1/tickets", "202") in routes
    assert ("GET /v1/tickets/{ticket_id}", "200") in routes
    assert not any("tkt_" in route for route, _ in routes)
    assert objectives["availability"]["total"] >= 3
    assert objectives["tickets"]["total"] == 1

    spans = SpanFile(house.system.folder.path / "traces.jsonl")
    assert {s.attributes["rimedio.ticket_id"] for s in spans.trace(TRACE)} == {ticket_id}
    assert {"validate", "search", "generate", "decide"} <= {
        s.name for s in spans.trace(trace_of_ticket(ticket_id))
    }

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    steps = [line for line in lines if line["message"] == "Step ended"]
    assert {line["ticket_id"] for line in steps} == {ticket_id}
    assert all(line["trace_id"] and line["execution_id"] for line in steps)
    for kept in (logged.getvalue(), (house.system.folder.path / "traces.jsonl").read_text(), scraped):
        assert "Fontanelli" not in kept
        assert "5550825" not in kept
        assert house.token() not in kept

    documents = [json.loads(line) for line in (tmp_path / "emf.jsonl").read_text().splitlines()]
    names = {m["Name"] for d in documents for m in d["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert {"http_request_seconds", "step_seconds", "retrieval_seconds", "tickets_opened"} <= names


def test_unknown_routes_make_one_series_whatever_is_asked_for(house: House) -> None:
    for number in range(20):
        httpx.get(f"{house.url}/v1/nothing-{number}", timeout=60)
    with house.client() as client:
        families = text_string_to_metric_families(client.get("/v1/metrics").text)
    (requests,) = [f for f in families if f.name == "rimedio_http_request_seconds"]
    routes = {s.labels["route"] for s in requests.samples}
    assert not any("nothing" in route for route in routes)
    assert len(routes) <= 3


def test_a_broken_traceparent_and_request_id_break_nothing(house: House) -> None:
    headers = {"traceparent": "00-zz", "X-Request-Id": "x" * 500}
    with house.client() as client:
        answer = client.get("/v1/me", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["X-Request-Id"] != headers["X-Request-Id"]


def test_what_was_measured_last_is_written_when_the_system_closes(tmp_path: Path) -> None:
    metrics = tmp_path / "emf.jsonl"
    system = laptop(Settings(data_dir=tmp_path / "data", embedder=EmbedderName.NONE, metrics_file=metrics))
    system.accounts.observe_request("GET /v1/me", 200, 0.01)
    system.close()
    assert json.loads(metrics.read_text())["http_request_seconds"] == [0.01]
