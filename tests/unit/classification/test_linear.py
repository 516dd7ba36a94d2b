from pathlib import Path

import numpy as np

from rimedio.classification.linear import LinearModel, count_ngrams, count_ratios, look_up, train_linear

TEXTS = ["the fan is loud", "fan blocked by leaves", "no wifi network", "router offline network"] * 3
LABELS = np.array([0, 0, 1, 1] * 3)


def trained() -> LinearModel:
    return train_linear(TEXTS, LABELS, 2, subwords=True)


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
    model = train_linear(TEXTS, LABELS, 2, subwords=False)
    assert np.allclose(model.margins(["zzz qqq", ""]), 0.0)


def test_words_pairs_and_the_marked_head_are_counted() -> None:
    counts = count_ngrams("a b a b", subwords=False)
    assert sum(counts.values()) == 4 + 3 + 4 + 3
    assert len(count_ngrams("network", subwords=True)) > len(count_ngrams("network", subwords=False))


def test_the_count_ratio_favours_what_only_one_label_says() -> None:
    counted = [count_ngrams(text, subwords=False) for text in ("fan loud", "fan stuck", "wifi gone")]
    vocabulary = np.unique(np.array([h for counts in counted for h in counts], np.uint32))
    rows = [look_up(counts, vocabulary) for counts in counted]
    ratios = count_ratios(rows, np.array([0, 0, 1]), 2, len(vocabulary))
    fan, wifi = (look_up(count_ngrams(w, subwords=False), vocabulary).index for w in ("fan", "wifi"))
    assert (ratios[fan, 0] > 0).all()
    assert (ratios[wifi, 0] < 0).all()
    assert np.allclose(np.sign(ratios[:, 0]), -np.sign(ratios[:, 1]))
