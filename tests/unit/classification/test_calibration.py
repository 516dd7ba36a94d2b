import numpy as np

from rimedio.classification.calibration import fit_temperature, log_loss, softmax, with_temperature
from rimedio.classification.metrics import expected_calibration_error, label_scores, score


def test_temperature_one_changes_nothing_and_order_never_changes() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    assert np.allclose(with_temperature(p, 1.0), p)
    for t in (0.2, 5.0):
        assert (with_temperature(p, t).argsort(axis=1) == p.argsort(axis=1)).all()


def test_an_overconfident_model_is_cooled_until_its_confidence_is_its_accuracy() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 4000)
    right = rng.random(4000) < 0.8
    said = np.where(right, truth, 1 - truth)
    p = np.where(np.arange(2)[None, :] == said[:, None], 0.99, 0.01)
    t = fit_temperature(p, truth)
    calm = with_temperature(p, t)
    assert t > 2
    assert abs(calm.max(axis=1).mean() - right.mean()) < 0.01
    assert log_loss(calm, truth) < log_loss(p, truth)


def test_softmax_survives_large_scores() -> None:
    assert np.allclose(softmax(np.array([[1e4, 0.0]])), [[1.0, 0.0]])


def test_calibration_error_is_zero_when_right_and_large_when_wrong() -> None:
    sure = np.ones(10)
    assert expected_calibration_error(sure, np.ones(10, dtype=bool)) == 0.0
    assert expected_calibration_error(sure, np.zeros(10, dtype=bool)) == 1.0
    assert expected_calibration_error(np.empty(0), np.empty(0, dtype=bool)) == 0.0


def test_scores_agree_with_a_count_by_hand() -> None:
    found = {s.label: s for s in label_scores(["a", "a", "b", "c"], ["a", "b", "b", "a"])}
    assert (found["a"].precision, found["a"].recall, found["a"].f1) == (0.5, 0.5, 0.5)
    assert (found["b"].precision, found["b"].recall) == (0.5, 1.0)
    assert found["c"].f1 == 0.0


def test_score_reads_labels_from_the_most_likely_column() -> None:
    found = score(("x", "y"), np.array([[0.9, 0.1], [0.4, 0.6]]), ["x", "x"])
    assert found.accuracy == 0.5
    assert found.rows == 2
