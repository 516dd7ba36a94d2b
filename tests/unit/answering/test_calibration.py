"""Probabilities that come true, and thresholds that keep their promise."""

import numpy as np
import pytest

from rimedio.answering.calibration import (
    LogisticFile,
    coverage_table,
    expected_calibration_error,
    fit_logistic,
    isotonic,
    reliability,
    threshold_for,
    upper_bound,
)


def sample(count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    rows = random.normal(size=(count, 2))
    chance = 1 / (1 + np.exp(-(1.5 * rows[:, 0] - 0.5)))
    return rows, random.random(count) < chance


def test_logistic_regression_recovers_what_made_the_labels() -> None:
    rows, labels = sample()
    model = fit_logistic(("a", "b"), rows, labels, penalty=1e-6)
    assert model.weights[0] / model.scale[0] == pytest.approx(1.5, abs=0.2)
    assert model.weights[1] / model.scale[1] == pytest.approx(0.0, abs=0.15)


def test_its_probabilities_come_true() -> None:
    rows, labels = sample()
    model = fit_logistic(("a", "b"), rows[:1000], labels[:1000])
    assert expected_calibration_error(model.probabilities(rows[1000:]), labels[1000:]) < 0.06


def test_fitting_twice_gives_the_same_model() -> None:
    rows, labels = sample(200)
    one, other = (LogisticFile.of(fit_logistic(("a", "b"), rows, labels), {}) for _ in range(2))
    assert one == other


def test_a_model_survives_its_file() -> None:
    rows, labels = sample(200)
    model = fit_logistic(("a", "b"), rows, labels)
    text = LogisticFile.of(model, {"made_by": "a test"}).model_dump_json()
    read = LogisticFile.model_validate_json(text).model()
    assert read.probability({"b": 0.2, "a": 1.0}) == pytest.approx(
        model.probability({"a": 1.0, "b": 0.2}), abs=1e-4
    )


def test_isotonic_never_falls_and_keeps_the_mean() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    labels = np.array([False, True, False, False, True, True])
    fitted = isotonic(scores, labels)
    assert (np.diff(fitted) >= 0).all()
    assert fitted.mean() == pytest.approx(labels.mean())
    assert fitted[1] == pytest.approx(1 / 3)


def test_reliability_counts_every_answer_once() -> None:
    bins = reliability(np.array([0.0, 0.05, 0.5, 1.0]), np.array([False, False, True, True]))
    assert sum(b.answers for b in bins) == 4


def test_the_coverage_table_says_how_many_sent_answers_were_wrong() -> None:
    table = coverage_table(np.array([0.9, 0.8, 0.4]), np.array([True, False, True]), (0.5, 0.85))
    assert [(c.sent, c.wrong) for c in table] == [(2, 0.5), (1, 0.0)]


@pytest.mark.parametrize(
    ("wrong", "count", "bound"), [(0, 22, 0.0994), (1, 38, 0.0992), (0, 0, 1.0), (5, 5, 1.0)]
)
def test_the_upper_bound_is_clopper_pearsons(wrong: int, count: int, bound: float) -> None:
    assert upper_bound(wrong, count, 0.1) == pytest.approx(bound, abs=0.002)


def test_no_threshold_is_promised_on_too_few_answers() -> None:
    assert threshold_for(np.array([0.99] * 10), np.array([True] * 10), 0.1) is None


def test_the_threshold_keeps_the_wanted_error_rate() -> None:
    probabilities = np.concatenate([np.linspace(0.8, 1.0, 60), np.linspace(0.0, 0.7, 60)])
    labels = np.concatenate([np.ones(60, dtype=bool), np.zeros(60, dtype=bool)])
    chosen = threshold_for(probabilities, labels, 0.1)
    assert chosen is not None
    assert 0.5 < chosen <= 0.8
    sent = probabilities >= chosen
    assert (~labels[sent]).mean() <= 0.1
