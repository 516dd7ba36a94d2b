"""Fits the relevance model: `python -m tools.fit_relevance [--data DIR]` writes answering/relevance.json.

Rows: questions of eval/*.train|dev.jsonl that say whether their passages answer them, each searched in its
collection as Rimedio searches. A question whose passages were found is answerable; the same question with
those passages taken away is not, nor is one marked UNANSWERABLE. Questions marked UNDERSPECIFIED are left
out: whether to ask back is another decision. Test rows are never read. Deterministic.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks._conversations import Row, Searched, read_rows, search_rows
from benchmarks._vectors import onnx_embedder
from numpy.typing import NDArray

from rimedio.answering.calibration import Logistic, LogisticFile, fit_logistic
from rimedio.answering.relevance import NAMES, measure, without_vectors

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src" / "rimedio" / "answering" / "relevance.json"
DATA = ROOT.parent / "shared" / "data"
PENALTY = 10.0


@dataclass(frozen=True)
class Examples:
    """Features [n, NAMES], whether the passages answer, and the conversation that each row is of."""

    rows: NDArray[np.float64]
    answered: NDArray[np.bool_]
    groups: tuple[str, ...]


def examples(rows: Sequence[Row], searched: Sequence[Searched]) -> Examples:
    """Labelled features of every question, with and without its own passages, with and without vectors."""
    found: list[tuple[NDArray[np.float64], bool, str]] = []
    for row, seen in zip(rows, searched, strict=True):
        if row.answerability == "UNDERSPECIFIED":
            continue
        own = {c.chunk_id for c in row.given}
        hit = any(p.chunk.chunk_id in own for p in seen.found)
        for passages, answered in ((seen.found, hit), (seen.without, False)):
            if passages and (answered or passages is seen.without or not own):
                measured = measure(row.question, passages, "en")
                found += [(m, answered, row.conversation) for m in (measured, without_vectors(measured))]
    return Examples(
        np.array([f for f, _, _ in found]),
        np.array([a for _, a, _ in found]),
        tuple(g for _, _, g in found),
    )


def fit(given: Examples) -> Logistic:
    """The model; answered and unanswered questions weigh the same together."""
    share = np.where(given.answered, 0.5 / given.answered.mean(), 0.5 / (1 - given.answered.mean()))
    return fit_logistic(NAMES, given.rows, given.answered, penalty=PENALTY, weights=share)


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    folder = parser.parse_args(argv).data / "eval"
    paths = sorted(p for part in ("train", "dev") for p in folder.glob(f"mtragun.{part}.jsonl"))
    rows = [row for path in paths for row in read_rows(path)]
    given = examples(rows, search_rows(rows, onnx_embedder()))
    model = fit(given)
    provenance: dict[str, str | int | float] = {
        "made_by": "python -m tools.fit_relevance",
        "fitted_on": ", ".join(p.name for p in paths),
        "rows": len(given.rows),
        "answered": int(given.answered.sum()),
        "penalty": PENALTY,
    }
    TARGET.write_text(LogisticFile.of(model, provenance).model_dump_json(indent=1) + "\n", "utf-8")
    for name, weight in zip(NAMES, model.weights, strict=True):
        print(f"{name:20s} {weight:+.3f}")


if __name__ == "__main__":
    main()
