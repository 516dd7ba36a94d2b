"""Train a classifier from labelled rows and put it into the registry, with the rows it was trained on."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from rimedio.classification.dataset import read_dataset, write_rows
from rimedio.classification.predict import ROWS_FILE
from rimedio.classification.registry import ModelRegistry, ModelStatus, ModelVersion
from rimedio.classification.train import TrainingReport, train


@dataclass(frozen=True, slots=True)
class TrainedClassifier:
    """A registered version and how its training went."""

    version: ModelVersion
    report: TrainingReport

    @property
    def is_champion(self) -> bool:
        """Whether it answers already."""
        return self.version.status is ModelStatus.CHAMPION

    def promoted(self, registry: ModelRegistry) -> "TrainedClassifier":
        """The same after it was made champion."""
        return TrainedClassifier(registry.promote(self.version.version), self.report)


def train_classifier(file: Path, registry: ModelRegistry) -> TrainedClassifier:
    """Read, train, register. Raises InvalidInput for rows that cannot be learnt from."""
    dataset = read_dataset(file)
    registry.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=registry.folder, prefix=".new-") as scratch:
        folder = Path(scratch) / "model"
        report = train(dataset, folder)
        write_rows(folder / ROWS_FILE, dataset.rows)  # what corrections are added to, and measured on
        return TrainedClassifier(registry.register(folder), report)
