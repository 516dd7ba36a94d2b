"""Every shelf of the registry: champion, challenger, promotion and way back, in a folder and in a bucket."""

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rimedio.classification.registry import ModelRegistry, ModelStatus
from rimedio.classification.s3_shelf import S3Shelf
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


Again = Callable[[], ModelRegistry]


@pytest.fixture(params=["folder", "s3"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Again:
    """The same registry as another process opens it; in a bucket, each with a scratch folder of its own."""
    clock = FakeClock()
    if request.param == "folder":
        return lambda: ModelRegistry(tmp_path / "classifiers", clock)
    client = request.getfixturevalue("connections").client("s3")
    bucket = request.getfixturevalue("unique_name")("classifiers")
    client.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": client.meta.region_name}
    )
    count = iter(range(100))

    def made() -> ModelRegistry:
        folder = tmp_path / f"scratch-{next(count)}"
        return ModelRegistry(S3Shelf(client, bucket, folder, clock, fresh_seconds=0), clock)

    return made


@pytest.fixture
def registry(again: Again) -> ModelRegistry:
    return again()


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
    number = registry.shelf.claim(1)
    staged = model(tmp_path / "half", b"half of it")
    if registry.shelf.name.startswith("s3:"):
        registry.shelf.keep(staged, f"v{number:04d}")  # the files are there, the registry does not name them
    else:
        (registry.folder / ".staged-x").mkdir(parents=True)
        (registry.folder / "v0001").mkdir()
    entry = registry.register(model(tmp_path / "m", b"weights"))
    assert registry.champion() == entry
    assert (registry.path(entry.version) / "model.bin").read_bytes() == b"weights"


def test_an_empty_or_damaged_registry_says_so(registry: ModelRegistry) -> None:
    assert registry.champion() is None
    with pytest.raises(ModelUnavailable, match="No classifier is registered"):
        registry.classifier()
    registry.shelf.change(lambda _: b"{")
    with pytest.raises(ModelUnavailable, match="damaged"):
        registry.versions()


def test_another_process_sees_what_this_one_did_and_reads_the_same_files(
    again: Again, tmp_path: Path
) -> None:
    one, other = again(), again()
    fill(one, tmp_path, 2)
    stamp = other.stamp()
    one.promote("v0002")
    assert other.stamp() != stamp
    assert other.champion() == one.champion()
    assert (other.path("v0002") / "model.bin").read_bytes() == bytes([1])
    assert other.classifier().version == "v0002"
    assert other.roll_back().version == "v0001"
    assert one.champion() == other.champion()


def test_a_shelf_inside_a_shelf_has_versions_of_its_own(registry: ModelRegistry, tmp_path: Path) -> None:
    fill(registry, tmp_path, 1)
    own = registry.inner("tenants/0f")
    assert own.champion() is None
    own.register(registry.path("v0001"))
    registry.register(model(tmp_path / "m", b"more"))
    assert (len(own.versions()), len(registry.versions())) == (1, 2)
    assert own.folder != registry.folder


def test_many_register_at_once_and_each_keeps_its_own_files(again: Again, tmp_path: Path) -> None:
    count = 6
    folders = [model(tmp_path / f"m{n}", bytes([n])) for n in range(count)]
    shared = again()
    threads = [threading.Thread(target=shared.register, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    versions = again().versions()
    kept = {(shared.path(v.version) / "model.bin").read_bytes() for v in versions}
    assert (len(versions), kept) == (count, {bytes([n]) for n in range(count)})
    assert sum(v.status is ModelStatus.CHAMPION for v in versions) == 1
