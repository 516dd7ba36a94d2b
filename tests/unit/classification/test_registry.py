import hashlib
import json
from pathlib import Path

import pytest

from rimedio.classification.registry import ModelRegistry, ModelStatus
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Conflict, ModelUnavailable, NotFound


def model(folder: Path, content: bytes, accuracy: float = 0.9) -> Path:
    """A model folder as `train` leaves it, with stand-in weights."""
    folder.mkdir()
    (folder / "model.bin").write_bytes(content)
    card = {
        "version": "local",
        "labels": ["A", "B"],
        "temperature": 1.0,
        "model_sha256": hashlib.sha256(content).hexdigest(),
        "scores": {"accuracy": accuracy, "macro_f1": 0.8, "ece": 0.02, "rows": 100, "labels": []},
    }
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "classifiers", FakeClock())


def fill(registry: ModelRegistry, tmp_path: Path, count: int) -> None:
    for i in range(count):
        registry.register(model(tmp_path / f"trained-{i}", bytes([i])))


def statuses(registry: ModelRegistry) -> dict[str, ModelStatus]:
    return {v.version: v.status for v in registry.versions()}


def test_the_first_model_answers_at_once_and_the_next_one_challenges(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    fill(registry, tmp_path, 2)
    assert statuses(registry) == {"v0001": ModelStatus.CHAMPION, "v0002": ModelStatus.CHALLENGER}
    assert registry.classifier().version == "v0001"


def test_promotion_archives_the_old_champion_and_rollback_brings_it_back(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    fill(registry, tmp_path, 3)
    registry.promote("v0003")
    assert statuses(registry)["v0001"] is ModelStatus.ARCHIVED
    registry.promote("v0002")
    assert registry.roll_back().version == "v0003"
    assert registry.roll_back().version == "v0001"
    assert sum(s is ModelStatus.CHAMPION for s in statuses(registry).values()) == 1
    with pytest.raises(Conflict, match="no earlier champion"):
        registry.roll_back()


def test_a_version_keeps_its_metrics_and_hash(registry: ModelRegistry, tmp_path: Path) -> None:
    entry = registry.register(model(tmp_path / "m", b"weights", accuracy=0.87))
    assert entry.metrics.accuracy == 0.87
    assert entry.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert (registry.path("v0001") / "model.bin").read_bytes() == b"weights"


def test_illegal_moves_are_refused(registry: ModelRegistry, tmp_path: Path) -> None:
    fill(registry, tmp_path, 2)
    with pytest.raises(Conflict, match="already"):
        registry.promote("v0001")
    with pytest.raises(Conflict, match="cannot be archived"):
        registry.archive("v0001")
    with pytest.raises(NotFound, match="v0001, v0002"):
        registry.promote("v0009")
    assert registry.archive("v0002").status is ModelStatus.ARCHIVED


def test_changed_weights_are_not_registered(registry: ModelRegistry, tmp_path: Path) -> None:
    folder = model(tmp_path / "m", b"weights")
    (folder / "model.bin").write_bytes(b"other")
    with pytest.raises(ModelUnavailable, match="changed or damaged"):
        registry.register(folder)
    assert registry.versions() == ()


def test_what_a_crash_left_behind_does_not_hinder_the_next_registration(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    (registry.folder / ".v0001.new").mkdir(parents=True)
    (registry.folder / "v0001").mkdir()
    assert registry.register(model(tmp_path / "m", b"weights")).version == "v0001"


def test_an_empty_or_damaged_registry_says_so(registry: ModelRegistry) -> None:
    assert registry.champion() is None
    with pytest.raises(ModelUnavailable, match="No classifier is registered"):
        registry.classifier()
    registry.folder.mkdir()
    (registry.folder / "registry.json").write_text("{", "utf-8")
    with pytest.raises(ModelUnavailable, match="damaged"):
        registry.versions()
