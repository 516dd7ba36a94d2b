"""Insights, costs, budget, metrics and objectives over the API."""

import pytest
from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio
from rimedio.cost.ledger import CostEntry, CostKind
from rimedio.cost.money import nano


@pytest.fixture
def spent(system: Rimedio) -> Rimedio:
    entry = CostEntry(
        "cst_1", "acme", "generate", CostKind.CHAT, "fake", "big", nano(1.5), system.clock.now()
    )
    system.accounts.ledger.add(entry)
    return system


def test_insights_of_a_new_tenant_are_complete_and_empty(call: Client) -> None:
    found = call("GET", "/v1/insights?days=7").json
    assert len(found["per_day"]) == found["days"] == 7
    assert found["tickets"]["total"] == 0
    assert found["tickets"]["by_status"]["IN_REVIEW"] == 0
    assert found["resolution_rate"] is None
    assert {"threshold", "coverage", "error", "answered"} <= found["coverage"][0].keys()
    assert {s["name"] for s in found["slo"]} == {"availability", "reads", "retrieval", "answer", "tickets"}
    assert {"name", "target", "actual", "budget_left"} <= found["slo"][0].keys()


def test_a_ticket_shows_up_in_the_days_figures(call: Client, system: Rimedio) -> None:
    body = {
        "customer": {"id": "c", "name": "C"},
        "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "1"},
        "symptom_text": "It does not charge any more",
    }
    assert call("POST", "/v1/tickets", body).status == 202
    while system.accounts.counting.run_once():
        pass
    found = call("GET", "/v1/insights").json
    assert (found["tickets"]["total"], found["per_day"][-1]["opened"]) == (1, 1)
    call.tenant = "other"
    assert call("GET", "/v1/insights").json["tickets"]["total"] == 0


@pytest.mark.parametrize("query", ["days=0", "days=367", "days=x", "day=3"])
def test_a_span_that_cannot_be_shown_is_refused(call: Client, query: str) -> None:
    assert call("GET", f"/v1/insights?{query}").status == 400


def test_costs_are_those_of_the_tenant_and_the_month(call: Client, spent: Rimedio) -> None:
    found = call("GET", "/v1/costs").json
    assert found["month"] == spent.accounts.this_month
    assert (found["total"]["cost_usd"], found["by_model"][0]["name"]) == (1.5, "big")
    assert found["per_ticket_usd"] is None
    assert call("GET", "/v1/costs?month=2020-01").json["total"]["cost_usd"] == 0
    assert call("GET", "/v1/costs?month=2020-13").status == 400
    call.tenant = "other"
    assert call("GET", "/v1/costs").json["total"]["cost_usd"] == 0


def test_a_budget_is_set_and_counts_at_once(call: Client, spent: Rimedio) -> None:
    before = call("GET", "/v1/budget").json
    assert (before["monthly_usd"], before["level"], before["person_at"]) == (None, "FULL", 1.0)
    after = call("PUT", "/v1/budget", {"monthly_usd": 2, "small_model_at": 0.5, "extractive_at": 0.9}).json
    assert (after["monthly_usd"], after["level"], after["small_model_at"]) == (2.0, "FULL", 0.5)
    assert call("GET", "/v1/budget").json == after
    call.tenant = "other"
    assert call("GET", "/v1/budget").json["monthly_usd"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"monthly_usd": -1},
        {"monthly_usd": "much"},
        {"monthly_usd": 1, "person_at": 11},
        {"monthly_usd": 1, "level": "FULL"},
        {},
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(call: Client, body: object) -> None:
    found = call("PUT", "/v1/budget", body)
    assert (found.status, found.code) == (400, "VALIDATION_ERROR")


def test_shares_out_of_order_are_refused_with_a_reason(call: Client) -> None:
    found = call("PUT", "/v1/budget", {"monthly_usd": 1, "small_model_at": 0.9, "extractive_at": 0.5})
    assert found.status == 409
    assert "not in order" in found.json["error"]["message"]


def test_only_an_administrator_sets_a_budget(call: Client) -> None:
    assert call("PUT", "/v1/budget", {"monthly_usd": 1}, roles="operator").status == 403
    assert call("GET", "/v1/budget", roles="operator").status == 200
    assert call("GET", "/v1/budget", roles="technician").status == 403


def test_metrics_are_prometheus_text(call: Client, system: Rimedio) -> None:
    system.accounts.observe_request("GET /v1/me", 200, 0.01)
    found = call("GET", "/v1/metrics", roles="integration")
    assert found.status == 200
    assert found.headers["Content-Type"].startswith("text/plain")
    for name in (
        "http_request_seconds_count",
        "queue_depth 0",
        "outbox_lag",
        "dead_letters 0",
        "embedding_backlog",
    ):
        assert f"rimedio_{name}" in found.body


def test_objectives_tell_their_burn_rates(call: Client, system: Rimedio) -> None:
    system.accounts.observe_request("GET /v1/me", 500, 0.01)
    system.accounts.measurements.run_once()
    found = {o["name"]: o for o in call("GET", "/v1/slo").json["items"]}
    assert found["availability"]["alert"] == "PAGE"
    assert found["availability"]["burn_rates"]["5m"] == 1000
    assert found["retrieval"]["actual"] is None
