"""How well prompt injections are told from harmless prompts: `deepset.{f1,precision,recall}`, `piguard.specificity`.

With `injection/deepset.test.jsonl` the shipped weights are scored on it. Without, `deepset.train.jsonl` is
cross-validated in five stratified folds: idf and weights are fitted anew inside each fold, on its training rows and on
our own texts, and rows in another language or with words added around them stay in their fold only by chance, as
in the published splits; `deepset.grouped_f1` is the stricter figure, where rows that share a sentence share a fold.

`piguard.specificity`: the share of harmless prompts (label 0) of `piguard.{test,dev}.json` that pass the shipped
detector, which never saw these rows. `piguard.recall` is the share of its attacks found, for information.
"""

import json
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

from tools.fit_injection import fit, read_rows
from tools.injection_corpus import corpus

from benchmarks._report import Report, parse_args, split_file
from rimedio.llm.guardrails.injection import InjectionDetector

FOLDS = 5
Rows = list[tuple[str, int]]


def cross_validate(rows: Rows, folds: Sequence[int]) -> list[bool]:
    """Verdict on each row by a model fitted without its fold."""
    own = corpus()
    verdicts = [False] * len(rows)
    for fold in range(FOLDS):
        model = fit([one for one, at in zip(rows, folds, strict=True) if at != fold], own)
        detector = InjectionDetector(model)
        for number, at in enumerate(folds):
            if at == fold:
                verdicts[number] = detector.inspect(rows[number][0]).flagged
    return verdicts


def stratified(rows: Rows) -> list[int]:
    """Fold of each row, every fold with the same share of injections."""
    folds = [0] * len(rows)
    rng = random.Random(0)
    for label in (0, 1):
        numbers = [n for n, row in enumerate(rows) if row[1] == label]
        rng.shuffle(numbers)
        for position, number in enumerate(numbers):
            folds[number] = position % FOLDS
    return folds


def grouped(rows: Rows) -> list[int]:
    """Fold of each row, rows that share a sentence together (union-find over sentences)."""
    parent = list(range(len(rows)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first: dict[str, int] = {}
    for number, (text, _) in enumerate(rows):
        for sentence in re.split(r"(?<=[.!?:])\s+", text.lower()):
            key = re.sub(r"\W+", " ", sentence).strip()
            if len(key) > 12:
                parent[root(number)] = root(first.setdefault(key, number))
    sizes = [0] * FOLDS
    where: dict[int, int] = {}
    groups = sorted(
        {root(n) for n in range(len(rows))}, key=lambda g: -sum(root(n) == g for n in range(len(rows)))
    )
    for group in groups:
        where[group] = min(range(FOLDS), key=sizes.__getitem__)
        sizes[where[group]] += sum(root(n) == group for n in range(len(rows)))
    return [where[root(n)] for n in range(len(rows))]


def report_deepset(report: Report, rows: Rows, verdicts: list[bool], prefix: str = "deepset.") -> None:
    """Precision, recall and F1 of the class "injection"."""
    hits = sum(v and label == 1 for v, (_, label) in zip(verdicts, rows, strict=True))
    precision, recall = hits / max(1, sum(verdicts)), hits / max(1, sum(label for _, label in rows))
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    if prefix == "deepset.":
        report.add("deepset.precision", precision, len(rows))
        report.add("deepset.recall", recall, len(rows))
    report.add(f"{prefix}f1", f1, len(rows))


def deepset(folder: Path, report: Report) -> None:
    """Score the test rows with what ships, or cross-validate the training rows."""
    path, is_test = split_file(folder, "deepset", "jsonl")
    if path is None:
        report.missing("deepset.*", f"no {folder}/deepset.{{test,train}}.jsonl")
        return
    rows = read_rows(path)
    if is_test:
        detector = InjectionDetector()
        report_deepset(report, rows, [detector.inspect(text).flagged for text, _ in rows])
        return
    report_deepset(report, rows, cross_validate(rows, stratified(rows)))
    report_deepset(report, rows, cross_validate(rows, grouped(rows)), "deepset.grouped_")


def piguard(folder: Path, report: Report) -> None:
    """Share of harmless prompts that pass, by source."""
    path, _ = split_file(folder, "piguard", "json")
    if path is None:
        report.missing("piguard.specificity", f"no {folder}/piguard.{{test,dev}}.json")
        return
    rows = json.loads(path.read_text("utf-8"))
    detector = InjectionDetector()
    found = [detector.inspect(row["prompt"]).flagged for row in rows]
    harmless = [f for f, row in zip(found, rows, strict=True) if row.get("label", 0) == 0]
    attacks = [f for f, row in zip(found, rows, strict=True) if row.get("label", 0) == 1]
    report.add("piguard.specificity", 1 - sum(harmless) / max(1, len(harmless)), len(harmless))
    if attacks:
        report.add("piguard.recall", sum(attacks) / len(attacks), len(attacks))
    for source in sorted({row.get("source", "") for row in rows}):
        of = [f for f, row in zip(found, rows, strict=True) if row.get("source", "") == source]
        report.note(f"  {source}: {sum(of)} of {len(of)} flagged")


def speed(report: Report) -> None:
    """Milliseconds for a ticket of 5,000 characters, the best of ten runs."""
    text = ("The wallbox shows E029 and stops after five minutes; we checked the cable and the fuse. " * 60)[
        :5000
    ]
    detector = InjectionDetector()
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        detector.inspect(text)
        seconds.append(time.perf_counter() - started)
    report.add("ticket_5000.ms", min(seconds) * 1000, 10)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line."""
    options = parse_args("injection", __doc__ or "", argv)
    report = Report("injection", options)
    deepset(options.data / "injection", report)
    piguard(options.data / "injection", report)
    speed(report)
    report.finish()


if __name__ == "__main__":
    main()
