"""Drift watched over time: inputs against training, confidence against the truth and against before.

A distance is read with the sampling noise taken off (the PSI of `k` kinds over `n` rows is about (k − 1) / n
by chance alone), and a status changes only when two windows in a row say so: up above 0.25, down below 0.1.
A value between the two keeps the status as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from rimedio.classification.drift import (
    CONFIDENCE_EDGES,
    PSI_DRIFT,
    PSI_WATCH,
    Level,
    detect_drift,
    histogram,
    psi,
    read_baseline,
)
from rimedio.classification.live import LiveModels
from rimedio.classification.metrics import expected_calibration_error
from rimedio.classification.predict import PROFILE_FILE
from rimedio.domain.clock import Clock
from rimedio.domain.errors import ModelUnavailable
from rimedio.learning.observations import Observation, ObservationStore
from rimedio.learning.state import LearningState

WINDOW = timedelta(days=14)
ROWS_MAX = 500
ROWS_MIN = 50
TRUTHS_MIN = 30
STREAK = 2
POINTS_KEPT = 30
LOOKED = "drift-looked"
ECE_WATCH, ECE_DRIFT = 0.10, 0.20
ECE_BINS = 5  # few rows have a truth: fifteen bins would measure their emptiness
KINDS_OF = {
    "labels": 8,
    "confidence": len(CONFIDENCE_EDGES) + 1,
    "length": 7,
    "words": 64,
    "unknown words": 2,
}


class Watched(StrEnum):
    """What is watched."""

    INPUTS = "inputs"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class DriftPoint:
    """One look: how many rows, each distance without noise, and the level that they mean by themselves."""

    at: datetime
    rows: int
    level: Level
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DriftState:
    """The status after hysteresis; `streak` windows in a row have asked for `asked`."""

    status: Level = Level.STABLE
    since: datetime | None = None
    asked: Level = Level.STABLE
    streak: int = 0
    points: tuple[DriftPoint, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DriftAlarm:
    """A status that rose to DRIFT."""

    tenant_id: str
    watched: Watched
    point: DriftPoint
    model_version: str


@dataclass(frozen=True, slots=True)
class _Looked:
    """When somebody looked last."""

    at: datetime


Announce = Callable[[DriftAlarm], None]


def moved(state: DriftState, point: DriftPoint) -> DriftState:
    """The state after one more look. WATCH never alarms and never calms: it keeps a DRIFT as it is."""
    points = (*state.points, point)[-POINTS_KEPT:]
    wanted = point.level
    if wanted is Level.WATCH and state.status is Level.DRIFT:
        wanted = Level.DRIFT
    if wanted is state.status:
        return replace(state, asked=wanted, streak=0, points=points)
    streak = state.streak + 1 if wanted is state.asked else 1
    if streak < STREAK:
        return replace(state, asked=wanted, streak=streak, points=points)
    return DriftState(wanted, point.at, wanted, 0, points)


def level_of(value: float, watch: float, drift: float) -> Level:
    """STABLE below `watch`, DRIFT above `drift`."""
    if value < watch:
        return Level.STABLE
    return Level.WATCH if value <= drift else Level.DRIFT


@dataclass(frozen=True)
class DriftMonitor:
    """Looks at the newest tickets of a tenant, and says once when something has moved."""

    models_of: Callable[[str], LiveModels]
    observations: ObservationStore
    state: LearningState
    clock: Clock
    announce: Announce

    def look_when_due(self, tenant_id: str, every: timedelta) -> int:
        """A look unless the last one is younger than `every`."""
        last = self.state.read(tenant_id, LOOKED, _Looked)
        now = self.clock.now()
        if last is not None and now - last.at < every:
            return 0
        self.state.write(tenant_id, LOOKED, _Looked(now))
        return self.look(tenant_id)

    def look(self, tenant_id: str) -> int:
        """One look at both; how many states were written. Too few tickets change nothing."""
        seen = list(self.observations.recent(tenant_id, since=self.clock.now() - WINDOW, limit=ROWS_MAX))
        found = {Watched.INPUTS: self._inputs(tenant_id, seen), Watched.CONFIDENCE: self._confidence(seen)}
        for watched, point in found.items():
            if point is not None:
                self._move(tenant_id, watched, point)
        return sum(point is not None for point in found.values())

    def read(self, tenant_id: str, watched: Watched) -> DriftState:
        """The status as of the last look."""
        return self.state.read(tenant_id, f"drift-{watched}", DriftState) or DriftState()

    def _move(self, tenant_id: str, watched: Watched, point: DriftPoint) -> None:
        before = self.read(tenant_id, watched)
        after = moved(before, point)
        self.state.write(tenant_id, f"drift-{watched}", after)
        if after.status is Level.DRIFT and before.status is not Level.DRIFT:
            version = self.models_of(tenant_id).champion().version
            self.announce(DriftAlarm(tenant_id, watched, point, version))

    def _inputs(self, tenant_id: str, seen: Sequence[Observation]) -> DriftPoint | None:
        if len(seen) < ROWS_MIN:
            return None
        models = self.models_of(tenant_id)
        try:
            champion = models.champion()
            baseline = read_baseline(models.registry.path(champion.version) / PROFILE_FILE)
        except ModelUnavailable:
            return None
        texts = [one.text for one in seen]
        report = detect_drift(baseline, texts, champion.probabilities(texts))
        words = sum(len(text.split()) for text in texts)
        values = {
            d.name: _without_noise(d.psi, KINDS_OF[d.name], words if "words" in d.name else len(texts))
            for d in report.distances
        }
        values |= {"unknown_word_share": round(report.unknown_word_share, 4)}
        worst = max(values[d.name] for d in report.distances)
        return DriftPoint(self.clock.now(), len(seen), level_of(worst, PSI_WATCH, PSI_DRIFT), values)

    def _confidence(self, seen: Sequence[Observation]) -> DriftPoint | None:
        """Calibration where the truth is known, and the newer half of confidences against the older one."""
        if len(seen) < 2 * ROWS_MIN:
            return None
        half = len(seen) // 2
        new, old = ([one.champion.confidence for one in part] for part in (seen[:half], seen[half:]))
        edges = CONFIDENCE_EDGES
        shift = psi(histogram(old, edges), histogram(new, edges))
        values = {"shift": _without_noise(shift, len(edges) + 1, half / 2)}  # both halves are samples
        level = level_of(values["shift"], PSI_WATCH, PSI_DRIFT)
        judged = [one for one in seen if one.truth is not None]
        if len(judged) >= TRUTHS_MIN:
            error = _calibration_error(judged)
            values |= {"calibration_error": round(error, 4), "judged": float(len(judged))}
            level = max(level, level_of(error, ECE_WATCH, ECE_DRIFT), key=list(Level).index)
        return DriftPoint(self.clock.now(), len(seen), level, values)


def _without_noise(value: float, kinds: int, rows: float) -> float:
    return round(max(0.0, value - (kinds - 1) / max(1.0, rows)), 4)


def _calibration_error(judged: Sequence[Observation]) -> float:
    """ECE over five bins, less what as many rows of a perfectly calibrated model show by chance."""
    confidence = np.array([one.champion.confidence for one in judged])
    right = np.array(
        [one.truth is not None and one.truth.category == one.champion.category for one in judged]
    )
    error = expected_calibration_error(confidence, right, ECE_BINS)
    rng = np.random.default_rng(0)
    chance = [
        expected_calibration_error(confidence, rng.random(len(confidence)) < confidence, ECE_BINS)
        for _ in range(50)
    ]
    return max(0.0, error - float(np.mean(chance)))
