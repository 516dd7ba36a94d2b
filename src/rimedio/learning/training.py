"""Train a challenger and measure it against the champion on rows that neither has seen.

The rows of the first training set and the corrections are each parted by their group's hash: the same rows
are held out for ever. What ships is trained without them, so that every later comparison stays honest too. A
champion that was trained on everything is represented by a twin: the same recipe without the held-out rows.

Pure work on files, so that another process can do it and the service goes on answering.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rimedio.classification.comparison import Comparison, PairedAnswers, compare, paired, recall_losses
from rimedio.classification.dataset import Dataset, LabelledText, is_held_out, read_dataset, write_rows
from rimedio.classification.predict import CARD_FILE, ROWS_FILE, Scorer, read_card
from rimedio.classification.train import ROWS_PER_LABEL_MIN, TrainingOptions, fit_scorer, train
from rimedio.domain.codec import from_json
from rimedio.domain.errors import InvalidInput

CORRECTIONS_FILE = "corrections.jsonl.gz"
BASE_SHARE = 0.1
CORRECTIONS_SHARE = 0.33  # corrections are few: a tenth of them would tell nothing
WEIGHT = 2  # a correction counts as so many rows: the champion errs where the first rows were thin
LOSS_ROWS_MIN = 20


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What to train from and where to put the model. `champion` is the folder of the model that answers."""

    champion: Path
    corrections: tuple[LabelledText, ...]
    out: Path
    options: TrainingOptions | None = None  # the champion's own when unset


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Challenger against champion on rows that neither was trained on.

    `fixed` are rows of the first training set, `fresh` are people's corrections and approvals. `recall_losses`
    holds, for each label with twenty fixed rows or more, how much recall the challenger loses there.
    """

    fixed: Comparison
    fresh: Comparison
    recall_losses: Mapping[str, float] = field(default_factory=dict)
    trained_corrections: int = 0
    base_rows: int = 0


def train_challenger(job: TrainingJob) -> Evaluation:
    """Write a model folder at `job.out` and say how it compares. Raises InvalidInput, ModelUnavailable."""
    card = read_card(job.champion)
    base = _base_rows(job.champion)
    options = job.options or from_json(TrainingOptions, card.options)
    kept, fixed = _parted(base, BASE_SHARE)
    learnt, fresh = _parted(job.corrections, CORRECTIONS_SHARE)
    rows = _learnable([*kept, *(row for row in learnt for _ in range(WEIGHT))])
    train(Dataset(tuple(rows)), job.out, options)
    write_rows(job.out / ROWS_FILE, base)
    write_rows(job.out / CORRECTIONS_FILE, learnt)
    _mark_held_out(job.out)
    champion = Scorer.load(job.champion, card)
    if not card.held_out:
        champion = fit_scorer(kept, _labels(kept), options, card.mix)
    challenger = Scorer.load(job.out, read_card(job.out))
    on_fixed = _answers(fixed, champion, challenger)
    return Evaluation(
        fixed=compare(on_fixed),
        fresh=compare(_answers(fresh, champion, challenger)),
        recall_losses=recall_losses(on_fixed, LOSS_ROWS_MIN),
        trained_corrections=len(learnt),
        base_rows=len(base),
    )


def _base_rows(champion: Path) -> tuple[LabelledText, ...]:
    file = champion / ROWS_FILE
    if not file.exists():
        msg = (
            f"The classifier in {champion} keeps no training rows, so nothing can be added to them. "
            "Train it once more: rimedio classify train FILE --promote."
        )
        raise InvalidInput(msg)
    return read_dataset(file).rows


def _parted(rows: Sequence[LabelledText], share: float) -> tuple[list[LabelledText], list[LabelledText]]:
    """(rows to learn from, rows to test on)."""
    held = [is_held_out(row, share) for row in rows]
    return (
        [row for row, out in zip(rows, held, strict=True) if not out],
        [row for row, out in zip(rows, held, strict=True) if out],
    )


def _learnable(rows: list[LabelledText]) -> list[LabelledText]:
    """Rows whose label has enough texts; a new category starts to be learnt when it has five."""
    texts: dict[str, set[str]] = {}
    for row in rows:
        texts.setdefault(row.label, set()).add(row.text)
    return [row for row in rows if len(texts[row.label]) >= ROWS_PER_LABEL_MIN]


def _labels(rows: Sequence[LabelledText]) -> tuple[str, ...]:
    return tuple(sorted({row.label for row in rows}))


def _answers(rows: Sequence[LabelledText], champion: Scorer, challenger: Scorer) -> PairedAnswers:
    texts = [row.text for row in rows]

    def said(model: Scorer) -> list[str]:
        return [model.labels[int(i)] for i in model.probabilities(texts).argmax(axis=1)]

    return paired([row.label for row in rows], said(champion), said(challenger))


def _mark_held_out(folder: Path) -> None:
    card = json.loads((folder / CARD_FILE).read_text("utf-8"))
    card["held_out"] = True
    (folder / CARD_FILE).write_text(json.dumps(card, indent=1, ensure_ascii=False), "utf-8")


Trainer = Callable[[TrainingJob], Evaluation]


def in_another_process(job: TrainingJob) -> Evaluation:
    """`train_challenger` in a process of its own: this one keeps answering meanwhile."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Started afresh, not forked: this process holds threads and database connections.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_be_patient) as pool:
        return pool.submit(train_challenger, job).result()


def _be_patient() -> None:
    """Interrupts are the parent's business, and whoever waits for an answer comes first."""
    import os
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
