"""A classifier is trained, registered, promoted; bad rows register nothing."""

from pathlib import Path

import pytest

from rimedio.classification.registry import ModelRegistry
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.tickets.train_classifier import train_classifier


def rows(path: Path) -> Path:
    lines = ["text,label"]
    for number in range(12):
        lines.append(f"the fan number {number} is too hot and loud,THERMAL")
        lines.append(f"no network on port {number} and the router is silent,NETWORK")
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "classifiers", FakeClock())


def test_the_first_answers_at_once_and_the_next_waits_for_promotion(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    file = rows(tmp_path / "rows.csv")
    first = train_classifier(file, registry)
    second = train_classifier(file, registry)
    assert (first.is_champion, second.is_champion) == (True, False)
    assert second.promoted(registry).is_champion
    champion = registry.champion()
    assert champion is not None
    assert champion.version == second.version.version
    assert {g.label for g in registry.classifier().classify("the fan is hot").top} <= {"THERMAL", "NETWORK"}


def test_rows_that_cannot_be_learnt_from_leave_nothing_behind(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\nonly one row,THERMAL\n", "utf-8")
    with pytest.raises(InvalidInput):
        train_classifier(file, registry)
    assert registry.versions() == ()
    assert list(registry.folder.glob(".new-*")) == []
