"""Tickets of another kind than the classifier learnt: the hourly look tells it once, as an event."""

from pathlib import Path

import pytest
from tests.integration.learning.conftest import Shop

from rimedio.classification.dataset import Dataset, LabelledText
from rimedio.classification.drift import Level
from rimedio.classification.train import TrainingOptions, train
from rimedio.domain.clock import FakeClock
from rimedio.learning.monitor import Watched
from rimedio.tickets.parts import Classified

SAYINGS = (
    "the heat sink {} is far too hot",
    "the router {} is silent and offline",
    "probe {} reads minus forty",
)


@pytest.fixture
def watched(shop: Shop, tmp_path: Path) -> Shop:
    rows = tuple(
        LabelledText(text.format(f"{n % 5}"), f"L{kind}", f"{kind} {n}")
        for kind, text in enumerate(SAYINGS)
        for n in range(40)
    )
    train(Dataset(rows), tmp_path / "model", TrainingOptions(vector_dim=8, buckets=500, epochs=10))
    shop.system.registry.register(tmp_path / "model")
    shop.clock = FakeClock(shop.system.clock.now())
    shop.system.clock = shop.clock
    return shop


def see(shop: Shop, text: str, count: int) -> None:
    for number in range(count):
        shop.clock.advance(1)
        found = Classified("L0", 0.9)
        shop.system.learning.shadow.observe(
            shop.tenant, f"tkt_{shop.clock.now()}", text.format(number % 5), found
        )


def drift_events(shop: Shop) -> list[str]:
    """What the bus has taken of drift."""
    rows = shop.system.database.rows("SELECT * FROM event_log")
    return [str(tuple(row)) for row in rows if "DriftDetected" in str(tuple(row))]


def test_drift_is_told_once_after_two_looks_and_stays_until_it_is_over(watched: Shop) -> None:
    learning, hour = watched.system.learning, 3601
    for saying in SAYINGS:
        see(watched, saying, 40)
    learning.watch_drift()
    assert learning.monitor.read(watched.tenant, Watched.INPUTS).points[-1].level is Level.STABLE

    see(watched, "fattura numero {} sbagliata, chiedo un rimborso immediato", 500)
    for _ in range(3):
        watched.clock.advance(hour)
        learning.watch_drift()
    state = learning.monitor.read(watched.tenant, Watched.INPUTS)
    assert state.status is Level.DRIFT
    assert learning.overview(watched.tenant).drift["inputs"].status is Level.DRIFT
    assert len(drift_events(watched)) == 1
