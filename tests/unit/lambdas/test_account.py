"""Routes that say who one is, what exists, and how the service is."""

from pathlib import Path

import pytest
from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio
from rimedio.lambdas.routes.account import MASK, settings_of
from rimedio.lambdas.routes.health import DeepHealth
from rimedio.settings import Settings


def test_me_names_what_the_caller_may_do(call: Client) -> None:
    me = call("GET", "/v1/me", roles="technician").json
    assert (me["subject"], me["tenant_id"], me["roles"]) == ("olga", "acme", ["technician"])
    assert "POST /v1/tickets" in me["permissions"]
    assert "GET /v1/settings" not in me["permissions"]


def test_every_setting_is_told_but_no_secret() -> None:
    secret = "-".join(("not", "a", "real", "key"))
    settings = Settings.model_validate({"llm_api_key": secret, "llm_model": "m"})
    told = {view.name: view for view in settings_of(settings)}
    assert set(told) == set(Settings.model_fields)
    assert told["llm_api_key"].value == MASK
    assert (told["llm_model"].value, told["llm_model"].default) == ("m", None)
    assert told["workers"].type == "integer"
    assert told["generator"].type == "extractive | openai-compatible | bedrock"
    assert told["llm_api_key"].type == "secret"
    assert secret not in str(told)


def test_settings_are_for_admins(call: Client) -> None:
    assert call("GET", "/v1/settings", roles="operator").status == 403
    assert call("GET", "/v1/settings").json["next_cursor"] is None


def test_the_taxonomy_is_the_services_own(call: Client, system: Rimedio) -> None:
    told = call("GET", "/v1/taxonomy", roles="technician").json
    assert [kind["name"] for kind in told["product_types"]] == list(system.taxonomy.product_types)
    assert {"it", "en"} <= set(told["categories"][0]["label"])


def test_the_workflow_is_drawn_from_its_file(call: Client) -> None:
    drawn = call("GET", "/v1/workflow", roles="technician").json
    names = {node["name"] for node in drawn["nodes"]}
    assert drawn["start"] in names
    assert {"Validate", "Retrieve", "WaitForReview", "Ended"} <= names
    assert any(node["lane"] == "Retrieve/1" for node in drawn["nodes"])
    assert {edge["from"] for edge in drawn["edges"]} | {edge["to"] for edge in drawn["edges"]} <= names
    assert {edge["kind"] for edge in drawn["edges"]} == {"next", "choice", "default", "catch", "inside"}


def test_deep_health_really_tries_every_part(call: Client) -> None:
    found = call("GET", "/v1/health/deep", roles="").json
    status = {check["name"]: check["status"] for check in found["checks"]}
    assert (status["database"], status["guardrails"]) == ("ok", "degraded")
    assert found["status"] == "degraded"


def test_deep_health_tells_no_path_and_tries_once_a_while(
    system: Rimedio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = DeepHealth(system)
    first = deep()
    assert str(tmp_path) not in first.model_dump_json()
    assert deep() is first


def test_the_document_is_served_to_everybody(call: Client) -> None:
    answered = call("GET", "/v1/openapi.json", roles="")
    assert answered.headers["Content-Type"] == "application/json"
    assert answered.json["openapi"].startswith("3.1")
