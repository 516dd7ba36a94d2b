"""The processing scripts around training: rows into train and test, and a trained model into a verdict.

Source: "Build your own processing container": inputs are folders under /opt/ml/processing/input, outputs under
/opt/ml/processing/output; the pipeline reads the verdict as a property file.

    python -m rimedio.classification.sagemaker_processing split
    python -m rimedio.classification.sagemaker_processing evaluate
"""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rimedio.classification.comparison import Comparison, compare, paired
from rimedio.classification.dataset import LabelledText, is_held_out, write_rows
from rimedio.classification.metrics import Scores, score
from rimedio.classification.model_archive import unpacked
from rimedio.classification.predict import FastTextClassifier
from rimedio.classification.sagemaker_training import read_channel
from rimedio.domain.errors import InvalidInput, RimedioError

ROOT = "/opt/ml/processing"
TEST_SHARE = 0.2
EVALUATION_FILE = "evaluation.json"
MODEL_ARCHIVE = "model.tar.gz"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a trained model did on rows that it never saw, and beside the champion where there is one."""

    scores: Scores
    champion: Comparison | None = None

    @property
    def report(self) -> dict[str, object]:
        """The property file; the pipeline's condition reads `metrics.accuracy` and `against_champion.worse`."""
        metrics = {k: v for k, v in asdict(self.scores).items() if k != "labels"}
        worse = 0.0 if self.champion is None else max(0.0, -self.champion.difference_low)
        told: dict[str, object] = {"metrics": metrics, "against_champion": {"worse": round(worse, 6)}}
        if self.champion is not None:
            told["comparison"] = asdict(self.champion) | {"difference": self.champion.difference}
        return told


def split_rows(root: Path, share: float = TEST_SHARE) -> tuple[int, int]:
    """Sort the rows of `input/rows` into `output/train` and `output/test`; how many went where.

    The hash of a row's group decides, so siblings stay together and the test rows are the same in every run.
    """
    rows = read_channel(root / "input" / "rows").rows
    parts: dict[str, list[LabelledText]] = {"train": [], "test": []}
    for row in rows:
        parts["test" if is_held_out(row, share) else "train"].append(row)
    if not all(parts.values()):
        raise InvalidInput(f"{len(rows)} rows are too few to be split into train and test.")
    for name, chosen in parts.items():
        folder = root / "output" / name
        folder.mkdir(parents=True, exist_ok=True)
        write_rows(folder / "rows.jsonl.gz", chosen)
    return len(parts["train"]), len(parts["test"])


def evaluate(root: Path) -> Verdict:
    """Judge `input/model` on `input/test`, beside `input/champion` where there is one. Raises InvalidInput."""
    rows = read_channel(root / "input" / "test").rows
    with tempfile.TemporaryDirectory() as scratch:
        model = _opened(root / "input" / "model", Path(scratch) / "model")
        if model is None:
            raise InvalidInput(f"There is no model in {root / 'input' / 'model'}.")
        known = set(model.labels)
        rows = tuple(row for row in rows if row.label in known)
        if not rows:
            raise InvalidInput("None of the test rows has a label that the model knows.")
        truth = [row.label for row in rows]
        scores = score(model.labels, model.probabilities([row.text for row in rows]), truth)
        champion = _opened(root / "input" / "champion", Path(scratch) / "champion")
        against = (
            None if champion is None else compare(paired(truth, _said(champion, rows), _said(model, rows)))
        )
    verdict = Verdict(scores, against)
    folder = root / "output" / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / EVALUATION_FILE).write_text(json.dumps(verdict.report, indent=1), "utf-8")
    return verdict


def _said(model: FastTextClassifier, rows: Sequence[LabelledText]) -> list[str]:
    chances = model.probabilities([row.text for row in rows])
    return [model.labels[i] for i in chances.argmax(axis=1)]


def _opened(folder: Path, scratch: Path) -> FastTextClassifier | None:
    """The model of a folder that holds its files or SageMaker's archive of them."""
    archive = folder / MODEL_ARCHIVE
    if not archive.exists():
        return FastTextClassifier(folder) if (folder / "model.json").exists() else None
    return FastTextClassifier(unpacked(archive, scratch))


def main(arguments: Sequence[str], root: str = ROOT) -> int:
    """Run one of the two jobs; its exit code."""
    jobs: dict[str, Callable[[], object]] = {
        "split": lambda: split_rows(Path(root)),
        "evaluate": lambda: evaluate(Path(root)).report,
    }
    if len(arguments) != 1 or arguments[0] not in jobs:
        sys.stderr.write(f"Say one of: {', '.join(jobs)}.\n")
        return 2
    try:
        told = jobs[arguments[0]]()
    except RimedioError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
