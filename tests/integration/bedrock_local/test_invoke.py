"""InvokeModel and its stream with the bodies of each family, through boto3."""

import json
from typing import Any

import numpy as np
import pytest

CLAUDE, NOVA = "eu.anthropic.claude-sonnet-4-5-v1:0", "eu.amazon.nova-lite-v1:0"


def invoke(bench: Any, model: str, body: object, **options: Any) -> Any:
    return json.loads(
        bench.runtime.invoke_model(modelId=model, body=json.dumps(body), **options)["body"].read()
    )


def chunks(bench: Any, model: str, body: object) -> list[Any]:
    stream = bench.runtime.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))["body"]
    return [json.loads(event["chunk"]["bytes"]) for event in stream]


def claude(text: str, **more: object) -> dict[str, object]:
    messages = [{"role": "user", "content": text}]
    return {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200, "messages": messages} | more


def test_a_body_for_claude_is_answered_in_its_words(bench: Any) -> None:
    reply = invoke(bench, CLAUDE, claude(bench.question))
    assert reply["content"] == [{"type": "text", "text": bench.answer}]
    assert (reply["type"], reply["stop_reason"]) == ("message", "end_turn")
    assert reply["usage"]["input_tokens"] > 20


def test_claudes_stream_ends_with_what_it_took(bench: Any) -> None:
    found = chunks(bench, CLAUDE, claude(bench.question))
    assert [f["type"] for f in found][:2] == ["message_start", "content_block_start"]
    assert "".join(f["delta"]["text"] for f in found if f["type"] == "content_block_delta") == bench.answer
    assert found[-1]["type"] == "message_stop"
    assert found[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0


def test_a_tool_of_claude_is_called(bench: Any) -> None:
    schema = {"type": "object", "properties": {"litres": {"type": "integer"}}, "required": ["litres"]}
    tools = {
        "tools": [{"name": "note", "input_schema": schema}],
        "tool_choice": {"type": "tool", "name": "note"},
    }
    reply = invoke(bench, CLAUDE, claude(bench.question, **tools))
    assert (reply["stop_reason"], reply["content"][0]["input"]) == ("tool_use", {"litres": 12})
    pieces = [c["delta"]["partial_json"] for c in chunks(bench, CLAUDE, claude(bench.question, **tools)) if "delta" in c
              and "partial_json" in c["delta"]]  # fmt: skip
    assert json.loads("".join(pieces)) == {"litres": 12}


def test_a_body_for_nova_is_answered_in_its_words(bench: Any) -> None:
    body = {"messages": bench.user(), "inferenceConfig": {"maxTokens": 100}}
    reply = invoke(bench, NOVA, body)
    assert reply["output"]["message"]["content"] == [{"text": bench.answer}]
    found = chunks(bench, NOVA, body)
    said = "".join(f["contentBlockDelta"]["delta"]["text"] for f in found if "contentBlockDelta" in f)
    assert said == bench.answer
    assert found[-1]["metadata"]["usage"]["outputTokens"] > 0


@pytest.mark.parametrize(
    ("model", "body", "said"),
    [
        (CLAUDE, {"messages": []}, "anthropic_version"),
        (CLAUDE, "no object", "validation error"),
        ("meta.llama3-1-8b-instruct-v1:0", {"prompt": "hi"}, "Converse takes any chat model"),
        ("amazon.titan-embed-text-v2:0", {"inputText": "x", "dimensions": 300}, "dimensions"),
        ("amazon.titan-embed-text-v2:0", {"inputText": "x", "size": 3}, "size"),
        ("amazon.titan-embed-text-v2:0", {"inputText": ""}, "minLength"),
        ("cohere.embed-v4:0", {"texts": [], "input_type": "search_query"}, "texts"),
        ("amazon.titan-embed-text-v1", {"inputText": "x"}, "not known here"),
    ],
)
def test_a_body_that_is_not_one_is_a_validation_exception(
    bench: Any, model: str, body: object, said: str
) -> None:
    with pytest.raises(bench.runtime.exceptions.ValidationException, match=said):
        invoke(bench, model, body)


def titan(bench: Any, text: str, dimensions: int) -> "np.ndarray[Any, Any]":
    body = {"inputText": text, "dimensions": dimensions, "normalize": True}
    return np.array(invoke(bench, "amazon.titan-embed-text-v2:0", body)["embedding"])


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
def test_titans_vectors_have_the_length_that_was_asked_for(bench: Any, dimensions: int) -> None:
    vector = titan(bench, "La ventola non gira.", dimensions)
    assert vector.shape == (dimensions,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_more_numbers_than_the_model_has_leave_every_cosine_as_it_is(bench: Any) -> None:
    texts = ["The fan does not turn.", "The fan is noisy."]
    longer, longest = ([titan(bench, t, n) for t in texts] for n in (512, 1024))
    assert longer[0] @ longer[1] == pytest.approx(longest[0] @ longest[1], abs=1e-9)
    cohere = invoke(bench, "cohere.embed-v4:0", {"texts": texts, "input_type": "search_document"})[
        "embeddings"
    ]
    assert np.array(cohere[0]) @ np.array(cohere[1]) == pytest.approx(longer[0] @ longer[1], abs=1e-9)


def test_cohere_by_type_and_novas_body(bench: Any) -> None:
    body = {
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 512,
    }
    assert np.array(invoke(bench, "cohere.embed-v4:0", body)["embeddings"]["float"]).shape == (2, 512)
    text = {"truncationMode": "END", "value": "a"}
    asked = {"embeddingPurpose": "TEXT_RETRIEVAL", "embeddingDimension": 384, "text": text}
    nova = {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": asked}
    found = invoke(bench, "amazon.nova-2-multimodal-embeddings-v1:0", nova)["embeddings"]
    assert len(found[0]["embedding"]) == 384


def test_count_tokens_takes_an_invoke_body(bench: Any) -> None:
    body = json.dumps(claude(bench.question)).encode()
    counted = bench.runtime.count_tokens(modelId=CLAUDE, input={"invokeModel": {"body": body}})
    assert counted["inputTokens"] == invoke(bench, CLAUDE, claude(bench.question))["usage"]["input_tokens"]


def test_rerank_puts_the_answer_first(bench: Any) -> None:
    texts = ["Bananas are yellow.", "The filter is cleaned every month.", "The case is grey."]
    arn = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.rerank-v1:0"
    configuration = {"modelConfiguration": {"modelArn": arn}, "numberOfResults": 2}
    reply = bench.client("bedrock-agent-runtime").rerank(
        queries=[{"type": "TEXT", "textQuery": {"text": "How often is the filter cleaned?"}}],
        sources=[
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": t}}} for t in texts
        ],
        rerankingConfiguration={
            "type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": configuration,
        },
    )  # fmt: skip
    scores = [r["relevanceScore"] for r in reply["results"]]
    assert reply["results"][0]["index"] == 1
    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)
    direct = invoke(
        bench, "cohere.rerank-v3-5:0", {"query": "filter cleaned", "documents": texts, "api_version": 2}
    )
    assert direct["results"][0]["index"] == 1
