"""The HTTP chat model against a real server on loopback."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rimedio.domain.errors import GenerationFailed, InvalidSetting, ModelUnavailable, Throttled
from rimedio.llm.chat import ChatRequest, Finish, Message, Role
from rimedio.llm.fake_server import FakeChatServer, Turn
from rimedio.llm.openai_compatible import Endpoint, OpenAICompatibleChat

REQUEST = ChatRequest((Message(Role.USER, "hello"),), max_tokens=7, temperature=0.5)
WITH_SCHEMA = ChatRequest(REQUEST.messages, json_schema={"type": "object"})


@contextmanager
def talking(
    *turns: Turn, formats=frozenset({"json_schema", "json_object"}), **endpoint: object
) -> Iterator[tuple[OpenAICompatibleChat, FakeChatServer]]:
    with FakeChatServer(turns, formats=formats) as server:
        chat = OpenAICompatibleChat(Endpoint(server.url, "m-1", **endpoint))  # type: ignore[arg-type]
        try:
            yield chat, server
        finally:
            chat.close()


def test_the_request_carries_model_messages_limits_and_key():
    with talking(Turn("hi"), api_key="k" * 4) as (chat, server):
        chat.complete(REQUEST)

    assert server.requests[0] == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 7,
        "temperature": 0.5,
    }
    assert server.keys == ["Bearer kkkk"]


def test_the_key_is_not_in_the_endpoints_text():
    assert "kkkk" not in repr(Endpoint("http://127.0.0.1/v1", "m", api_key="kkkk"))


def test_a_schema_is_sent_as_response_format():
    with talking(Turn("{}")) as (chat, server):
        chat.complete(WITH_SCHEMA)

    sent = server.requests[0]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("formats", "asked"),
    [
        (frozenset({"json_object"}), ["json_schema", "json_object", "json_object"]),
        (frozenset(), ["json_schema", "json_object", None, None]),
    ],
)
def test_a_server_without_schemas_is_asked_more_loosely_and_remembered(formats, asked):
    with talking(Turn("{}"), formats=formats) as (chat, server):
        chat.complete(WITH_SCHEMA)
        chat.complete(WITH_SCHEMA)

    assert [(r.get("response_format") or {}).get("type") for r in server.requests] == asked


def test_too_many_requests_is_throttled_and_tells_the_wait():
    with (
        talking(Turn(status=429, raw=b"{}", headers=(("Retry-After", "7"),))) as (chat, _),
        pytest.raises(Throttled, match="7 s"),
    ):
        chat.complete(REQUEST)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (500, ModelUnavailable, "out of memory"),
        (503, ModelUnavailable, "log"),
        (401, ModelUnavailable, "llm_api_key"),
        (404, ModelUnavailable, "llm_model"),
        (400, GenerationFailed, "out of memory"),
    ],
)
def test_a_refusal_says_what_to_look_at(status, error, said):
    raw = json.dumps({"error": {"message": "out of memory"}}).encode()

    with talking(Turn(status=status, raw=raw)) as (chat, _), pytest.raises(error, match=said):
        chat.complete(REQUEST)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"{}", b'{"choices": []}', b'{"choices": [{"message": {"content": 3}}]}']
)
def test_a_reply_that_is_no_completion_is_refused(raw):
    with talking(Turn(raw=raw)) as (chat, _), pytest.raises(GenerationFailed):
        chat.complete(REQUEST)


def test_a_connection_that_breaks_is_an_unavailable_model():
    with talking(Turn(drop=True)) as (chat, _), pytest.raises(ModelUnavailable, match="does not answer"):
        chat.complete(REQUEST)


def test_a_server_that_is_not_there_is_an_unavailable_model():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]  # taken, so that nobody else comes to listen there
        chat = OpenAICompatibleChat(Endpoint(f"http://127.0.0.1:{port}/v1", "m", connect_seconds=60))

        with pytest.raises(ModelUnavailable, match="server runs"):
            chat.complete(REQUEST)
        chat.close()


def test_a_server_that_keeps_silent_is_an_unavailable_model():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        chat = OpenAICompatibleChat(Endpoint(url, "m", timeout_seconds=0.2))

        with pytest.raises(ModelUnavailable, match="ReadTimeout"):
            chat.complete(REQUEST)
        chat.close()


def test_a_reply_cut_off_is_told():
    with talking(Turn("half", finish="length")) as (chat, _):
        assert chat.complete(REQUEST).finish is Finish.LENGTH


def test_tokens_are_counted_here_when_the_server_does_not_tell():
    with talking(Turn("one two three", usage=False)) as (chat, _):
        reply = chat.complete(REQUEST)

    assert reply.tokens_output >= 3
    assert reply.tokens_input >= 1


def test_a_stream_arrives_in_pieces():
    with talking(Turn("one two three")) as (chat, server):
        assert list(chat.stream(REQUEST)) == ["one", " two", " three"]
    assert server.requests[0]["stream"] is True


def test_a_broken_stream_is_an_error_not_a_short_answer():
    with (
        talking(Turn(raw=b"data: {broken\n\n")) as (chat, _),
        pytest.raises(GenerationFailed, match="stream"),
    ):
        list(chat.stream(REQUEST))


def test_an_address_without_a_scheme_is_refused_with_the_settings_name():
    with pytest.raises(InvalidSetting, match="llm_url"):
        OpenAICompatibleChat(Endpoint("localhost:11434", "m"))
