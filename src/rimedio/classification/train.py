"""Train a classifier from labelled texts, and say honestly how good it is on texts it has not seen.

The rows are cut into folds; each fold is predicted by a model that never saw it. These predictions fit the
calibration and give the metrics (each fold scored with a temperature fitted on the others). What ships is
then trained on all rows.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rimedio.classification.calibration import Probabilities, fit_temperature, log_loss, with_temperature
from rimedio.classification.dataset import Dataset, LabelledText, folds
from rimedio.classification.drift import profile
from rimedio.classification.features import training_line, words
from rimedio.classification.linear import LinearModel, train_linear
from rimedio.classification.metrics import Scores, score
from rimedio.classification.predict import (
    CARD_FILE,
    LINEAR_FILE,
    MODEL_FILE,
    PROFILE_FILE,
    FastTextModel,
    Mix,
    Scorer,
)
from rimedio.domain.errors import InvalidInput

ROWS_PER_LABEL_MIN = 5
FOLDS = 5
MIX_SHARES, MIX_SCALES = (0.3, 0.5, 0.7, 0.85), (2.0, 4.0, 8.0)
SHORT_WORDS = 40
LARGE_ROWS = 8_000  # from here on one held-out tenth says enough


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """fastText's hyper-parameters, in BlazingText's words, and whether the linear partner is trained too.

    `epochs` None: as many as show the model about 150,000 texts, from 5 to 40.
    """

    vector_dim: int = 50
    buckets: int = 20_000
    word_ngrams: int = 2
    learning_rate: float = 0.3
    epochs: int | None = None
    linear: bool = True
    subwords: bool | None = None
    seed: int = 0

    def subwords_for(self, texts: Sequence[str]) -> bool:
        """Whether the linear partner sees parts of words, which help a small set of short texts.

        Long texts have words enough: there the parts only drown them (GitHub issues: -2.7 points of macro-F1).
        """
        if self.subwords is not None:
            return self.subwords
        mean_words = sum(len(words(text)) for text in texts) / max(1, len(texts))
        return len(texts) < LARGE_ROWS and mean_words < SHORT_WORDS

    def epochs_for(self, rows: int) -> int:
        """How often the texts are shown."""
        return self.epochs or min(40, max(5, 150_000 // max(1, rows)))


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What was trained and how good it is on held-out rows."""

    version: str
    rows: int
    labels: tuple[str, ...]
    scores: Scores
    temperature: float
    mix: Mix
    model_sha256: str
    bad_rows: int


def train(
    dataset: Dataset, out: Path, options: TrainingOptions | None = None, *, version: str = "local"
) -> TrainingReport:
    """Write a model folder at `out` (replaced as a whole) and report on it.

    Raises InvalidInput when there are fewer than two labels or a label has fewer than 5 rows.
    """
    options = options or TrainingOptions()
    _check(dataset)
    held_out = _predict_held_out(dataset, options)
    truth = _indices(dataset.labels, [dataset.rows[i] for i in held_out.order])
    mix = _fit_mix(held_out, truth) if options.linear else Mix(share=0.0)
    mixed = mix.of(held_out.fasttext, held_out.margins)
    temperature = fit_temperature(mixed, truth)
    scores = _cross_scored(dataset, held_out, mixed, truth)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".training-") as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        _fit(dataset.rows, dataset.labels, options, keep_in=folder)
        report = TrainingReport(
            version=version,
            rows=len(dataset.rows),
            labels=dataset.labels,
            scores=scores,
            temperature=temperature,
            mix=mix,
            model_sha256=hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest(),
            bad_rows=len(dataset.bad_rows),
        )
        baseline = profile(
            [dataset.rows[i].text for i in held_out.order],
            with_temperature(mixed, temperature),
            dataset.labels,
            [row.text for row in dataset.rows],
        )
        baseline = replace(baseline, unknown_word_share=_unknown_share(dataset, held_out))
        card = {**asdict(report), "options": asdict(options)}
        (folder / CARD_FILE).write_text(json.dumps(card, indent=1, ensure_ascii=False), "utf-8")
        (folder / PROFILE_FILE).write_text(json.dumps(asdict(baseline)), "utf-8")
        if out.exists():
            shutil.rmtree(out)
        folder.rename(out)
    return report


def fit_scorer(
    rows: Sequence[LabelledText], labels: tuple[str, ...], options: TrainingOptions, mix: Mix
) -> Scorer:
    """Both models trained on `rows` and kept in memory, for a comparison: no folds, no calibration."""
    return replace(_fit(rows, labels, options), mix=mix)


def _check(dataset: Dataset) -> None:
    counts = {label: sum(row.label == label for row in dataset.rows) for label in dataset.labels}
    if len(counts) < 2:
        msg = f"A classifier needs two labels or more; the rows have {len(counts)}."
        raise InvalidInput(msg)
    few = {label: n for label, n in counts.items() if n < ROWS_PER_LABEL_MIN}
    if few:
        found = ", ".join(f"{label} ({n})" for label, n in few.items())
        msg = f"Each label needs {ROWS_PER_LABEL_MIN} rows or more; too few for: {found}. Add rows."
        raise InvalidInput(msg)


@dataclass(frozen=True)
class _HeldOut:
    """Predictions for rows by models that did not see them; `order` are row indices, `fold` their folds."""

    order: tuple[int, ...]
    fold: NDArray[np.int64]
    fasttext: Probabilities
    margins: NDArray[np.float64]


def _fit_mix(held_out: _HeldOut, truth: NDArray[np.int64]) -> Mix:
    """The mix of least log-loss on held-out rows, each tried with its own best temperature."""

    def loss(mix: Mix) -> float:
        mixed = mix.of(held_out.fasttext, held_out.margins)
        return log_loss(with_temperature(mixed, fit_temperature(mixed, truth)), truth)

    return min((Mix(share, scale) for share in MIX_SHARES for scale in MIX_SCALES), key=loss)


def _predict_held_out(dataset: Dataset, options: TrainingOptions) -> _HeldOut:
    large = len(dataset.rows) >= LARGE_ROWS
    parts = folds(dataset.rows, 10 if large else FOLDS, options.seed)[: 1 if large else FOLDS]
    fasttext, margins = [], []
    for part in parts:
        held = set(part)
        rows = [row for i, row in enumerate(dataset.rows) if i not in held]
        scorer = _fit(rows, dataset.labels, options)
        texts = [dataset.rows[i].text for i in part]
        fasttext.append(scorer.fasttext_probabilities(texts))
        none = np.zeros((len(texts), len(dataset.labels)))
        margins.append(scorer.linear.margins(texts) if scorer.linear else none)
    return _HeldOut(
        order=tuple(i for part in parts for i in part),
        fold=np.concatenate([np.full(len(part), n) for n, part in enumerate(parts)]),
        fasttext=np.concatenate(fasttext),
        margins=np.concatenate(margins),
    )


def _unknown_share(dataset: Dataset, held_out: _HeldOut) -> float:
    """Share of words in held-out rows that the rows of the other folds do not know, 0..1.

    Among all rows every word is known: against that, any new ticket would look strange.
    """
    fold_of = dict(zip(held_out.order, held_out.fold.tolist(), strict=True))
    folds_of: dict[str, set[int]] = {}
    for index, row in enumerate(dataset.rows):
        for word in words(row.text):
            folds_of.setdefault(word, set()).add(fold_of.get(index, -1))
    spoken = [word for index in held_out.order for word in words(dataset.rows[index].text)]
    return sum(len(folds_of[word]) == 1 for word in spoken) / max(1, len(spoken))


def _cross_scored(
    dataset: Dataset, held_out: _HeldOut, mixed: Probabilities, truth: NDArray[np.int64]
) -> Scores:
    halves = held_out.fold if held_out.fold.max() else np.arange(len(truth)) % 2
    calibrated = np.empty_like(mixed)
    for part in np.unique(halves):
        inside = halves == part
        calibrated[inside] = with_temperature(mixed[inside], fit_temperature(mixed[~inside], truth[~inside]))
    return score(dataset.labels, calibrated, [dataset.rows[i].label for i in held_out.order])


def _indices(labels: Sequence[str], rows: Sequence[LabelledText]) -> NDArray[np.int64]:
    place = {label: i for i, label in enumerate(labels)}
    return np.array([place[row.label] for row in rows], dtype=np.int64)


def _fit(
    rows: Sequence[LabelledText],
    labels: tuple[str, ...],
    options: TrainingOptions,
    keep_in: Path | None = None,
) -> Scorer:
    """Train both models on `rows`; write them into `keep_in` when it is given."""
    fasttext = _fit_fasttext(rows, options, keep_in)
    linear: LinearModel | None = None
    if options.linear:
        texts = [row.text for row in rows]
        linear = train_linear(
            texts,
            _indices(labels, rows),
            len(labels),
            subwords=options.subwords_for(texts),
            seed=options.seed,
        )
        if keep_in is not None:
            linear.save(keep_in / LINEAR_FILE)
    return Scorer(labels, fasttext, linear)


def _fit_fasttext(
    rows: Sequence[LabelledText], options: TrainingOptions, keep_in: Path | None
) -> FastTextModel:
    import fasttext

    with tempfile.TemporaryDirectory(prefix="rimedio-fasttext-") as scratch:
        file = Path(scratch) / "train.txt"
        file.write_text("\n".join(training_line(row.label, row.text) for row in rows) + "\n", "utf-8")
        model: FastTextModel = fasttext.train_supervised(
            str(file),
            dim=options.vector_dim,
            bucket=options.buckets,
            wordNgrams=options.word_ngrams,
            lr=options.learning_rate,
            epoch=options.epochs_for(len(rows)),
            thread=1,  # more threads race, and the same rows would give another model
            seed=options.seed,
            verbose=0,
        )
    if keep_in is not None:
        model.save_model(str(keep_in / MODEL_FILE))  # type: ignore[attr-defined]
    return model
