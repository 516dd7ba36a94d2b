"""Bodies against the OpenAPI document."""

import pytest

from rimedio.http.body_schemas import BodySchemas
from rimedio.lambdas.failures import RequestRefused

DOCUMENT = {
    "paths": {
        "/v1/things": {
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                }
            },
            "get": {},
        },
        "/v1/files": {"put": {"requestBody": {"content": {"application/octet-stream": {"schema": {}}}}}},
    },
    "components": {
        "schemas": {
            "Part": {
                "type": "object",
                "properties": {"model": {"type": "string", "minLength": 2}},
                "required": ["model"],
                "additionalProperties": False,
            },
            "Up": {
                "type": "object",
                "properties": {"way": {"const": "UP"}, "speed": {"enum": ["FAST", "SLOW"]}},
                "required": ["way", "speed"],
                "additionalProperties": False,
            },
            "Down": {
                "type": "object",
                "properties": {"way": {"const": "DOWN"}},
                "required": ["way"],
                "additionalProperties": False,
            },
            "Thing": {
                "type": "object",
                "properties": {
                    "part": {"$ref": "#/components/schemas/Part"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    "count": {"type": "integer", "maximum": 9},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    "spare": {"anyOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]},
                    "move": {
                        "oneOf": [{"$ref": "#/components/schemas/Up"}, {"$ref": "#/components/schemas/Down"}],
                        "discriminator": {
                            "propertyName": "way",
                            "mapping": {"UP": "#/components/schemas/Up", "DOWN": "#/components/schemas/Down"},
                        },
                    },
                },
                "required": ["part", "count"],
                "additionalProperties": False,
            },
        }
    },
}
ROUTE = "POST /v1/things"


@pytest.fixture(scope="module")
def schemas() -> BodySchemas:
    return BodySchemas(DOCUMENT)


def fields(schemas: BodySchemas, body: bytes) -> list[str]:
    with pytest.raises(RequestRefused) as refused:
        schemas.check(ROUTE, body)
    assert refused.value.status == 400
    return [fault.field for fault in refused.value.faults]


def test_a_good_body_passes(schemas: BodySchemas) -> None:
    schemas.check(ROUTE, b'{"part": {"model": "XC"}, "count": 3, "note": null}')


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", ["body.part", "body.count"]),
        (b'{"part": {}, "count": 1}', ["body.part.model"]),
        (b'{"part": {"model": "X"}, "count": 1}', ["body.part.model"]),
        (b'{"part": {"model": "XC"}, "count": "1"}', ["body.count"]),
        (b'{"part": {"model": "XC"}, "count": 10}', ["body.count"]),
        (b'{"part": {"model": "XC"}, "count": 1, "a": 1, "b": 2}', ["body.a", "body.b"]),
        (
            b'{"part": {"model": "XC"}, "count": 1, "parts": [{"model": "XC"}, {"model": 7}]}',
            ["body.parts.1.model"],
        ),
        (b'{"part": {"model": "XC"}, "count": 1, "note": 5}', ["body.note"]),
        (b"[]", ["body"]),
        (b"null", ["body"]),
    ],
)
def test_a_refusal_names_the_field(schemas: BodySchemas, body: bytes, expected: list[str]) -> None:
    assert fields(schemas, body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"part": }',
        b"\xff\xfe",
        b'{"count": NaN}',
        b"Infinity",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"'x'",
    ],
    ids=lambda body: body[:12],
)
def test_what_is_not_json_is_said_so(schemas: BodySchemas, body: bytes) -> None:
    with pytest.raises(RequestRefused):
        schemas.check(ROUTE, body)


def test_only_routes_with_a_json_body_are_judged(schemas: BodySchemas) -> None:
    schemas.check("GET /v1/things", b"anything")
    schemas.check("PUT /v1/files", b"anything")
    assert ROUTE in schemas
    assert "PUT /v1/files" not in schemas


def test_a_long_strange_name_is_cut(schemas: BodySchemas) -> None:
    (field,) = fields(schemas, b'{"part": {"model": "XC"}, "count": 1, "%s": 1}' % (b"x" * 5000))

    assert len(field) < 200


@pytest.mark.parametrize(
    ("more", "field", "message"),
    [
        ('"note": 3', "body.note", "must be string"),
        ('"spare": {}', "body.spare.model", "is missing"),
        ('"spare": {"model": "X"}', "body.spare.model", "must be longer than or equal to 2 characters"),
        ('"move": {"way": "UP"}', "body.move.speed", "is missing"),
        ('"move": {"way": "UP", "speed": "SO"}', "body.move.speed", "must be one of FAST, SLOW"),
        ('"move": {"way": "DOWN", "speed": "FAST"}', "body.move.speed", "is not a field of this request"),
        ('"move": {"way": "LEFT"}', "body.move.way", "must be one of UP, DOWN"),
        ('"move": {}', "body.move.way", "is missing"),
    ],
)
def test_of_alternatives_the_one_that_was_meant_says_what_is_wrong(
    schemas: BodySchemas, more: str, field: str, message: str
) -> None:
    with pytest.raises(RequestRefused) as refused:
        schemas.check(ROUTE, f'{{"part": {{"model": "XC"}}, "count": 3, {more}}}'.encode())
    assert [(fault.field, fault.message) for fault in refused.value.faults] == [(field, message)]


def test_alternatives_that_nothing_tells_apart_are_still_refused(schemas: BodySchemas) -> None:
    assert fields(schemas, b'{"part": {"model": "XC"}, "count": 3, "move": 7}') == ["body.move"]
