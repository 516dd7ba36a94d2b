"""Drift is told once, after two windows, and stays until things are calm again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rimedio.classification.drift import Level
from rimedio.classification.live import LiveModels
from rimedio.classification.registry import ModelRegistry
from rimedio.domain.clock import FakeClock
from rimedio.learning.monitor import DriftAlarm, DriftMonitor, DriftPoint, DriftState, Watched, moved
from rimedio.learning.observations import Guess, Observation, ObservationStore, Origin, Truth
from rimedio.learning.state import LearningState
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

START = datetime(2026, 5, 1, tzinfo=UTC)


def statuses(levels: Sequence[Level]) -> list[Level]:
    state, found = DriftState(), []
    for hour, level in enumerate(levels):
        state = moved(state, DriftPoint(START + timedelta(hours=hour), 100, level, {}))
        found.append(state.status)
    return found


def test_one_odd_window_changes_nothing() -> None:
    assert statuses([Level.DRIFT, Level.STABLE, Level.DRIFT])[-1] is Level.STABLE


def test_two_windows_in_a_row_do() -> None:
    assert statuses([Level.DRIFT, Level.DRIFT]) == [Level.STABLE, Level.DRIFT]


def test_between_the_thresholds_a_drift_stays_and_two_calm_windows_end_it() -> None:
    levels = [Level.DRIFT, Level.DRIFT, Level.WATCH, Level.WATCH, Level.STABLE, Level.WATCH, Level.STABLE]
    assert statuses(levels)[2:] == [Level.DRIFT] * 5
    assert statuses([*levels, Level.STABLE])[-1] is Level.STABLE


class Watch:
    """A monitor over a table in memory."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(START)
        table = SqliteTable(Database(None), self.clock)
        self.store = ObservationStore(table)
        self.alarms: list[DriftAlarm] = []
        self.models = LiveModels(ModelRegistry(folder, self.clock))
        self.monitor = DriftMonitor(
            lambda _: self.models, self.store, LearningState(table), self.clock, self.alarms.append
        )

    def see(self, count: int, confidence: float, *, right: bool | None = None) -> None:
        for _ in range(count):
            self.clock.advance(1)
            now = self.clock.now()
            truth = None if right is None else Truth("A" if right else "B", "anna", now, Origin.REVIEW)
            self.store.note(
                Observation(
                    "acme", f"tkt_{now.isoformat()}", "words", now, Guess("v1", "A", confidence), truth=truth
                )
            )


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_few_tickets_say_nothing(watch: Watch) -> None:
    watch.see(20, 0.9)
    assert watch.monitor.look("acme") == 0


def test_confidence_that_sinks_is_seen(watch: Watch) -> None:
    watch.see(60, 0.97)
    watch.see(60, 0.45)
    watch.monitor.look("acme")
    state = watch.monitor.read("acme", Watched.CONFIDENCE)
    assert state.points[-1].level is Level.DRIFT
    assert state.status is Level.STABLE  # one look is not enough


def test_confidence_that_is_not_earned_is_seen(watch: Watch) -> None:
    watch.see(120, 0.92, right=False)
    watch.monitor.look("acme")
    point = watch.monitor.read("acme", Watched.CONFIDENCE).points[-1]
    assert point.level is Level.DRIFT
    assert point.values["calibration_error"] > 0.8


def test_confidence_that_is_earned_is_calm(watch: Watch) -> None:
    for number in range(120):
        watch.see(1, 0.9, right=number % 10 != 0)
    watch.monitor.look("acme")
    assert watch.monitor.read("acme", Watched.CONFIDENCE).points[-1].level is Level.STABLE


def test_a_look_is_due_once_an_hour(watch: Watch) -> None:
    watch.see(120, 0.9)
    assert watch.monitor.look_when_due("acme", timedelta(hours=1)) == 1
    assert watch.monitor.look_when_due("acme", timedelta(hours=1)) == 0
    watch.clock.advance(3601)
    assert watch.monitor.look_when_due("acme", timedelta(hours=1)) == 1
