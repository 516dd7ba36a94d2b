"""How well tickets are classified: `python -m benchmarks.classification [--data DIR] [--json]`.

Everything goes through the entry points that ship: `read_dataset`, `train`, `FastTextClassifier`.
`it_tickets.fasttext.*` is the part that BlazingText itself can serve; `it_tickets.*` adds its linear partner.
"""

import csv
import gzip
import io
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks._report import Report, parse_args
from rimedio.classification.dataset import CELL_CHARS_MAX, Dataset, LabelledText, folds, read_dataset
from rimedio.classification.metrics import Scores, label_scores, score
from rimedio.classification.predict import FastTextClassifier
from rimedio.classification.train import TrainingOptions, train

SEED = 7
HELD_OUT_FOLDS = 5  # one of five: the 80/20 split
SPEED_ROWS = 2_000


def fitted(rows: Sequence[LabelledText], options: TrainingOptions, folder: Path) -> FastTextClassifier:
    """A classifier trained on `rows` alone."""
    train(Dataset(tuple(rows)), folder, options)
    return FastTextClassifier(folder)


def scored(classifier: FastTextClassifier, rows: Sequence[LabelledText]) -> Scores:
    """Scores of `classifier` on `rows`."""
    probabilities = classifier.probabilities([row.text for row in rows])
    return score(classifier.labels, probabilities, [row.label for row in rows])


def train_and_test_rows(data: Path) -> tuple[Sequence[LabelledText], Sequence[LabelledText]] | None:
    """All of `.train` and all of `.test`; without a `.test`, four fifths and one fifth of `.train`."""
    training = data / "tickets" / "it-tickets.train.csv.gz"
    test = data / "tickets" / "it-tickets.test.csv.gz"
    if not training.exists():
        return None
    rows = read_dataset(training).rows
    if test.exists():
        return rows, read_dataset(test).rows
    held = set(folds(rows, HELD_OUT_FOLDS, SEED)[0])
    return [r for i, r in enumerate(rows) if i not in held], [r for i, r in enumerate(rows) if i in held]


def it_tickets(report: Report, data: Path, scratch: Path) -> None:
    """Accuracy, macro-F1 and calibration on real IT tickets, and texts classified a second."""
    parts = train_and_test_rows(data)
    if parts is None:
        report.missing("it_tickets", "tickets/it-tickets.train.csv.gz is not there")
        return
    rows, test = parts
    for name, options in (
        ("it_tickets.fasttext", TrainingOptions(linear=False)),
        ("it_tickets", TrainingOptions()),
    ):
        started = time.monotonic()
        classifier = fitted(rows, options, scratch / name)
        found = scored(classifier, test)
        report.add(f"{name}.accuracy", found.accuracy, found.rows)
        report.add(f"{name}.macro_f1", found.macro_f1, found.rows)
        report.add(f"{name}.ece", found.ece, found.rows)
        report.note(f"{name}: accuracy {found.accuracy:.4f}, {time.monotonic() - started:.0f} s")
    started = time.monotonic()
    for row in test[:SPEED_ROWS]:
        classifier.classify(row.text)
    report.add("it_tickets.per_s", len(test[:SPEED_ROWS]) / (time.monotonic() - started))


def read_issues(path: Path) -> dict[str, list[LabelledText]]:
    """GitHub issues by project; the text is title and body."""
    csv.field_size_limit(CELL_CHARS_MAX)
    content = io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8"), newline="")
    by_project: dict[str, list[LabelledText]] = {}
    for number, row in enumerate(csv.DictReader(content)):
        text = f"{row['title']}\n{row['body']}"
        by_project.setdefault(row["repo"], []).append(LabelledText(text, row["label"], str(number)))
    return by_project


def macro_f1(truth: Sequence[str], guesses: Sequence[str]) -> float:
    """Mean F1 of the labels."""
    scores = label_scores(list(truth), list(guesses))
    return sum(s.f1 for s in scores) / len(scores)


def guessed(rows: Sequence[LabelledText], test: Sequence[LabelledText], folder: Path) -> list[str]:
    """Labels for `test` by a classifier trained on `rows`."""
    classifier = fitted(rows, TrainingOptions(), folder)
    best = classifier.probabilities([row.text for row in test]).argmax(axis=1)
    return [classifier.labels[int(i)] for i in best]


def nlbse(report: Report, data: Path, scratch: Path) -> None:
    """Mean over projects of macro-F1: trained on a project's issues, tested on others of it."""
    training = data / "tickets" / "nlbse.train.csv.gz"
    test = data / "tickets" / "nlbse.test.csv.gz"
    if not training.exists():
        report.missing("nlbse", "tickets/nlbse.train.csv.gz is not there")
        return
    held_out = read_issues(test) if test.exists() else None
    found = []
    total = 0
    for project, rows in sorted(read_issues(training).items()):
        if held_out is not None:
            asked: Sequence[LabelledText] = held_out.get(project, [])
            said = guessed(rows, asked, scratch / "nlbse") if asked else []
        else:
            asked, said = [], []
            for part in folds(rows, HELD_OUT_FOLDS, SEED):
                inside = set(part)
                asked = [*asked, *(rows[i] for i in part)]
                rest = [row for i, row in enumerate(rows) if i not in inside]
                said += guessed(rest, [rows[i] for i in part], scratch / "nlbse")
        if not asked:
            continue
        found.append(macro_f1([row.label for row in asked], said))
        total += len(asked)
        report.note(f"nlbse {project}: macro-F1 {found[-1]:.4f}")
    if found:
        report.add("nlbse.macro_f1", float(np.mean(found)), total)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the data folder allows."""
    options = parse_args("classification", "Ticket classification on public data.", argv)
    report = Report("classification", options)
    with tempfile.TemporaryDirectory(prefix="rimedio-bench-") as scratch:
        it_tickets(report, options.data, Path(scratch))
        nlbse(report, options.data, Path(scratch))
    report.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
