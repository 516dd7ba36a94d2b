import numpy as np

from rimedio.knowledge.mmr import diversify

UP = np.array([1, 0], np.float32)
NEARLY_UP = np.array([0.9999, 0.0141], np.float32)
SIDE = np.array([0, 1], np.float32)


def test_a_near_copy_gives_way_to_something_new() -> None:
    vectors = {"a": UP, "copy": NEARLY_UP, "other": SIDE}
    assert diversify([("a", 1.0), ("copy", 0.5), ("other", 0.45)], vectors, 2) == ["a", "other"]


def test_the_best_one_always_stays_first() -> None:
    assert diversify([("a", 1.0), ("b", 0.9)], {"a": UP, "b": UP}, 2)[0] == "a"


def test_passages_about_the_same_subject_are_no_copies() -> None:
    near = np.array([0.9, 0.436], np.float32)
    ranked = [("a", 1.0), ("near", 0.5), ("other", 0.45)]
    assert diversify(ranked, {"a": UP, "near": near, "other": SIDE}, 3) == ["a", "near", "other"]


def test_passages_without_a_vector_keep_their_order() -> None:
    assert diversify([("a", 3.0), ("b", 2.0), ("c", 1.0)], {}, 2) == ["a", "b"]


def test_nothing_gives_nothing() -> None:
    assert diversify([], {}, 5) == []
