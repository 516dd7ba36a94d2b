"""What every embedder must do. An adapter joins by adding its factory to `EMBEDDERS`."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from rimedio.aws import AwsConnections
from rimedio.domain.clock import SystemClock
from rimedio.knowledge.embedding.bedrock import BedrockEmbedder
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.embedding.onnx import OnnxEmbedder
from rimedio.knowledge.embedding.port import Embedder

EMBEDDERS: dict[str, Callable[[], Embedder]] = {"fake": FakeEmbedder, "onnx": OnnxEmbedder.packaged}
BEDROCK = {"titan": ("amazon.titan-embed-text-v2:0", 1024), "cohere": ("eu.cohere.embed-v4:0", 512)}
_MADE: dict[str, Embedder] = {}


@pytest.fixture(scope="module")
def bedrock(aws_environment: None, bedrock_endpoint: str) -> Iterator[AwsConnections]:
    """Connections to the local Bedrock, over HTTP."""
    connections = AwsConnections("eu-west-1", {"*": bedrock_endpoint})
    yield connections
    connections.close()


@pytest.fixture(params=["fake", pytest.param("onnx", marks=pytest.mark.model), *BEDROCK])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    name = request.param
    if name not in BEDROCK:
        return _MADE.setdefault(name, EMBEDDERS[name]())
    runtime = request.getfixturevalue("bedrock").client("bedrock-runtime", attempts=1)
    return BedrockEmbedder(runtime, *BEDROCK[name], clock=SystemClock())


def test_vectors_have_length_one_and_the_promised_size(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(["The pump hums.", "La pompa ronza.", ""])
    assert vectors.shape == (3, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    query = embedder.embed_query("pump")
    assert query.shape == (embedder.dimensions,)
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-4)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimensions)


def test_vectors_keep_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = [
        "a much longer text about the pump and its bearings, to be sorted last",
        "fan",
        "red door",
        "valve",
    ]
    together = embedder.embed_passages(texts)
    for vector, text in zip(together, texts, strict=True):
        alone = embedder.embed_passages([text])[0]
        assert np.argmax(together @ alone) == np.argmax(together @ vector)
        assert float(vector @ alone) > 0.97  # int8 lets batch-mates matter a little


def test_a_question_is_nearest_to_the_text_that_speaks_of_it(embedder: Embedder) -> None:
    passages = embedder.embed_passages(["The contactor coil is broken.", "Paint the door green every year."])
    scores = passages @ embedder.embed_query("contactor coil does not work")
    assert scores[0] > scores[1]


def test_the_same_text_gives_the_same_vector(embedder: Embedder) -> None:
    first, second = (embedder.embed_query("Errore E029") for _ in range(2))
    assert np.array_equal(first, second)


def test_a_huge_text_is_cut_not_refused(embedder: Embedder) -> None:
    assert embedder.embed_passages(["pump " * 20_000]).shape == (1, embedder.dimensions)


def test_the_model_has_a_name(embedder: Embedder) -> None:
    assert embedder.model_id
