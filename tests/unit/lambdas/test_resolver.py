"""The resolver keeps threads apart: each sees its own request and caller."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.http.routes import RouteTable
from rimedio.lambdas.caller import Caller
from rimedio.lambdas.router import Api

THREADS = 8


def event(tenant: str) -> dict[str, object]:
    return {
        "httpMethod": "GET",
        "path": "/v1/me",
        "headers": {},
        "requestContext": {
            "requestId": f"request-{tenant}",
            "authorizer": {"tenant_id": tenant, "subject": "s", "roles": "admin", "tier": "FREE"},
        },
    }


def test_requests_at_the_same_time_never_mix() -> None:
    api = Api(FakeClock(), SeededIds())
    together = Barrier(THREADS, timeout=30)
    seen: list[Caller] = []

    @api.get("/v1/me", summary="Who", tag="account")
    def get_me() -> str:
        before = api.caller
        together.wait()
        seen.append(api.caller)
        assert api.caller == before
        return api.caller.tenant_id

    tenants = [f"tenant-{number}" for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda tenant: api.resolve(event(tenant), None), tenants))
    assert [answer["body"] for answer in answers] == [f'"{tenant}"' for tenant in tenants]
    headers = [answer["multiValueHeaders"]["X-Request-Id"] for answer in answers]
    assert headers == [[f"request-{tenant}"] for tenant in tenants]
    assert {caller.tenant_id for caller in seen} == set(tenants)


def test_dots_of_a_path_are_only_dots() -> None:
    api = Api(FakeClock(), SeededIds())

    @api.get("/v1/tickets.csv", summary="Export", tag="tickets")
    def export_tickets() -> str:
        return "x"

    assert api.resolve(event("acme") | {"path": "/v1/tickets.csv"}, None)["statusCode"] == 200
    assert api.resolve(event("acme") | {"path": "/v1/ticketsXcsv"}, None)["statusCode"] == 404


@pytest.mark.parametrize("behind", ["/", "//", "\n", "%0a"])
def test_a_path_with_something_behind_it_is_no_route_as_it_is_none_for_the_gateway(behind: str) -> None:
    """Where the gateway finds no route it asks no authorizer, so a caller with a token would be told he has none."""
    api = Api(FakeClock(), SeededIds())

    @api.get("/v1/me", summary="Who", tag="account")
    def get_me() -> str:
        return "x"

    path = f"/v1/me{behind}"
    assert api.resolve(event("acme") | {"path": path}, None)["statusCode"] == 404
    assert api.resolver.find("GET", path) is None
    assert RouteTable([("GET", "/v1/me")]).find("GET", path) is None


def test_a_route_is_found_by_the_resource_that_the_gateway_names_and_by_its_path_alone() -> None:
    api = Api(FakeClock(), SeededIds())

    @api.get("/v1/events/{event_id}", summary="One", tag="events")
    def get_event(event_id: str) -> str:
        return event_id

    @api.get("/v1/tickets.csv", summary="Export", tag="tickets")
    def export_tickets() -> str:
        return "csv"

    asked = event("acme") | {"path": "/v1/tickets.csv"}
    for resource in ("/v1/tickets.csv", "/v1/events/{event_id}", "/{proxy+}", None):
        assert api.resolve(asked | {"resource": resource}, None)["body"] == '"csv"'
