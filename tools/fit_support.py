"""Fits the support score: `python -m tools.fit_support [--data DIR]` writes the two JSON files it ships with.

Rows: labelled claims with their references (groundedness/*.train|dev), and, made from the same references,
claims that are a sentence of their reference (supported) and sentences of another row's reference (not), so
that the score knows both ends. Test rows are never read. Deterministic: rerunning writes the same files.
"""

import argparse
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from rimedio.answering.verification.measure import NAMES, SENTENCE_CHARACTERS, WORD_NAMES, Embed, features
from rimedio.answering.verification.trees import Trees
from rimedio.answering.verification.words import sentences
from tools.grow_trees import SEED, Growth, grow, to_json

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "src" / "rimedio" / "answering" / "verification"
DATA = ROOT.parent / "shared" / "data"
MADE_WEIGHT = 0.25  # of a made row, so that the labelled ones decide between the ends

_RISES, _FALLS, _FREE = 1, -1, 0
MONOTONE = {
    "recall": _RISES,
    "missing": _FALLS,
    "bigrams": _RISES,
    "trigrams": _RISES,
    "content_bigrams": _RISES,
    "order1": _RISES,
    "order3": _RISES,
    "numbers_missing": _FALLS,
    "names_missing": _FALLS,
    "values_differ": _FALLS,
    "polarity_differs": _FALLS,
    "negation_differs": _FALLS,
    "cosine": _RISES,
    "cosine_top3": _RISES,
    "cosine_pair": _RISES,
    "projection": _RISES,
}


@dataclass(frozen=True)
class LabelledClaim:
    """A claim, the text it cites, whether that supports it, and what it must not be separated from."""

    claim: str
    evidence: str
    supported: bool
    question: str
    references: tuple[str, ...]
    source: str


def read_claims(path: Path) -> list[LabelledClaim]:
    """Rows of one AttributionBench file (JSON lines, gzipped or not)."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return [_row(json.loads(line)) for line in text.splitlines() if line.strip()]


def _row(raw: dict[str, object]) -> LabelledClaim:
    references = raw["references"]
    assert isinstance(references, list)
    texts = tuple(str(r) for r in references)
    return LabelledClaim(
        str(raw["claim"]),
        "\n".join(texts),
        raw["attribution_label"] == "attributable",
        str(raw.get("question", "")),
        texts,
        str(raw.get("src_dataset", "")),
    )


def measure_all(rows: Sequence[LabelledClaim], embed: Embed | None) -> NDArray[np.float64]:
    """Features [rows, names]."""
    return np.array([features(r.claim, r.evidence, "en", embed) for r in rows])


def cached_embed(rows: Sequence[LabelledClaim]) -> Embed:
    """The packaged embedder behind the benchmarks' cache; texts of like length go together."""
    from benchmarks._vectors import onnx_embedder

    embedder = onnx_embedder()
    texts = {r.claim for r in rows} | {s[:SENTENCE_CHARACTERS] for r in rows for s in sentences(r.evidence)}
    ordered = sorted(texts, key=lambda t: (len(t), t))
    known = dict(zip(ordered, embedder.embed_passages(ordered), strict=True))
    return lambda wanted: np.stack([known[t] for t in wanted])


def made_rows(rows: Sequence[LabelledClaim]) -> list[LabelledClaim]:
    """Sentences of the references themselves: with their own reference, and with somebody else's."""
    random = Random(SEED)
    made = []
    for row in rows:
        long = [s for s in sentences(row.evidence) if 6 <= len(s.split()) <= 40]
        if not long:
            continue
        sentence = random.choice(long)
        other = random.choice(rows)
        made.append(LabelledClaim(sentence, row.evidence, True, row.question, row.references, "made"))
        if other.question != row.question and not set(other.references) & set(row.references):
            made.append(LabelledClaim(sentence, other.evidence, False, row.question, row.references, "made"))
    return made


def fit(
    rows: NDArray[np.float64],
    labels: NDArray[np.int_],
    names: Sequence[str],
    weights: NDArray[np.float64] | None = None,
) -> Trees:
    """Monotone trees over the named features of `rows` [n, NAMES]."""
    columns = [NAMES.index(n) for n in names]
    growth = Growth(rounds=200, rate=0.04, leaves=6, leaf_rows=15, share=0.4)
    return grow(
        rows[:, columns],
        labels,
        names,
        [MONOTONE.get(n, _FREE) for n in names],
        growth=growth,
        weights=weights,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args(argv)
    folder = options.data / "groundedness"
    paths = sorted(p for part in ("train", "dev") for p in folder.glob(f"*.{part}.jsonl*"))
    rows = [row for path in paths for row in read_claims(path)]
    made = made_rows(rows)
    measured = measure_all([*rows, *made], cached_embed([*rows, *made]))
    labels = np.array([r.supported for r in [*rows, *made]], dtype=np.int_)
    weights = np.array([1.0] * len(rows) + [MADE_WEIGHT] * len(made))
    provenance: dict[str, str | int | float] = {
        "made_by": "python -m tools.fit_support",
        "fitted_on": ", ".join(p.name for p in paths),
        "rows": len(rows),
        "made_rows": len(made),
        "seed": SEED,
    }
    for name, names in (("support_words.json", WORD_NAMES), ("support.json", NAMES)):
        trees = fit(measured, labels, names, weights)
        embedder = {} if names is WORD_NAMES else {"embedder": "e5-small-latin"}
        (FOLDER / name).write_text(to_json(trees, {**provenance, **embedder}), "utf-8")
        print(f"{name}: {len(trees.nodes)} trees")


if __name__ == "__main__":
    main()
