"""Is it said when nothing answers? `python -m benchmarks.refusal [--data DIR] [--json]`

Rows of eval/*.{test,dev}.jsonl with a conversation, passages and `answerability`. The question is the last
turn, a short one with the customer's turns before it. A refusal is right on UNANSWERABLE and wrong on
everything else: on PARTIAL, where a part can be answered, and on UNDERSPECIFIED, where asking back is right.

- `SET.{f1,precision,recall}`: from the passages that the row gives. In the published data an UNANSWERABLE row
  gives none, so "no passage, no answer" does most of it; what remains is telling a question without an answer
  from one that must be asked back.
- `SET.searched.{f1,precision,recall}`: the harder question. The row's passages are hidden among those of
  its whole collection; whatever is asked, search finds something, and relevance has to see through it.
  With a test file the shipped model judges; otherwise five folds by conversation.
- `SET.ndcg5`: the order of that search, over rows that can be answered; all passages of the row are relevant.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tools.fit_relevance import Examples, examples, fit

from benchmarks._conversations import Row, Searched, read_rows, search_rows
from benchmarks._report import Options, Report, parse_args
from benchmarks._vectors import onnx_embedder
from rimedio.answering.calibration import Logistic, shipped
from rimedio.answering.relevance import measure, relevance
from rimedio.answering.vagueness import vagueness
from rimedio.domain.errors import ModelUnavailable
from rimedio.domain.knowledge import Passage, Signals
from rimedio.knowledge.embedding.port import Embedder

FOLDS = 5
REFUSE_BELOW = 0.3  # of relevance, for searched passages
GIVEN_BELOW = 0.05  # for passages that were picked by hand
DEPTH = 5
Flags = NDArray[np.bool_]


def main(argv: Sequence[str] | None = None) -> None:
    """Run and print."""
    options = parse_args("refusal", "Is it said when nothing answers?", argv)
    report = Report("refusal", options)
    sets = _sets(options.data / "eval")
    if not sets:
        report.missing("mtragun", f"no file with answerability in {options.data / 'eval'}")
    for name, path, is_test in sets:
        _score(report, options, name, read_rows(path), is_test)
    report.finish()


def _sets(folder: Path) -> list[tuple[str, Path, bool]]:
    """(set, file, whether it is a test file) of every set of conversations; a test file wins."""
    found: dict[str, tuple[str, Path, bool]] = {}
    for part in ("dev", "test"):
        for path in sorted(folder.glob(f"*.{part}.jsonl")):
            with path.open(encoding="utf-8") as lines:
                first = json.loads(next(lines, "{}"))
            if "answerability" in first:
                name = path.name.split(".")[0]
                found[name] = (name, path, part == "test")
    return list(found.values())


def _score(report: Report, options: Options, name: str, rows: Sequence[Row], is_test: bool) -> None:
    unanswerable = np.array([r.answerability == "UNANSWERABLE" for r in rows])
    try:
        embedder: Embedder | None = onnx_embedder()
    except ModelUnavailable as error:
        report.missing("cosines", f"words alone are searched: {error}")
        embedder = None
    searched = search_rows(rows, embedder)
    models = [shipped("relevance")] * len(rows) if is_test else _folds(rows, searched)
    _report(report, name, unanswerable, _refused_as_given(rows, models))
    scores = np.array(
        [
            m.probabilities(measure(r.question, s.found, "en")[None, :])[0] if s.found else 0.0
            for m, r, s in zip(models, rows, searched, strict=True)
        ]
    )
    vague = np.array([_vague(r) for r in rows])
    _report(report, f"{name}.searched", unanswerable, (scores < REFUSE_BELOW) & ~vague)
    report.note(f"  UNANSWERABLE against ANSWERABLE and PARTIAL, searched: AUC {_auc(rows, scores):.3f}")
    gains = [_ndcg(r, s) for r, s in zip(rows, searched, strict=True) if r.answerability in _ANSWERED]
    report.add(f"{name}.ndcg5", float(np.mean(gains)), len(gains))
    for label in sorted({r.answerability for r in rows}):
        mine = np.array([r.answerability == label for r in rows])
        refused = _refused_as_given(rows, models)[mine].mean()
        report.note(
            f"  {label:16s} {mine.sum():4d} rows, refused {refused:.2f}, searched {_mean(scores[mine]):.2f}"
        )


_ANSWERED = ("ANSWERABLE", "PARTIAL")


def _vague(row: Row) -> bool:
    return vagueness(row.turns[-1], "en", row.earlier).points_nowhere


def _refused_as_given(rows: Sequence[Row], models: Sequence[Logistic]) -> Flags:
    """Refused: nothing given, or nothing given that has to do with the question, and no need to ask back."""
    refused = []
    for row, model in zip(rows, models, strict=True):
        given = [Passage(c, rank, 0.0, Signals()) for rank, c in enumerate(row.given, 1)]
        probability = relevance(row.question, given, "en", model=model)
        refused.append(probability < GIVEN_BELOW and not _vague(row))
    return np.array(refused)


def _folds(rows: Sequence[Row], searched: Sequence[Searched]) -> list[Logistic]:
    """For each row, the model fitted without its conversation's fold."""
    conversations = sorted({r.conversation for r in rows})
    fold = {c: i % FOLDS for i, c in enumerate(conversations)}
    given = examples(rows, searched)
    models = []
    for i in range(FOLDS):
        kept = np.array([fold[g] != i for g in given.groups])
        groups = tuple(g for g, k in zip(given.groups, kept, strict=True) if k)
        models.append(fit(Examples(given.rows[kept], given.answered[kept], groups)))
    return [models[fold[r.conversation]] for r in rows]


def _report(report: Report, name: str, wanted: Flags, refused: Flags) -> None:
    right = float((wanted & refused).sum())
    precision, recall = right / max(1.0, refused.sum()), right / max(1.0, wanted.sum())
    report.add(f"{name}.precision", precision, len(wanted))
    report.add(f"{name}.recall", recall, len(wanted))
    report.add(f"{name}.f1", 2 * precision * recall / max(1e-9, precision + recall), len(wanted))


def _ndcg(row: Row, seen: Searched) -> float:
    own = {c.chunk_id for c in row.given}
    gain = sum(1 / math.log2(i + 2) for i, p in enumerate(seen.found[:DEPTH]) if p.chunk.chunk_id in own)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(DEPTH, len(own))))


def _auc(rows: Sequence[Row], scores: NDArray[np.float64]) -> float:
    answered = scores[[r.answerability in _ANSWERED for r in rows]]
    not_answered = scores[[r.answerability == "UNANSWERABLE" for r in rows]]
    if not len(answered) or not len(not_answered):
        return math.nan
    return float(np.mean(answered[:, None] > not_answered[None, :]))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else math.nan


if __name__ == "__main__":
    main()
