"""The document that API Gateway imports: the service's own routes, never stricter than the service."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
METHODS = {"get", "post", "put", "delete", "patch"}

api_document = pytest.importorskip("rimedio_infra.api_document", reason="infra/ is not on the path")


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    document: dict[str, Any] = api_document.api_document(
        "handler", "authorizer", "rimedio", keys=False, origin=""
    )
    return document


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def test_every_documented_route_is_imported_and_none_besides(made: dict[str, Any]) -> None:
    assert set(operations(made)) == set(operations(OWN))


def test_a_route_asks_the_authorizer_where_the_document_says_so(made: dict[str, Any]) -> None:
    own = operations(OWN)
    for key, operation in operations(made).items():
        assert bool(operation.get("security")) == bool(own[key].get("security")), key


def test_every_reference_leads_somewhere(made: dict[str, Any]) -> None:
    names = set(made["components"]["schemas"])
    assert all(name.isalnum() for name in names)
    text = json.dumps(made)
    wanted = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= names


def test_it_is_a_valid_openapi_document(made: dict[str, Any]) -> None:
    from openapi_spec_validator import OpenAPIV30SpecValidator

    assert list(OpenAPIV30SpecValidator(made).iter_errors()) == []


def test_what_the_service_takes_api_gateway_takes(made: dict[str, Any]) -> None:
    from jsonschema import Draft4Validator

    schema = {"$ref": "#/components/schemas/TicketBody", "components": made["components"]}
    validator = Draft4Validator(schema)
    good = {
        "customer": {"id": "c1", "name": "Rossi"},
        "asset": {"product_type": "INVERTER", "model": "SUN-5", "serial": "1"},
        "symptom_text": "It shows E205 and stops every morning.",
    }
    assert [error.message for error in validator.iter_errors(good)] == []
    assert not validator.is_valid({**good, "symptom_text": "short"})
    assert not validator.is_valid({})


def test_a_page_of_another_site_is_answered_only_when_it_is_named() -> None:
    document = api_document.api_document("h", "a", "t", keys=True, origin="https://a.example")
    preflight = document["paths"]["/v1/tickets"]["options"]
    told = preflight["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
    assert told["method.response.header.Access-Control-Allow-Origin"] == "'https://a.example'"
    assert document["paths"]["/v1/tickets"]["post"]["security"] == [{"bearer": [], "key": []}]


def test_a_page_of_another_site_can_read_the_gateways_own_errors_too(made: dict[str, Any]) -> None:
    """A browser hides an answer without the header: a 401 would look like a lost connection."""
    document = api_document.api_document("h", "a", "t", keys=True, origin="https://a.example")
    for kind, response in document["x-amazon-apigateway-gateway-responses"].items():
        headers = response["responseParameters"]
        assert headers == {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://a.example'"}, kind
    for response in made["x-amazon-apigateway-gateway-responses"].values():
        assert "responseParameters" not in response


def test_errors_of_the_gateway_look_like_the_services_own(made: dict[str, Any]) -> None:
    for response in made["x-amazon-apigateway-gateway-responses"].values():
        text = response["responseTemplates"]["application/json"]
        body = json.loads(text.replace("$context.error.messageString", '"why"'))
        assert set(body["error"]) == {"code", "message", "details", "request_id", "timestamp"}


def test_pages_of_another_site_may_send_the_same_headers_in_both_homes() -> None:
    from rimedio.lambdas.cors import REQUEST_HEADERS

    assert api_document.CORS_HEADERS.split(",") == REQUEST_HEADERS.decode().split(", ")
