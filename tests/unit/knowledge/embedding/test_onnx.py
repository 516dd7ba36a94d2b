import json
from pathlib import Path

import pytest

from rimedio.domain.errors import ModelUnavailable
from rimedio.knowledge.embedding.onnx import OnnxEmbedder

CARD = {
    "model_id": "m-1",
    "dimensions": 4,
    "max_tokens": 8,
    "query_prefix": "q: ",
    "passage_prefix": "p: ",
    "pad_id": 0,
    "characters": {"9": " "},
}


def test_a_missing_model_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="make setup"):
        OnnxEmbedder(tmp_path / "nothing")


def test_a_damaged_card_is_a_missing_model(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(ModelUnavailable):
        OnnxEmbedder(tmp_path)


def test_nothing_is_loaded_before_the_first_text(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps(CARD))
    embedder = OnnxEmbedder(tmp_path)
    assert (embedder.model_id, embedder.dimensions) == ("m-1", 4)
    with pytest.raises(ModelUnavailable, match="tokenizer"):
        embedder.embed_query("x")


@pytest.mark.model
def test_an_italian_question_is_nearest_to_the_english_passage_that_answers_it() -> None:
    embedder = OnnxEmbedder.packaged()
    passages = embedder.embed_passages(
        ["The down contactor does not close. Check its coil.", "Apply two coats of paint to the frame."]
    )
    scores = passages @ embedder.embed_query("Il contattore della discesa non si chiude")
    assert scores[0] > scores[1]


@pytest.mark.model
def test_a_repeated_question_is_not_computed_again() -> None:
    embedder = OnnxEmbedder.packaged()
    assert embedder.embed_query("E029") is embedder.embed_query("E029")
