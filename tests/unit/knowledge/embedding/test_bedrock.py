"""Embeddings and reranking by Bedrock: bodies, bounds, faults."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidSetting, ModelUnavailable, Throttled
from rimedio.knowledge.bedrock_rerank import BedrockCrossEncoder, model_arn
from rimedio.knowledge.embedding.bedrock import BedrockEmbedder
from rimedio.knowledge.embedding.bedrock_bulk import BulkEmbedding
from rimedio.knowledge.embedding.bedrock_formats import embedding_format
from rimedio.knowledge.embedding.port import Vectors

TITAN, COHERE = "amazon.titan-embed-text-v2:0", "eu.cohere.embed-v4:0"


class Stream:
    """A body that is read once."""

    def __init__(self, value: object) -> None:
        self._bytes = json.dumps(value).encode()

    def read(self) -> bytes:
        return self._bytes


class Runtime:
    """Answers InvokeModel by a function of the body; remembers bodies and how many calls ran at once."""

    def __init__(self, answer: Callable[[Mapping[str, Any]], object]) -> None:
        self.answer = answer
        self.bodies: list[dict[str, Any]] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def invoke_model(self, *, body: str, **_: object) -> dict[str, Stream]:
        asked = json.loads(body)
        with self._lock:
            self.bodies.append(asked)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return {"body": Stream(self.answer(asked))}
        finally:
            with self._lock:
                self._now -= 1


def titan(body: Mapping[str, Any]) -> object:
    return {"embedding": [float(len(body["inputText"])), 1.0, *[0.0] * (body["dimensions"] - 2)]}


def cohere(body: Mapping[str, Any]) -> object:
    rows = [[float(len(text)), 1.0, *[0.0] * (body["output_dimension"] - 2)] for text in body["texts"]]
    return {"embeddings": {"float": rows}}


def refusing(code: str, status: int = 400, times: int = 10**6) -> Callable[[Mapping[str, Any]], object]:
    left = [times]

    def answer(body: Mapping[str, Any]) -> object:
        if left[0] > 0:
            left[0] -= 1
            meta = {"HTTPStatusCode": status, "HTTPHeaders": {}}
            raise ClientError(
                {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": meta}, "InvokeModel"
            )  # type: ignore[arg-type]
        return titan(body)

    return answer


def embedder(runtime: Runtime, model: str = TITAN, dimensions: int = 256, **more: int) -> BedrockEmbedder:
    return BedrockEmbedder(runtime, model, dimensions, clock=FakeClock(), randomness=lambda: 0.0, **more)


def test_titan_gets_one_text_a_call_and_cohere_many() -> None:
    texts = [f"text {n}" for n in range(100)]
    one, many = Runtime(titan), Runtime(cohere)
    embedder(one).embed_passages(texts)
    embedder(many, COHERE, 512).embed_passages(texts)

    assert len(one.bodies) == 100
    assert sorted(len(body["texts"]) for body in many.bodies) == [4, 96]


def test_questions_and_passages_are_told_apart_where_the_model_can() -> None:
    runtime = Runtime(cohere)
    model = embedder(runtime, COHERE, 512)
    model.embed_query("why?")
    model.embed_passages(["because"])

    assert [body["input_type"] for body in runtime.bodies] == ["search_query", "search_document"]


def test_vectors_come_back_in_order_however_calls_overtake_each_other() -> None:
    texts = ["x" * n for n in range(1, 60)]
    vectors = embedder(Runtime(titan)).embed_passages(texts)

    assert [round(float(v[0] / v[1])) for v in vectors] == [len(text) for text in texts]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_more_calls_run_at_once_than_the_bound() -> None:
    both = threading.Barrier(2, timeout=60)

    def answer(body: Mapping[str, Any]) -> object:
        both.wait()  # passes only when two calls are under way together
        return titan(body)

    runtime = Runtime(answer)
    embedder(runtime, concurrency=2).embed_passages(["a", "b", "c", "d"])

    assert runtime.most == 2


def test_the_name_of_vectors_holds_their_size_and_no_region() -> None:
    small, large = (embedder(Runtime(titan), TITAN, size).model_id for size in (256, 1024))
    regional, plain = (embedder(Runtime(cohere), name, 512).model_id for name in (COHERE, COHERE[3:]))

    assert small != large
    assert regional == plain == "cohere.embed-v4:0/512"


def test_a_text_that_the_model_finds_too_long_is_halved_until_it_fits() -> None:
    runtime = Runtime(refusing("ValidationException", times=2))
    embedder(runtime).embed_passages(["x" * 60_000])

    assert [len(body["inputText"]) for body in runtime.bodies] == [50_000, 25_000, 12_500]


def test_a_short_text_that_is_refused_is_not_cut_for_ever() -> None:
    runtime = Runtime(refusing("ValidationException"))

    with pytest.raises(ModelUnavailable):
        embedder(runtime).embed_query("short")
    assert len(runtime.bodies) == 1


def test_throttled_passages_wait_longer_than_a_question_does() -> None:
    passages, question = (Runtime(refusing("ThrottlingException", 429, times=4)) for _ in range(2))

    assert embedder(passages).embed_passages(["text"]).shape == (1, 256)
    with pytest.raises(Throttled):
        embedder(question).embed_query("text")
    assert (len(passages.bodies), len(question.bodies)) == (5, 3)


def test_a_question_is_embedded_once() -> None:
    runtime = Runtime(titan)
    model = embedder(runtime)

    assert np.array_equal(model.embed_query("why?"), model.embed_query("why?"))
    assert len(runtime.bodies) == 1


@pytest.mark.parametrize(
    "answer", [{}, {"embedding": "x"}, {"embedding": [1.0]}, {"embedding": []}, [1], "nothing"]
)
def test_an_answer_that_is_no_vector_of_that_size_is_refused(answer: object) -> None:
    with pytest.raises(ModelUnavailable, match="titan"):
        embedder(Runtime(lambda _: answer)).embed_query("x")


def test_a_vector_of_nothing_is_still_a_direction() -> None:
    vector = embedder(Runtime(lambda b: {"embedding": [0.0] * b["dimensions"]})).embed_query("x")

    assert float(np.linalg.norm(vector)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("model", "dimensions"),
    [(TITAN, 768), (COHERE, 768), ("cohere.embed-multilingual-v3", 512), ("a.b", 512)],
)
def test_sizes_and_models_that_are_not_offered_are_refused_at_once(model: str, dimensions: int) -> None:
    with pytest.raises(InvalidSetting):
        embedding_format(model, dimensions)


class Index:
    """The part of an index that bulk embedding works on."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.stored: dict[str, Vectors] = {}

    def unembedded(self, model_id: str, limit: int) -> Sequence[tuple[str, str]]:
        del model_id
        return [(h, t) for h, t in self.texts.items() if h not in self.stored][:limit]

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> None:
        del model_id
        self.stored |= vectors


class Outcome:
    """One line of a batch job's results."""

    def __init__(self, record_id: str, output: Mapping[str, Any] | None) -> None:
        self.record_id = record_id
        self.output = output


def test_a_whole_library_is_embedded_by_a_job_and_what_failed_is_left_for_the_next() -> None:
    index = Index({"h1": "one", "h2": "two", "h3": "three"})
    bulk = BulkEmbedding(index, TITAN, 256)  # type: ignore[arg-type]
    records = dict(bulk.records())
    outcomes = [Outcome(h, titan(body)) for h, body in records.items() if h != "h2"]  # type: ignore[arg-type]
    collected = bulk.collect([*outcomes, Outcome("h2", None)])

    assert records["h1"] == {"inputText": "one", "dimensions": 256, "normalize": True}
    assert (collected.stored, collected.failed) == (2, 1)
    assert [h for h, _ in bulk.records()] == ["h2"]
    assert bulk.model_id == embedder(Runtime(titan)).model_id


class AgentRuntime:
    """Answers Rerank."""

    def __init__(self, answer: Callable[[], object]) -> None:
        self.answer = answer
        self.asked: list[Mapping[str, Any]] = []

    def rerank(self, **arguments: object) -> object:
        self.asked.append(arguments)
        return self.answer()


def test_scores_go_to_the_texts_that_they_belong_to() -> None:
    results = [{"index": 2, "relevanceScore": 0.9}, {"index": 0, "relevanceScore": 0.1}]
    runtime = AgentRuntime(lambda: {"results": results})
    encoder = BedrockCrossEncoder(
        runtime, model_arn("cohere.rerank-v3-5:0", "eu-central-1"), clock=FakeClock()
    )

    assert encoder.score("why?", ["a", "b", "c"]) == [0.1, 0.0, 0.9]
    asked = runtime.asked[0]["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    assert asked["numberOfResults"] == 3
    assert asked["modelConfiguration"]["modelArn"].startswith(
        "arn:aws:bedrock:eu-central-1::foundation-model/"
    )


def fails() -> object:
    raise ConnectionResetError("gone")


@pytest.mark.parametrize("answer", [fails, dict, lambda: {"results": [{"index": 99, "relevanceScore": 1}]}])
def test_when_reranking_fails_the_order_stays(answer: Callable[[], object]) -> None:
    encoder = BedrockCrossEncoder(AgentRuntime(answer), "arn:aws:x", clock=FakeClock())

    assert encoder.score("why?", ["a", "b"]) == [0.0, 0.0]


def test_nothing_to_rank_asks_nobody() -> None:
    runtime = AgentRuntime(fails)

    assert BedrockCrossEncoder(runtime, "arn:aws:x", clock=FakeClock()).score("why?", []) == []
    assert runtime.asked == []
