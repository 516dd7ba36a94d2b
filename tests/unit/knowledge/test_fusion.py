import pytest

from rimedio.knowledge.fusion import FusionWeights, Ranking, reciprocal_rank_fusion, score_fusion

WEIGHTS = FusionWeights(meaning=0.5, page=0.2)


def order(ranked: list[tuple[str, float]]) -> list[str]:
    return [chunk_id for chunk_id, _ in ranked]


def test_a_chunk_that_both_ways_like_comes_first() -> None:
    ranked = score_fusion({"a": 1.0, "b": 0.9, "c": 0.0}, {"a": 0.80, "b": 0.88, "c": 0.9}, {}, WEIGHTS)
    assert order(ranked)[0] == "b"


def test_words_that_are_not_trusted_leave_the_order_to_meaning() -> None:
    ranked = score_fusion({"a": 0.01, "b": 0.0}, {"a": 0.8, "b": 0.9}, {}, WEIGHTS)
    assert order(ranked) == ["b", "a"]


def test_how_much_better_a_hit_is_counts() -> None:
    cosines = {"a": 0.8, "b": 0.81, "c": 0.7}
    assert order(score_fusion({"a": 1.0, "b": 0.2, "c": 0.1}, cosines, {}, WEIGHTS))[0] == "a"


def test_a_page_that_fits_as_a_whole_helps_its_chunks() -> None:
    words, cosines = {"a": 0.5, "b": 0.5}, {"a": 0.8, "b": 0.8}
    assert order(score_fusion(words, cosines, {"b": 1.0}, WEIGHTS)) == ["b", "a"]


def test_a_chunk_without_a_vector_is_taken_by_its_words() -> None:
    ranked = dict(score_fusion({"a": 1.0, "b": 0.4}, {"b": 0.9}, {}, WEIGHTS))
    assert ranked["a"] == pytest.approx(1.0)


def test_without_vectors_words_decide() -> None:
    assert order(score_fusion({"a": 0.2, "b": 0.7}, {}, {}, WEIGHTS)) == ["b", "a"]


def test_equal_scores_are_ordered_by_id() -> None:
    assert order(score_fusion({"b": 1.0, "a": 1.0}, {}, {}, WEIGHTS)) == ["a", "b"]


def test_ranks_alone_can_be_fused_too() -> None:
    ranked = reciprocal_rank_fusion([Ranking(["a", "b"]), Ranking(["b", "c"], weight=0.5)])
    assert order(ranked) == ["b", "a", "c"]
    assert dict(ranked)["b"] == pytest.approx(1 / 12 + 0.5 / 11)
