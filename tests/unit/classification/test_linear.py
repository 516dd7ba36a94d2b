from pathlib import Path

import numpy as np

from rimedio.classification.linear import LinearModel, hashed_ngrams, train_linear

TEXTS = ["the fan is loud", "fan blocked by leaves", "no wifi network", "router offline network"] * 3
LABELS = np.array([0, 0, 1, 1] * 3)


def trained() -> LinearModel:
    return train_linear(TEXTS, LABELS, 2, subwords=True, buckets=4096)


def test_it_learns_what_separates_the_labels() -> None:
    margins = trained().margins(["loud fan", "the network is offline"])
    assert margins.argmax(axis=1).tolist() == [0, 1]


def test_parts_of_words_carry_over_to_words_never_seen() -> None:
    assert trained().margins(["networking"]).argmax() == 1


def test_the_same_rows_give_the_same_weights() -> None:
    assert (trained().weights == trained().weights).all()


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    model = trained()
    model.save(tmp_path / "m.npz")
    loaded = LinearModel.load(tmp_path / "m.npz")
    assert np.allclose(loaded.margins(TEXTS), model.margins(TEXTS), atol=0.01)


def test_unknown_words_give_no_opinion() -> None:
    model = train_linear(TEXTS, LABELS, 2, subwords=False, buckets=1 << 18)
    assert np.allclose(model.margins(["zzz qqq", ""]), 0.0)


def test_single_words_and_pairs_are_counted() -> None:
    assert hashed_ngrams("a b a b", 1 << 18, subwords=False).value.sum() == 7
