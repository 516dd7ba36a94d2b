"""What a deployed function must not do: let somebody in, say what is inside, believe what an event claims."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.lambdas.aws_events import proxy_event

from rimedio.bootstrap import LaptopRimedio, laptop
from rimedio.domain.ticket import TicketRequest
from rimedio.lambdas.functions._function import LambdaFunction
from rimedio.lambdas.functions._invocation import FakeContext
from rimedio.lambdas.functions.api import build_api_function
from rimedio.security.permissions import MATRIX, PUBLIC, Role
from rimedio.settings import EmbedderName, Settings

TICKET = {
    "customer": {"id": "c1", "name": "Anna"},
    "asset": {"product_type": "INVERTER", "model": "XC-200", "serial": "SN-1"},
    "symptom_text": "The inverter shows E029 and does not start.",
}
LATE = "4102444800"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopRimedio]:
    folder: Path = tmp_path_factory.mktemp("functions")
    made = laptop(Settings(data_dir=folder / "data", embedder=EmbedderName.NONE, tenant="acme"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(system: LaptopRimedio) -> LambdaFunction[dict[str, Any]]:
    return LambdaFunction("api", build_api_function, find_system=lambda: system)


def caller(role: str, tenant: str = "acme", **more: str) -> dict[str, str]:
    return {"tenant_id": tenant, "subject": "x", "roles": role, "tier": "FREE", "expires_at": LATE} | more


def asked(api: LambdaFunction[dict[str, Any]], key: str, authorizer: dict[str, str] | None) -> int:
    method, template = key.split(" ")
    target = template.replace("{", "a").replace("}", "")
    return int(api(proxy_event(method, target, authorizer=authorizer), FakeContext())["statusCode"])


@pytest.mark.parametrize("key", sorted(MATRIX))
def test_a_route_refuses_every_role_that_the_matrix_does_not_name(
    api: LambdaFunction[dict[str, Any]], key: str
) -> None:
    for role in {*Role} - {*MATRIX[key]}:
        assert asked(api, key, caller(role.value)) == 403, role
    assert asked(api, key, None) == 401
    assert asked(api, key, caller("owner,root,*")) == 403
    assert asked(api, key, caller("admin", expires_at="1")) == 401


def test_public_routes_are_those_and_no_others() -> None:
    assert not PUBLIC & MATRIX.keys()


@pytest.mark.parametrize(
    "claim",
    [
        {"headers": {"X-Tenant-Id": "acme"}},
        {"queryStringParameters": {"tenant_id": "acme"}},
        {"stageVariables": {"tenant_id": "acme"}},
        {"pathParameters": {"tenant_id": "acme"}},
    ],
)
def test_the_tenant_comes_from_the_authorizer_whatever_else_the_event_claims(
    system: LaptopRimedio, api: LambdaFunction[dict[str, Any]], claim: dict[str, Any]
) -> None:
    ticket = system.open_ticket("acme", TicketRequest.model_validate(TICKET))
    event = proxy_event("GET", f"/v1/tickets/{ticket.ticket_id}", authorizer=caller("admin", tenant="other"))
    assert api(event | claim, FakeContext())["statusCode"] in (400, 404)


def test_an_event_that_names_another_resource_than_its_path_gets_the_paths_rights(
    system: LaptopRimedio, api: LambdaFunction[dict[str, Any]]
) -> None:
    event = proxy_event("GET", "/v1/settings", authorizer=caller("technician"))
    for resource in ("/v1/me", "/v1/health", "/v1/{proxy+}", "/nonsense"):
        assert api(event | {"resource": resource}, FakeContext())["statusCode"] == 403


def test_an_unexpected_error_says_nothing_of_the_inside(
    system: LaptopRimedio, api: LambdaFunction[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("password of the inside")

    monkeypatch.setattr(type(system.desk.show), "__call__", broken)
    event = proxy_event(
        "GET", "/v1/tickets/tkt_00000000-0000-4000-8000-000000000000", authorizer=caller("admin")
    )
    answer = api(event, FakeContext())
    assert answer["statusCode"] == 500
    assert "password" not in json.dumps(answer)
