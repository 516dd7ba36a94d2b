"""The OpenAPI document: valid, complete, precise, and the one that is committed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from tools.openapi import DOCUMENT, generated

from rimedio.lambdas.document_meanings import described, meanings
from rimedio.security.permissions import MATRIX, PUBLIC

ROOT = Path(__file__).resolve().parents[3]
# Served by the gateway itself, at home only, or not part of API v1.
ELSEWHERE = {"GET /.well-known/jwks.json", "POST /v1/session"}


@pytest.fixture(scope="module")
def text() -> str:
    return generated()


@pytest.fixture(scope="module")
def document(text: str) -> dict[str, Any]:
    return json.loads(text)  # type: ignore[no-any-return]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def schemas(node: object) -> Iterator[dict[str, Any]]:
    """Every schema of an object with properties, wherever it stands."""
    if isinstance(node, dict):
        if "properties" in node and isinstance(node["properties"], dict):
            yield node
        for value in node.values():
            yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def reached(document: dict[str, Any], node: object, seen: set[str]) -> Iterator[dict[str, Any]]:
    """The objects that a body may hold, references followed."""
    yield from schemas(node)
    text = json.dumps(node)
    for name in document["components"]["schemas"]:
        if f'"#/components/schemas/{name}"' in text and name not in seen:
            seen.add(name)
            yield from reached(document, document["components"]["schemas"][name], seen)


def test_the_committed_document_is_the_one_of_the_code(text: str) -> None:
    assert DOCUMENT.read_text("utf-8") == text, "run: python -m tools.openapi"


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_has_roles_of_the_matrix_or_is_public(document: dict[str, Any]) -> None:
    for key, operation in operations(document):
        if key in PUBLIC:
            assert "security" not in operation, key
        else:
            assert operation["security"] == [{"bearer": []}], key
            assert operation["x-roles"] == sorted(role.value for role in MATRIX[key]), key


def test_every_operation_says_what_can_go_wrong(document: dict[str, Any]) -> None:
    for key, operation in operations(document):
        wanted = {"400", "429", "500", "503"} | (set() if key in PUBLIC else {"401", "403"})
        assert wanted <= set(operation["responses"]), key
        assert operation["summary"], key
        assert "{" not in key or "404" in operation["responses"], f"{key} can miss what its path names"


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert sorted(set(names)) == sorted(names)


def test_bodies_take_nothing_that_is_not_described(document: dict[str, Any]) -> None:
    for key, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        for schema in reached(document, content["schema"], set()):
            assert schema.get("additionalProperties") is not None, f"{key}: {schema.get('description')}"


def test_parameters_have_limits(document: dict[str, Any]) -> None:
    limits = {"pattern", "maxLength", "enum", "$ref", "maximum", "format", "const"}
    for key, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            assert schema.keys() & limits or schema.get("type") == "boolean", f"{key}: {parameter['name']}"


def test_event_streams_are_described(document: dict[str, Any]) -> None:
    stream = document["paths"]["/v1/tickets/{ticket_id}/solution/stream"]["get"]
    assert list(stream["responses"]["200"]["content"]) == ["text/event-stream"]
    assert "Last-Event-ID" in [parameter["name"] for parameter in stream["parameters"]]


def test_every_field_and_parameter_says_what_it_means(document: dict[str, Any]) -> None:
    assert [names[0] for names, node in described(document) if not node.get("description")] == []


def test_no_meaning_is_of_a_field_that_is_gone(document: dict[str, Any]) -> None:
    names = {name for found, _ in described(document) for name in found}
    assert sorted(set(meanings()) - names) == []
