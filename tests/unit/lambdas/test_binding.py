"""A request's parts become a handler's arguments, strictly; what does not fit is refused by its name."""

import base64
import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from rimedio.lambdas.binding import Contract
from rimedio.lambdas.failures import RequestRefused
from rimedio.lambdas.replies import Reply


class Colour(StrEnum):
    RED = "RED"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int
    sure: bool = False
    colour: Colour = Colour.RED
    day: date | None = None
    words: tuple[str, ...] = ()


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(25, ge=1, le=100)


class Headers(BaseModel):
    key: str | None = Field(None, alias="Idempotency-Key")


class Optional(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str | None = None


Number = Annotated[int, Field(ge=1, le=9)]


def take(number: Number, query: Query, headers: Headers, body: Body) -> Reply[Body]:
    return Reply(body)


def upload(raw: bytes) -> None:
    """Takes bytes."""


NOTHING = Optional()


def move(body: Optional = NOTHING) -> Optional:
    return body


def sent(body: object = None, **fields: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {"headers": {"content-type": "application/json"}, "body": text, **fields}


def test_every_part_of_a_request_reaches_its_parameter() -> None:
    event = sent(
        {"count": 3, "day": "2026-01-31", "words": ["a"]},
        headers={"CONTENT-TYPE": "application/json; charset=utf-8", "IDEMPOTENCY-key": "k1"},
        queryStringParameters={"limit": "7"},
    )
    bound = Contract(take).bind(event, {"number": "4"})
    assert bound["number"] == 4
    assert bound["query"] == Query(limit=7)
    assert bound["headers"] == Headers(**{"Idempotency-Key": "k1"})
    assert bound["body"] == Body(count=3, day=date(2026, 1, 31), words=("a",))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"count": "3"}, "body.count"),  # a text is no number
        ({"count": 1, "sure": "yes"}, "body.sure"),
        ({"count": 1, "sure": 1}, "body.sure"),
        ({"count": 1.5}, "body.count"),
        ({"count": 1, "colour": "red"}, "body.colour"),
        ({"count": 1, "day": 20000}, "body.day"),
        ({"count": 1, "extra": 1}, "body.extra"),
        ({}, "body.count"),
    ],
)
def test_what_the_document_does_not_allow_is_refused_by_its_name(body: object, field: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        Contract(take).bind(sent(body), {"number": "4"})
    assert refused.value.faults[0].field == field


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "3", '"text"', '{"count": 1}{"count": 1}', '{"count": NaN}', "\ud800"]
)
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    with pytest.raises(RequestRefused):
        Contract(take).bind(sent(body), {"number": "4"})


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_text_that_no_store_takes_is_refused(text: str) -> None:
    body = json.dumps({"count": 1, "words": [text]})
    with pytest.raises(RequestRefused):
        Contract(take).bind(sent(body), {"number": "4"})


@pytest.mark.parametrize(
    "body",
    ['{"count": 1, "count": 2}', '{"count": 1, "words": [], "words": []}', '{"count": 1, "c\\u006funt": 2}'],
)
def test_a_field_that_stands_twice_is_refused_by_its_name(body: str) -> None:
    with pytest.raises(RequestRefused, match="more than once"):
        Contract(take).bind(sent(body), {"number": "4"})


def test_numbers_beyond_any_sense_are_refused_not_crashed_on() -> None:
    for number in ("1e999", "9" * 5000, "-" + "9" * 400):
        with pytest.raises(RequestRefused):
            Contract(take).bind(sent(f'{{"count": 1, "words": {number}}}'), {"number": "4"})


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(RequestRefused):
        Contract(take).bind(sent("[" * 100_000), {"number": "4"})


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_415(kind: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        Contract(take).bind(sent({"count": 1}, headers={"content-type": kind}), {"number": "4"})
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("query", "several"),
    [
        ({"limit": "101"}, {}),
        ({"limit": "ten"}, {}),
        ({"limit": ""}, {}),
        ({"unknown": "1"}, {}),
        ({"limit": "2"}, {"limit": ["1", "2"]}),
    ],
)
def test_a_query_that_does_not_fit_is_refused(query: dict[str, str], several: dict[str, list[str]]) -> None:
    event = sent({"count": 1}, queryStringParameters=query, multiValueQueryStringParameters=several or None)
    with pytest.raises(RequestRefused):
        Contract(take).bind(event, {"number": "4"})


def test_a_path_that_does_not_fit_is_refused() -> None:
    with pytest.raises(RequestRefused) as refused:
        Contract(take).bind(sent({"count": 1}), {"number": "10"})
    assert refused.value.faults[0].field == "path.number"


def test_a_body_may_be_left_out_where_its_parameter_has_a_default() -> None:
    contract = Contract(move)
    assert contract.bind({"headers": {}, "body": None}, {}) == {}
    assert contract.bind(sent({"reason": "r"}), {}) == {"body": Optional(reason="r")}
    assert contract.body_optional
    assert not Contract(take).body_optional


def test_three_point_nought_is_the_whole_number_three() -> None:
    bound = Contract(take).bind(sent('{"count": 3.0}'), {"number": "4"})
    assert bound["body"] == Body(count=3)
    with pytest.raises(RequestRefused):
        Contract(take).bind(sent('{"count": 3.5}'), {"number": "4"})


def test_an_upload_is_bytes_whatever_they_are() -> None:
    data = bytes(range(256))
    event = {
        "headers": {"content-type": "application/octet-stream"},
        "body": base64.b64encode(data).decode(),
        "isBase64Encoded": True,
    }
    assert Contract(upload).bind(event, {}) == {"raw": data}
    with pytest.raises(RequestRefused):
        Contract(upload).bind(event | {"body": "no base64"}, {})


def test_the_answer_is_written_as_its_type_says() -> None:
    contract = Contract(take)
    assert json.loads(contract.write(Body(count=1)))["colour"] == "RED"
    assert contract.answer is Body
