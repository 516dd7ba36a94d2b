"""Fits the injection model that ships: deepset's training rows and our own texts, logistic regression.

    python -m tools.fit_injection [--data DIR]

Needs the `bench` dependencies (scikit-learn). Rows of third parties only move weights; none is stored. The rows of
piguard are never used here: they measure.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rimedio.llm.guardrails.injection.features import BUCKETS, Floats, Grams
from rimedio.llm.guardrails.injection.model import SIGN_SCALE, WEIGHTS_FILE, LinearModel, features, scaled
from tools.injection_corpus import corpus

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATA = ROOT.parent / "shared" / "data"
TARGET = ROOT / "src" / "rimedio" / "llm" / "guardrails" / "injection" / WEIGHTS_FILE

REGULARIZATION = 30.0  # C of scikit-learn; 10 and 100 score the same within a standard error
OWN_WEIGHT = 0.3  # of one own text against one real row: templates repeat themselves
DOCUMENT_FREQUENCY_MIN = 2


def read_rows(path: Path) -> list[tuple[str, int]]:
    """Texts and labels of a JSON Lines file with `text` and `label`."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [(row["text"], int(row["label"])) for row in rows]


def fit(rows: Sequence[tuple[str, int]], own: Sequence[tuple[str, int]]) -> LinearModel:
    """Fit on real rows and own texts."""
    from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression

    both = [*rows, *own]
    given = features([text for text, _ in both])
    idf = _inverse_document_frequency(given.grams)
    cells = (scaled(given.grams, idf), (given.grams.rows, given.grams.buckets))
    matrix = hstack([csr_matrix(cells, shape=(len(both), BUCKETS)), csr_matrix(given.signs * SIGN_SCALE)])
    regression = LogisticRegression(C=REGULARIZATION, solver="liblinear", random_state=0)
    weights = [1.0] * len(rows) + [OWN_WEIGHT] * len(own)
    regression.fit(matrix.tocsr(), [label for _, label in both], sample_weight=weights)
    learnt = regression.coef_[0].astype(np.float32)
    return LinearModel(idf, learnt[:BUCKETS], learnt[BUCKETS:], float(regression.intercept_[0]))


def _inverse_document_frequency(grams: Grams) -> Floats:
    """Smoothed idf; zero for buckets that too few texts fall into, which also keeps the file small."""
    present = np.unique(grams.rows * BUCKETS + grams.buckets) % BUCKETS
    frequency = np.bincount(present, minlength=BUCKETS)
    idf = np.log((1 + grams.texts) / (1 + frequency)) + 1
    idf[frequency < DOCUMENT_FREQUENCY_MIN] = 0
    # Rounded as it is stored, so that the model in memory is the model in the file.
    return idf.astype(np.float16).astype(np.float32)


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m tools.fit_injection", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="folder with injection/deepset.train.jsonl"
    )
    given = parser.parse_args(argv)
    rows = read_rows(given.data / "injection" / "deepset.train.jsonl")
    own = corpus()
    model = fit(rows, own)
    raw = model.to_bytes()
    TARGET.write_bytes(raw)
    print(f"{len(rows)} rows, {len(own)} own texts -> {TARGET.relative_to(ROOT)}, {len(raw) // 1024} kB")


if __name__ == "__main__":
    main()
