"""Webhooks over the API."""

from dataclasses import replace

import pytest
from tests.unit.lambdas.client import Client

from rimedio.bootstrap import Rimedio
from rimedio.domain.errors import Unavailable
from rimedio.lambdas.api import build_api

PUBLIC = "https://93.184.216.34/in"
ORDER = {"url": PUBLIC, "events": ["TicketOpened", "TicketStatusChanged"], "description": "ITSM"}


def test_a_webhook_shows_its_secret_once_and_never_again(call: Client) -> None:
    made = call("POST", "/v1/webhooks", ORDER)
    assert made.status == 201
    assert made.json["secret"].startswith("whsec_")
    one = call("GET", f"/v1/webhooks/{made.json['webhook_id']}")
    assert one.json == {name: value for name, value in made.json.items() if name != "secret"}
    assert call("GET", "/v1/webhooks").json == {"items": [one.json], "next_cursor": None}


def test_another_tenants_webhook_does_not_exist(call: Client, system: Rimedio) -> None:
    identity = call("POST", "/v1/webhooks", ORDER).json["webhook_id"]
    stranger = Client(build_api(system), tenant="other")
    for method, end in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test")):
        assert stranger(method, f"/v1/webhooks/{identity}{end}").status == 404
    assert stranger("GET", "/v1/webhooks").json["items"] == []
    assert call("GET", f"/v1/webhooks/{identity}").status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://127.0.0.1/x"},
        {"url": "http://93.184.216.34/x"},
        {"url": "https://192.168.1.1/x"},
        {"url": ""},
        {"events": []},
        {"events": ["Nonsense"]},
        {"more": 1},
    ],
)
def test_what_must_not_be_called_or_is_unknown_is_refused(call: Client, change: dict) -> None:
    refused = call("POST", "/v1/webhooks", ORDER | change)
    told = (403, "FORBIDDEN") if change.get("url") else (400, "VALIDATION_ERROR")
    assert (refused.status, refused.code) == told
    assert call("GET", "/v1/webhooks").json["items"] == []


def test_a_host_without_an_address_is_not_found_as_the_document_says(call: Client, system: Rimedio) -> None:
    def nowhere(url: str) -> None:
        raise Unavailable(f"The name in {url} has no address.")

    webhooks = replace(system.eventing.webhooks, check_url=nowhere)
    system.eventing.__dict__["webhooks"] = webhooks
    refused = call("POST", "/v1/webhooks", ORDER | {"url": "https://nowhere.example/in"})
    assert (refused.status, refused.code) == (404, "NOT_FOUND")
    assert "has no address" in refused.json["error"]["message"]


def test_a_test_message_is_enqueued_and_can_be_sent_again(call: Client, system: Rimedio) -> None:
    identity = call("POST", "/v1/webhooks", ORDER).json["webhook_id"]
    sent = call("POST", f"/v1/webhooks/{identity}/test")
    assert sent.status == 202
    assert system.eventing.queue.waiting("webhook") == 1
    again = call("POST", f"/v1/webhooks/{identity}/deliveries/{sent.json['delivery_id']}/redeliver")
    assert again.json == sent.json
    assert call("POST", f"/v1/webhooks/{identity}/deliveries/msg_x/redeliver").status == 404
    assert call("GET", f"/v1/webhooks/{identity}/deliveries").json == {"items": [], "next_cursor": None}


def test_a_removed_webhook_is_gone(call: Client) -> None:
    identity = call("POST", "/v1/webhooks", ORDER).json["webhook_id"]
    assert call("DELETE", f"/v1/webhooks/{identity}").status == 204
    assert call("GET", f"/v1/webhooks/{identity}").status == 404
    assert call("DELETE", f"/v1/webhooks/{identity}").status == 404


@pytest.mark.parametrize("role", ["technician", "operator", ""])
def test_only_admins_and_integrations_see_webhooks(call: Client, role: str) -> None:
    assert call("GET", "/v1/webhooks", roles=role).status == (403 if role else 401)
    assert call("GET", "/v1/webhooks", roles="integration").status == 200


def test_a_secret_is_changed_and_a_webhook_enabled_by_its_own_tenant_only(
    call: Client, system: Rimedio
) -> None:
    made = call("POST", "/v1/webhooks", ORDER).json
    path = f"/v1/webhooks/{made['webhook_id']}"
    changed = call("POST", f"{path}/secret").json
    assert changed["secret"].startswith("whsec_")
    assert changed["secret"] != made["secret"]
    store = system.eventing.webhooks.store
    store.save(store.get("acme", made["webhook_id"]).disabled("410 Gone"))
    assert call("POST", f"{path}/test").status == 403
    assert call("POST", f"{path}/enable").json["enabled"] is True
    assert call("POST", f"{path}/test").status == 202
    stranger = Client(call.handler, tenant="other")
    assert stranger("POST", f"{path}/secret").status == stranger("POST", f"{path}/enable").status == 404
