"""Converse and ConverseStream with an unmodified boto3 client."""

import json

import fastjsonschema
import pytest
from botocore.exceptions import ClientError

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["interval", "litres", "parts"],
    "properties": {
        "interval": {"type": "string", "description": "How often the filter is cleaned"},
        "litres": {"type": "number", "minimum": 1},
        "parts": {"type": "array", "items": {"enum": ["pump", "belt"]}, "minItems": 1},
        "maker": {"type": ["string", "null"]},
    },
}


def wanted(schema: object) -> dict[str, object]:
    text = json.dumps(schema)
    return {
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": text, "name": "reply"}}}
    }


def text_of(reply) -> str:  # type: ignore[no-untyped-def]
    return reply["output"]["message"]["content"][0]["text"]


def test_an_answer_is_a_sentence_of_the_text_that_was_given(bench) -> None:  # type: ignore[no-untyped-def]
    reply = bench.converse()
    assert text_of(reply) == bench.answer
    assert reply["stopReason"] == "end_turn"
    assert reply["usage"]["totalTokens"] == reply["usage"]["inputTokens"] + reply["usage"]["outputTokens"]
    assert reply["metrics"]["latencyMs"] >= 0


def test_a_text_without_the_answer_is_said_to_hold_none(bench) -> None:  # type: ignore[no-untyped-def]
    assert "no answer" in text_of(bench.converse("Apples are red.\nWhich voltage has the battery?"))


def test_a_stream_says_the_same_in_the_services_order(bench) -> None:  # type: ignore[no-untyped-def]
    events = list(bench.stream())
    names = [next(iter(event)) for event in events]
    assert names[0] == "messageStart"
    assert names[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    pieces = [e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e]
    assert len(pieces) > 1
    assert "".join(pieces) == bench.answer
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


def test_a_schema_is_kept_and_filled_from_the_text(bench) -> None:  # type: ignore[no-untyped-def]
    value = json.loads(text_of(bench.converse(outputConfig=wanted(SCHEMA))))
    fastjsonschema.validate(SCHEMA, value)
    assert value["interval"] == bench.answer
    assert value["litres"] == 12
    assert value["parts"] == ["pump"]


def test_a_forced_tool_is_called_with_its_schema(bench) -> None:  # type: ignore[no-untyped-def]
    spec = {"toolSpec": {"name": "note", "inputSchema": {"json": SCHEMA}}}
    config = {"tools": [spec], "toolChoice": {"tool": {"name": "note"}}}
    reply = bench.converse(toolConfig=config)
    called = reply["output"]["message"]["content"][0]["toolUse"]
    assert reply["stopReason"] == "tool_use"
    assert (called["name"], called["input"]["litres"]) == ("note", 12)
    events = list(bench.stream(toolConfig=config))
    written = "".join(
        e["contentBlockDelta"]["delta"]["toolUse"]["input"] for e in events if "contentBlockDelta" in e
    )
    assert json.loads(written) == called["input"]


def test_the_most_tokens_and_stop_sequences_are_kept(bench) -> None:  # type: ignore[no-untyped-def]
    cut = bench.converse(inferenceConfig={"maxTokens": 3})
    assert cut["stopReason"] == "max_tokens"
    assert 0 < cut["usage"]["outputTokens"] <= 3
    stopped = bench.converse(inferenceConfig={"stopSequences": ["every"]})
    assert (stopped["stopReason"], text_of(stopped)) == ("stop_sequence", "Its filter is cleaned ")


def test_a_prefix_that_was_seen_is_read_from_the_cache(bench) -> None:  # type: ignore[no-untyped-def]
    manual = " ".join(f"Screw number {n} is tightened with {n} newton metres." for n in range(200))
    system = [{"text": manual}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    first, second = (bench.converse(system=system)["usage"] for _ in range(2))
    assert first["cacheWriteInputTokens"] > 1024
    assert first["cacheDetails"] == [{"ttl": "1h", "inputTokens": first["cacheWriteInputTokens"]}]
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"]
    assert second["inputTokens"] == first["inputTokens"] < 100
    other = bench.converse(system=[{"text": f"Other. {manual}"}, *system[1:]])["usage"]
    assert other["cacheReadInputTokens"] == 0


def test_a_short_prefix_is_not_cached(bench) -> None:  # type: ignore[no-untyped-def]
    usage = bench.converse(system=[{"text": "Be brief."}, {"cachePoint": {"type": "default"}}])["usage"]
    assert "cacheWriteInputTokens" not in usage


def test_count_tokens_says_what_usage_says(bench) -> None:  # type: ignore[no-untyped-def]
    counted = bench.runtime.count_tokens(modelId=bench.model, input={"converse": {"messages": bench.user()}})
    assert counted["inputTokens"] == bench.converse()["usage"]["inputTokens"]


def test_a_document_is_read(bench) -> None:  # type: ignore[no-untyped-def]
    document = {
        "name": "manual",
        "format": "md",
        "source": {"bytes": b"# Care\n\nThe belt is replaced yearly.\n"},
    }
    content = [{"document": document}, {"text": "When is the belt replaced?"}]
    reply = bench.runtime.converse(modelId=bench.model, messages=[{"role": "user", "content": content}])
    assert text_of(reply) == "The belt is replaced yearly."


def test_service_tier_and_performance_come_back(bench) -> None:  # type: ignore[no-untyped-def]
    reply = bench.converse(serviceTier={"type": "flex"}, performanceConfig={"latency": "optimized"})
    assert reply["serviceTier"] == {"type": "flex"}
    assert reply["performanceConfig"] == {"latency": "optimized"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modelId": "no-such-model"}, "model identifier is invalid"),
        ({"modelId": "amazon.titan-embed-text-v2:0"}, "doesn't support the model"),
        (
            {"messages": [{"role": "assistant", "content": [{"text": "Hi"}]}]},
            "must start with a user message",
        ),
        ({"messages": [{"role": "user", "content": [{"text": "  "}]}]}, "messages.0.content.0 is blank"),
        ({"outputConfig": wanted("no schema")}, "not a JSON object"),
        ({"outputConfig": wanted({"type": "string", "pattern": "^Z{9}$"})}, "cannot satisfy"),
        ({"inferenceConfig": {"temperature": 0.5, "maxTokens": 1, "topP": 1.5}}, "topP"),
    ],
)
def test_what_cannot_be_done_is_a_validation_exception(bench, changes, said) -> None:  # type: ignore[no-untyped-def]
    import botocore.session

    client = bench.runtime
    with pytest.raises(
        (client.exceptions.ValidationException, botocore.exceptions.ParamValidationError), match=said
    ):
        bench.converse(**changes)


def test_an_image_is_refused_in_a_sentence(bench) -> None:  # type: ignore[no-untyped-def]
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    with pytest.raises(ClientError, match="read text, no image"):
        bench.runtime.converse(modelId=bench.model, messages=[{"role": "user", "content": [picture]}])
