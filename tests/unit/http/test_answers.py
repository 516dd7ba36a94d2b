"""Answers to clients."""

import asyncio
import base64
import json
import zlib
from datetime import UTC, datetime

from rimedio.domain.errors import NotFound
from rimedio.http.answers import API_HEADERS, Answer, answer_of, answer_to_error, send_answer
from rimedio.http.request import Message

AT = datetime(2026, 1, 1, tzinfo=UTC)


def response(body: str, kind: str = "application/json", **more: object) -> dict[str, object]:
    return {"statusCode": 200, "body": body, "multiValueHeaders": {"Content-Type": [kind]}, **more}


def sent(answer: Answer, *, head_only: bool = False) -> tuple[dict[bytes, bytes], bytes]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_answer(send, answer, API_HEADERS, head_only=head_only))
    return dict(messages[0]["headers"]), messages[1]["body"]


def test_text_and_bytes_come_out_as_they_are() -> None:
    assert answer_of(response('{"è": 1}'), False).body == '{"è": 1}'.encode()
    encoded = base64.b64encode(b"\x89PNG").decode()
    assert answer_of(response(encoded, "image/png", isBase64Encoded=True), False).body == b"\x89PNG"


def test_a_handler_cannot_weaken_the_gateways_own_headers() -> None:
    weak = response("{}")
    weak["multiValueHeaders"] |= {
        "Content-Security-Policy": ["*"],
        "Content-Length": ["1"],
        "X-A": ["1", "2"],
    }  # type: ignore[operator]
    answer = answer_of(weak, False)

    assert [value for name, value in answer.headers if name == b"x-a"] == [b"1", b"2"]
    assert {b"content-security-policy", b"content-length"}.isdisjoint(name for name, _ in answer.headers)


def test_large_json_is_packed_for_those_who_take_it_and_pictures_are_not() -> None:
    text = json.dumps(["word"] * 5000)

    packed = answer_of(response(text), True)
    assert zlib.decompress(packed.body, 31).decode() == text
    assert (b"content-encoding", b"gzip") in packed.headers
    assert answer_of(response(text), False).body.decode() == text
    assert answer_of(response(text, "image/png"), True).body.decode() == text


def test_an_error_has_the_one_form() -> None:
    answer = answer_to_error(NotFound("Nothing."), "req_12345678", AT)
    error = json.loads(answer.body)["error"]

    assert answer.status == 404
    assert error["code"] == "NOT_FOUND"
    assert error["request_id"] == "req_12345678"


def test_what_nobody_expected_says_nothing_of_the_inside() -> None:
    answer = answer_to_error(ZeroDivisionError("/secret/path"), "req_12345678", AT)

    assert answer.status == 500
    assert b"secret" not in answer.body


def test_no_body_goes_with_204_304_and_head() -> None:
    for status in (204, 304):
        headers, body = sent(Answer(status, b""))
        assert body == b""
        assert b"content-length" not in headers
    headers, body = sent(Answer(200, b"text"), head_only=True)
    assert (headers[b"content-length"], body) == (b"4", b"")


def test_the_connection_ends_where_it_must() -> None:
    assert sent(Answer(413, b"{}", close=True))[0][b"connection"] == b"close"
    assert b"connection" not in sent(Answer(200, b"{}"))[0]


def test_a_header_value_beyond_latin_1_does_not_break_the_answer() -> None:
    odd = response("{}")
    odd["multiValueHeaders"] |= {"X-Name": ["名前"]}  # type: ignore[operator]

    assert (b"x-name", b"??") in answer_of(odd, False).headers
