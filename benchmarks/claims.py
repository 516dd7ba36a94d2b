"""Does the quoted text support the claim? `python -m benchmarks.claims [--data DIR] [--json]`

`attributionbench.macro_f1`: claim and references, attributable or not. With a test file, the shipped weights
score it; otherwise five grouped folds, twice: rows that share a question or a reference never stand on both
sides.
`attributionbench.bytes_per_s`: claim and reference bytes judged a second, by words. What each family of
features adds is printed, not reported. `mutations.*`: sentences of real manuals, falsified in fifteen ways.
"""

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from tools.fit_support import LabelledClaim, cached_embed, fit, measure_all, read_claims

from benchmarks._mutations import mutants
from benchmarks._report import Options, Report, parse_args
from rimedio.answering.verification.agreement import Evidence, disagreements
from rimedio.answering.verification.measure import NAMES, VECTOR_NAMES, WORD_NAMES
from rimedio.answering.verification.support import select, shipped
from rimedio.answering.verification.words import sentences
from rimedio.domain.errors import ModelUnavailable

FOLDS = 5
REPEATS = 2
MANUALS = (("mcpx", "it"), ("nwp500", "en"))
SENTENCES_MAX = 600  # of one manual
Matrix = NDArray[np.float64]
Labels = NDArray[np.int_]


def main(argv: Sequence[str] | None = None) -> None:
    """Run and print."""
    options = parse_args("claims", "Does the quoted text support the claim?", argv)
    report = Report("claims", options)
    _attribution(report, options)
    _mutations(report, options)
    report.finish()


def _attribution(report: Report, options: Options) -> None:
    folder = options.data / "groundedness"
    tests = sorted(folder.glob("*.test.jsonl*"))
    paths = tests or sorted(folder.glob("*.dev.jsonl*"))
    if not paths:
        report.missing("attributionbench", f"no file in {folder}")
        return
    rows = [row for path in paths for row in read_claims(path)]
    labels = np.array([r.supported for r in rows], dtype=np.int_)
    try:
        embed = cached_embed(rows)
    except ModelUnavailable as error:
        report.missing("cosines", f"words alone are judged: {error}")
        embed = None
    measured = measure_all(rows, embed)
    names = NAMES if embed else WORD_NAMES
    if tests:
        guessed = _shipped(measured, names)
        report.add("attributionbench.macro_f1", _macro_f1(labels, guessed), len(rows))
    else:
        _cross_validate(report, rows, measured, labels, names)
    _speed(report, rows)


def _shipped(measured: Matrix, names: Sequence[str]) -> NDArray[np.bool_]:
    model = shipped().by_meaning if names is NAMES else shipped().by_words
    return np.array([model.probability(select(m.tolist(), names)) >= model.threshold for m in measured])


def _cross_validate(
    report: Report, rows: Sequence[LabelledClaim], measured: Matrix, labels: Labels, names: Sequence[str]
) -> None:
    groups = _groups(rows)
    guessed = _folds(measured, labels, groups, names)
    report.add("attributionbench.macro_f1", _repeated_f1(labels, guessed), len(rows))
    for source in sorted({r.source for r in rows}):
        mine = np.array([r.source == source for r in rows])
        part = [g[mine] for g in guessed]
        report.note(f"  {source:20s} {_repeated_f1(labels[mine], part):.3f}  ({mine.sum()} rows)")
    report.note("  what a family of features adds (macro-F1 without it):")
    for family, left_out in _FAMILIES.items():
        kept = [n for n in names if n not in left_out]
        report.note(
            f"  without {family:18s} {_repeated_f1(labels, _folds(measured, labels, groups, kept)):.3f}"
        )
    recall = _folds(measured, labels, groups, ["recall"])
    report.note(f"  word overlap alone         {_repeated_f1(labels, recall):.3f}")


_FAMILIES = {
    "vectors": VECTOR_NAMES,
    "phrases and order": ("bigrams", "trigrams", "content_bigrams", "order1", "order3"),
    "numbers and names": ("numbers_missing", "has_numbers", "names_missing", "names"),
    "disagreements": ("values_differ", "polarity_differs"),
    "evidence length": ("evidence_words",),
    "claim's manner": ("claim_words", "hedged", "negation_differs"),
}


def _folds(measured: Matrix, labels: Labels, groups: Labels, names: Sequence[str]) -> list[NDArray[np.bool_]]:
    from sklearn.model_selection import StratifiedGroupKFold

    columns = list(names)
    repeats = []
    for seed in range(REPEATS):
        guessed = np.zeros(len(labels), dtype=np.bool_)
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for train, test in folds.split(measured, labels, groups):
            trees = fit(measured[train], labels[train], columns)
            guessed[test] = [
                trees.probability(select(m.tolist(), columns)) >= trees.threshold for m in measured[test]
            ]
        repeats.append(guessed)
    return repeats


def _groups(rows: Sequence[LabelledClaim]) -> Labels:
    """Rows joined by a common question or reference carry one number."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for i, row in enumerate(rows):
        for key in (f"question {row.question}", *(f"reference {r}" for r in row.references)):
            parent[root(key)] = root(f"row {i}")
    roots = [root(f"row {i}") for i in range(len(rows))]
    return np.unique(roots, return_inverse=True)[1]


def _repeated_f1(labels: Labels, guessed: Sequence[NDArray[np.bool_]]) -> float:
    return float(np.mean([_macro_f1(labels, g) for g in guessed]))


def _macro_f1(labels: Labels, guessed: NDArray[np.bool_]) -> float:
    scores = []
    for kind in (0, 1):
        right = float(np.sum((labels == kind) & (guessed == kind)))
        scores.append(2 * right / max(1.0, float(np.sum(labels == kind) + np.sum(guessed == kind))))
    return float(np.mean(scores))


def _speed(report: Report, rows: Sequence[LabelledClaim]) -> None:
    model = shipped()
    size = sum(len(r.claim.encode()) + len(r.evidence.encode()) for r in rows)
    started = time.perf_counter()
    for row in rows:
        disagreements(row.claim, "en", Evidence(row.evidence, "", row.evidence))
        model.probability(row.claim, row.evidence, "en")
    report.add("attributionbench.bytes_per_s", size / (time.perf_counter() - started), len(rows))


def _mutations(report: Report, options: Options) -> None:
    random = Random(1)
    checked = alarms = false = found = 0
    for manual, language in MANUALS:
        lines = list(dict.fromkeys(_sentences_of(options.data / "kb" / manual)))[:SENTENCES_MAX]
        if not lines:
            report.missing(f"mutations on {manual}", f"no text in {options.data / 'kb' / manual}")
        for i, line in enumerate(lines):
            passage = "\n".join(lines[max(0, i - 2) : i + 3])
            evidence = Evidence(passage, "", passage, (), language)
            checked += 1
            alarms += _refuted(line, language, evidence)
            for _, text in mutants(line, random):
                false += 1
                found += _refuted(text, language, Evidence(line, "", passage, (), language))
    if checked:
        report.add("mutations.detected", found / max(1, false), false)
        report.add("mutations.false_alarms", alarms / checked, checked)


def _refuted(claim: str, language: str, evidence: Evidence) -> bool:
    return any(d.refutes for d in disagreements(claim, language, evidence))


def _sentences_of(folder: Path) -> Iterator[str]:
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".md", ".rst", ".txt"}):
        for sentence in sentences(path.read_text("utf-8", errors="replace")):
            if 6 <= len(sentence.split()) <= 45 and sentence[0].isalpha() and not _MARKUP.search(sentence):
                yield sentence


_MARKUP = re.compile(r"[|`<>{}\[\]]")

if __name__ == "__main__":
    main()
