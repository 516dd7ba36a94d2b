import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from rimedio.classification.drift import (
    Baseline,
    Level,
    detect_drift,
    jensen_shannon,
    profile,
    psi,
    read_baseline,
    smoothed,
)
from rimedio.domain.errors import InvalidInput, ModelUnavailable

OLD = [f"the fan number {i % 7} of the charger is loud" for i in range(120)]
NEW = [f"fattura sbagliata, importo {i % 7} da correggere subito per favore signori" for i in range(120)]


def probabilities(share: float, confidence: float = 0.9) -> np.ndarray:
    rows = np.full((120, 2), 1 - confidence)
    first = np.arange(120) < share * 120
    rows[first, 0] = confidence
    rows[~first, 1] = confidence
    return rows


def baseline() -> Baseline:
    return profile(OLD, probabilities(0.5), ("A", "B"), OLD)


def test_the_same_tickets_are_stable() -> None:
    report = detect_drift(baseline(), OLD, probabilities(0.5))
    assert report.level is Level.STABLE
    assert all(d.psi < 1e-9 for d in report.distances)


def test_other_words_are_drift_even_when_the_categories_stay() -> None:
    report = detect_drift(baseline(), NEW, probabilities(0.5))
    levels = {d.name: d.level for d in report.distances}
    assert levels["words"] is levels["unknown words"] is Level.DRIFT
    assert levels["labels"] is Level.STABLE
    assert report.unknown_word_share > 0.8 > report.unknown_word_share_before


def test_other_categories_and_falling_confidence_are_drift() -> None:
    report = detect_drift(baseline(), OLD, probabilities(0.95, confidence=0.55))
    levels = {d.name: d.level for d in report.distances}
    assert levels["labels"] is levels["confidence"] is Level.DRIFT
    assert levels["words"] is Level.STABLE


def test_too_few_tickets_say_nothing() -> None:
    with pytest.raises(InvalidInput, match="50 texts"):
        detect_drift(baseline(), OLD[:10], probabilities(0.5)[:10])


def test_psi_agrees_with_its_formula() -> None:
    assert psi((0.5, 0.5), (0.8, 0.2)) == pytest.approx(0.3 * np.log(1.6) - 0.3 * np.log(0.4))
    assert psi((0.5, 0.5), (0.5, 0.5)) == 0.0


def test_jensen_shannon_runs_from_nothing_to_one_bit() -> None:
    assert jensen_shannon((0.3, 0.7), (0.3, 0.7)) == 0.0
    assert jensen_shannon((1.0, 0.0), (0.0, 1.0)) == pytest.approx(1.0, abs=0.01)
    assert jensen_shannon((0.2, 0.8), (0.6, 0.4)) == pytest.approx(jensen_shannon((0.6, 0.4), (0.2, 0.8)))


def test_a_profile_comes_back_from_its_file_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(asdict(baseline())), "utf-8")
    assert read_baseline(file) == baseline()
    file.write_text("{}", "utf-8")
    with pytest.raises(ModelUnavailable, match="Train the model again"):
        read_baseline(file)


def test_a_kind_that_a_small_window_lacks_has_not_vanished() -> None:
    expected, seen = (0.9, 0.1), (1.0, 0.0)
    assert psi(expected, smoothed(expected, seen, 10)) < 0.2 < psi(expected, seen)
    assert psi(expected, smoothed(expected, seen, 10_000)) > 0.25
    assert smoothed(expected, expected, 7) == pytest.approx(expected)
