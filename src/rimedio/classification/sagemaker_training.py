"""The training script of a SageMaker container: channels in, a model folder out, metrics on standard output.

Source: "How Amazon SageMaker runs your training image": hyper-parameters are strings in a JSON file, channels
folders of files, the model is what stands in `model`, and a failed job leaves its reason in `output/failure`
(its first 1,024 characters are shown) and ends with a code other than 0.

    python -m rimedio.classification.sagemaker_training         # what the image starts with `train`
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.classification.dataset import Dataset, read_dataset, write_rows
from rimedio.classification.predict import ROWS_FILE
from rimedio.classification.train import TrainingOptions, TrainingReport, train
from rimedio.domain.errors import InvalidInput, RimedioError

ROOT = "/opt/ml"
TRAIN_CHANNEL = "train"
FAILURE_CHARS_MAX = 1024
READABLE = (".csv", ".jsonl", ".txt", ".gz")
_USUAL = TrainingOptions()
# What SageMaker looks for in the log: a metric a line. The pipeline's MetricDefinitions are made of it.
METRICS = ("accuracy", "macro_f1", "ece", "rows")


class _HyperParameters(BaseModel):
    """In BlazingText's words; all values come as strings. What SageMaker's own toolkits add is left alone."""

    model_config = ConfigDict(extra="ignore")

    vector_dim: int = _USUAL.vector_dim
    buckets: int = _USUAL.buckets
    word_ngrams: int = _USUAL.word_ngrams
    learning_rate: float = _USUAL.learning_rate
    epochs: int | None = None
    linear: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One training job's folders."""

    root: Path

    @property
    def model(self) -> Path:
        """What becomes model.tar.gz."""
        return self.root / "model"

    @property
    def failure(self) -> Path:
        """Where the reason of a failure goes."""
        return self.root / "output" / "failure"

    def channel(self, name: str) -> Path:
        """Files of an input channel."""
        return self.root / "input" / "data" / name

    def options(self) -> TrainingOptions:
        """The job's hyper-parameters. Raises InvalidInput."""
        path = self.root / "input" / "config" / "hyperparameters.json"
        try:
            raw: Any = json.loads(path.read_text("utf-8")) if path.exists() else {}
            read = _HyperParameters.model_validate({k: _plain(v) for k, v in raw.items()})
        except (ValueError, AttributeError, ValidationError) as error:
            raise InvalidInput(f"The hyper-parameters cannot be used: {error}") from error
        return TrainingOptions(**read.model_dump())


def _plain(value: object) -> object:
    """Hyper-parameters come as strings, those of some toolkits as JSON in strings."""
    return value.strip('"') if isinstance(value, str) else value


def read_channel(folder: Path) -> Dataset:
    """All rows of a channel's files. Raises InvalidInput when there are none."""
    files = (
        sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in READABLE)
        if folder.is_dir()
        else []
    )
    if not files:
        raise InvalidInput(
            f"The channel {folder.name!r} has no file of rows ({', '.join(READABLE)}) in {folder}."
        )
    read = [read_dataset(path) for path in files]
    rows = tuple(row for one in read for row in one.rows)
    return Dataset(rows, tuple(bad for one in read for bad in one.bad_rows))


def run_training(job: Job) -> TrainingReport:
    """Train on the channel `train` and leave the model where SageMaker collects it. Raises InvalidInput."""
    dataset = read_channel(job.channel(TRAIN_CHANNEL))
    scratch = job.root / "tmp-model"
    report = train(dataset, scratch, job.options(), version=os.environ.get("TRAINING_JOB_NAME", "sagemaker"))
    write_rows(scratch / ROWS_FILE, dataset.rows)  # corrections are added to them later
    job.model.mkdir(parents=True, exist_ok=True)
    for path in scratch.iterdir():  # the folder itself is a mount and stays
        path.replace(job.model / path.name)
    scratch.rmdir()
    return report


def metric_lines(report: TrainingReport) -> list[str]:
    """One `name=value;` a metric: what MetricDefinitions' patterns find."""
    values: Mapping[str, float] = {name: getattr(report.scores, name) for name in METRICS}
    return [f"{name}={value:.6g};" for name, value in values.items()]


def main(root: str = ROOT) -> int:
    """Run the job; its exit code."""
    job = Job(Path(root))
    try:
        report = run_training(job)
    except RimedioError as error:
        return _failed(job, str(error))
    except Exception as error:  # SageMaker shows nothing but this file
        return _failed(job, f"{type(error).__name__}: {error}")
    sys.stdout.write("\n".join(metric_lines(report)) + "\n")
    return 0


def _failed(job: Job, reason: str) -> int:
    job.failure.parent.mkdir(parents=True, exist_ok=True)
    job.failure.write_text(reason[:FAILURE_CHARS_MAX], "utf-8")
    sys.stderr.write(reason + "\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
