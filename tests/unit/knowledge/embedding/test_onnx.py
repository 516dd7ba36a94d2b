import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rimedio.domain.errors import ModelUnavailable
from rimedio.knowledge.embedding.onnx import NO_TELEMETRY, OnnxEmbedder

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
def test_the_model_leaves_no_identifier_of_the_machine_behind(tmp_path: Path) -> None:
    """Its library would write one below the home folder, and send events with it."""
    kept_out = {NO_TELEMETRY, "CI", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME", "XDG_DATA_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in kept_out}
    code = (
        "import os; from rimedio.knowledge.embedding.onnx import OnnxEmbedder; "
        f"OnnxEmbedder.packaged().embed_query('x'); print(os.environ['{NO_TELEMETRY}'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


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
