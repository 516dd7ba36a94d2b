"""Ask a trained classifier: the three likeliest categories with calibrated probabilities, or UNKNOWN."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from rimedio.classification.calibration import Probabilities, softmax, with_temperature
from rimedio.classification.features import classifier_line, from_fasttext_label
from rimedio.classification.linear import LinearModel
from rimedio.domain.errors import ModelUnavailable

UNKNOWN = "UNKNOWN"
UNKNOWN_BELOW = 0.35
TOP = 3
MODEL_FILE, LINEAR_FILE = "model.bin", "linear.npz"
CARD_FILE, PROFILE_FILE, ROWS_FILE = "model.json", "profile.json", "rows.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Guess:
    """A category and the calibrated probability that it is right."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Classification:
    """What a text is about. `label` is UNKNOWN when no guess is likely enough; `top` keeps the guesses."""

    label: str
    confidence: float
    top: tuple[Guess, ...]
    model_version: str


class Classifier(Protocol):
    """Tells a text's category."""

    @property
    def version(self) -> str:
        """Which model answers."""
        ...

    def classify(self, text: str) -> Classification:
        """The category of `text`. Raises ModelUnavailable when the model cannot be read."""
        ...


class FakeClassifier:
    """Answers by the first of its words that the text contains; UNKNOWN when none does."""

    version = "fake"

    def __init__(self, by_word: dict[str, str], confidence: float = 0.95) -> None:
        self._by_word, self._confidence = by_word, confidence

    def classify(self, text: str) -> Classification:
        folded = text.casefold()
        label = next((label for word, label in self._by_word.items() if word.casefold() in folded), None)
        if label is None:
            return Classification(UNKNOWN, 0.0, (), self.version)
        guess = Guess(label, self._confidence)
        return Classification(label, self._confidence, (guess,), self.version)


@dataclass(frozen=True, slots=True)
class Mix:
    """How the two models are put together: `share` of the linear one, its margins times `scale`."""

    share: float = 0.5
    scale: float = 4.0

    def of(self, fasttext: Probabilities, margins: NDArray[np.float64]) -> Probabilities:
        """Weighted mean of both models' probabilities [texts, labels]."""
        return (1 - self.share) * fasttext + self.share * softmax(margins * self.scale)


class ModelCard(BaseModel):
    """What stands in a model's `model.json`: all that prediction needs besides the weights."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: str
    labels: tuple[str, ...]
    temperature: float
    mix: Mix = Mix()
    model_sha256: str
    options: dict[str, int | float | bool | None] = {}  # of its training
    held_out: bool = False  # whether it never saw the rows that only ever test


class FastTextClassifier:
    """A model folder written by `train`: fastText in BlazingText's format, and its linear partner if any.

    The files are read on the first question, once, whatever the number of threads.
    """

    def __init__(self, folder: Path, *, unknown_below: float = UNKNOWN_BELOW) -> None:
        self._folder, self._unknown_below = folder, unknown_below
        self._lock = threading.Lock()
        self._loaded: Scorer | None = None

    @property
    def version(self) -> str:
        return self._card.version

    @cached_property
    def _card(self) -> ModelCard:
        return read_card(self._folder)

    def _scorer(self) -> "Scorer":
        with self._lock:
            if self._loaded is None:
                self._loaded = Scorer.load(self._folder, self._card)
            return self._loaded

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Calibrated probabilities [texts, labels], labels in the card's order."""
        return with_temperature(self._scorer().probabilities(texts), self._card.temperature)

    @property
    def labels(self) -> tuple[str, ...]:
        """The categories it knows."""
        return self._card.labels

    def classify(self, text: str) -> Classification:
        if not classifier_line(text):
            return Classification(UNKNOWN, 0.0, (), self.version)
        row = self.probabilities([text])[0]
        top = tuple(Guess(self.labels[i], float(row[i])) for i in np.argsort(-row)[:TOP])
        best = top[0]
        label = best.label if best.probability >= self._unknown_below else UNKNOWN
        return Classification(label, best.probability, top, self.version)


class FastTextModel(Protocol):
    """What is used of fastText's own class."""

    def predict(self, text: list[str], k: int) -> tuple[Sequence[Sequence[str]], Sequence[Sequence[float]]]:
        """Labels and probabilities of each line, likeliest first."""
        ...


@dataclass(frozen=True)
class Scorer:
    """fastText and its partner, before calibration."""

    labels: tuple[str, ...]
    fasttext: FastTextModel
    linear: LinearModel | None
    mix: Mix = Mix()

    @classmethod
    def load(cls, folder: Path, card: ModelCard) -> "Scorer":
        """Read the weights in `folder`. Raises ModelUnavailable."""
        import fasttext

        try:
            model = fasttext.load_model(str(folder / MODEL_FILE))
            linear = LinearModel.load(folder / LINEAR_FILE) if (folder / LINEAR_FILE).exists() else None
        except (OSError, ValueError, KeyError) as error:
            raise ModelUnavailable(_cannot_read(folder, error)) from error
        return cls(card.labels, model, linear, card.mix)

    def fasttext_probabilities(self, texts: Sequence[str]) -> Probabilities:
        """What fastText alone says [texts, labels]."""
        column = {label: i for i, label in enumerate(self.labels)}
        found = np.zeros((len(texts), len(self.labels)))
        names, values = self.fasttext.predict([classifier_line(t) for t in texts], len(self.labels))
        for row, (row_names, row_values) in enumerate(zip(names, values, strict=True)):
            for name, value in zip(row_names, row_values, strict=True):
                found[row, column[from_fasttext_label(name)]] = value
        total = found.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, found / np.maximum(total, 1e-12), 1 / len(self.labels)))

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Both models' probabilities mixed, or fastText's alone [texts, labels]."""
        if not texts:
            return np.zeros((0, len(self.labels)))
        own = self.fasttext_probabilities(texts)
        if self.linear is None:
            return own
        return self.mix.of(own, self.linear.margins(texts))


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`. Raises ModelUnavailable when there is no complete model."""
    try:
        return ModelCard.model_validate(json.loads((folder / CARD_FILE).read_text("utf-8")))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, ValidationError) as error:
        raise ModelUnavailable(_cannot_read(folder, error)) from error


def _cannot_read(folder: Path, error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"There is no usable classifier in {folder} ({reason}). "
        "Train one with `rimedio classify train FILE`, or run `make setup` for the demo's."
    )
