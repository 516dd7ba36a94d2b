"""Service level objectives: what is promised, how much of the error budget is left, how fast it burns.

An objective is a share of good events. The burn rate says how many times faster than allowed the budget goes; an
alert needs a long window (it matters) and a short one (it still happens). Windows and thresholds are those of
the Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rimedio.domain.errors import InvalidSetting
from rimedio.observability.catalogue import METRICS, Kind, Metric
from rimedio.observability.metrics import Reading

_HISTOGRAMS = {metric.name: metric for metric in METRICS if metric.kind is Kind.HISTOGRAM}


class Objective(BaseModel):
    """One promise: the share `target` of a histogram's values is good.

    Good is what is at most `at_most` (one of the metric's buckets) and matches no pattern of `bad`; only what
    matches `only` and not `except` counts at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern="^[a-z][a-z_]{0,30}$")
    meaning: str
    target: float = Field(gt=0, lt=1)
    metric: str
    at_most: float | None = None
    bad: Mapping[str, str] = Field(default_factory=dict)
    only: Mapping[str, str] = Field(default_factory=dict)
    but: Mapping[str, str] = Field(default_factory=dict, alias="except")

    @model_validator(mode="after")
    def _fits_the_catalogue(self) -> Self:
        metric = _HISTOGRAMS.get(self.metric)
        if metric is None:
            raise ValueError(f"{self.metric!r} is no histogram; there are {', '.join(sorted(_HISTOGRAMS))}")
        if self.at_most is not None and self.at_most not in metric.buckets:
            raise ValueError(f"{self.at_most} is no bucket of {self.metric}; there are {metric.buckets}")
        for label in (*self.bad, *self.only, *self.but):
            if label not in metric.labels:
                raise ValueError(f"{self.metric} has no label {label!r}; it has {metric.labels}")
        return self

    def count(self, readings: Iterable[Reading]) -> "GoodAndAll":
        """How many events there were since the process started, and how many of them were good."""
        good = total = 0
        for reading in readings:
            if reading.metric.name != self.metric or not self._counts(reading):
                continue
            total += reading.count
            if not _any_matches(reading, self.bad):
                good += reading.count if self.at_most is None else reading.up_to(self.at_most)
        return GoodAndAll(good, total)

    def _counts(self, reading: Reading) -> bool:
        return _all_match(reading, self.only) and not _any_matches(reading, self.but)


class Objectives(BaseModel):
    """The objectives of an installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_days: int = Field(30, ge=1, le=30)
    objectives: tuple[Objective, ...] = Field(min_length=1)

    @classmethod
    def shipped(cls) -> Self:
        """Those in the package."""
        return cls.from_json(
            (files("rimedio.observability") / "objectives.json").read_text("utf-8"), "built in"
        )

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read `path`. Raises InvalidSetting."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"The objectives {path} cannot be read ({error}). Correct the setting `objectives_file`."
            raise InvalidSetting(msg) from error
        return cls.from_json(text, str(path))

    @classmethod
    def from_json(cls, text: str, origin: str) -> Self:
        """Parse objectives. Raises InvalidSetting naming `origin` and the field at fault."""
        try:
            return cls.model_validate(json.loads(text))
        except (ValidationError, json.JSONDecodeError) as error:
            msg = f"The objectives ({origin}) are not valid: {error}. Compare them with the built-in ones."
            raise InvalidSetting(msg) from error


@dataclass(frozen=True, slots=True)
class GoodAndAll:
    """Good events of all events."""

    good: int = 0
    total: int = 0

    def plus(self, other: "GoodAndAll") -> "GoodAndAll":
        """Both together."""
        return GoodAndAll(self.good + other.good, self.total + other.total)

    def minus(self, other: "GoodAndAll") -> "GoodAndAll":
        """What came since `other`."""
        return GoodAndAll(self.good - other.good, self.total - other.total)


class Alert(StrEnum):
    """How bad it is."""

    NONE = "NONE"
    TICKET = "TICKET"  # somebody should look within days
    PAGE = "PAGE"  # somebody should look now


@dataclass(frozen=True, slots=True)
class BurnRule:
    """An alert when both windows burn at least this fast."""

    alert: Alert
    long: timedelta
    short: timedelta
    rate: float


BURN_RULES = (
    BurnRule(Alert.PAGE, timedelta(hours=1), timedelta(minutes=5), 14.4),
    BurnRule(Alert.PAGE, timedelta(hours=6), timedelta(minutes=30), 6.0),
    BurnRule(Alert.TICKET, timedelta(days=3), timedelta(hours=6), 1.0),
)
WINDOWS: Mapping[str, timedelta] = {
    "5m": timedelta(minutes=5),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "3d": timedelta(days=3),
}

CountOver = Callable[[str, timedelta], GoodAndAll]  # an objective's name, a window that ends now


@dataclass(frozen=True, slots=True)
class ObjectiveReport:
    """How an objective stands. Shares 0..1, None while nothing has happened; `budget_left` may be negative."""

    name: str
    meaning: str
    target: float
    actual: float | None
    good: int
    total: int
    budget_left: float
    burn_rates: Mapping[str, float | None]
    alert: Alert


def report(objective: Objective, window: timedelta, count: CountOver) -> ObjectiveReport:
    """The objective over its window, and its burn rates now."""
    found = count(objective.name, window)
    allowed = 1 - objective.target
    spent = (found.total - found.good) / (found.total * allowed) if found.total else 0.0
    rates = {name: burn_rate(count(objective.name, span), allowed) for name, span in WINDOWS.items()}
    return ObjectiveReport(
        name=objective.name,
        meaning=objective.meaning,
        target=objective.target,
        actual=round(found.good / found.total, 6) if found.total else None,
        good=found.good,
        total=found.total,
        budget_left=round(1 - spent, 4),
        burn_rates=rates,
        alert=_alert({WINDOWS[name]: rate for name, rate in rates.items()}),
    )


def burn_rate(found: GoodAndAll, allowed: float) -> float | None:
    """How many times faster than allowed the budget goes; None while nothing has happened."""
    if not found.total:
        return None
    return round((found.total - found.good) / found.total / allowed, 3)


def _alert(rates: Mapping[timedelta, float | None]) -> Alert:
    for rule in BURN_RULES:
        if all((rates[window] or 0.0) >= rule.rate for window in (rule.long, rule.short)):
            return rule.alert
    return Alert.NONE


def _all_match(reading: Reading, patterns: Mapping[str, str]) -> bool:
    return all(fnmatchcase(_label(reading, name), pattern) for name, pattern in patterns.items())


def _any_matches(reading: Reading, patterns: Mapping[str, str]) -> bool:
    return any(fnmatchcase(_label(reading, name), pattern) for name, pattern in patterns.items())


def _label(reading: Reading, name: str) -> str:
    return reading.labels[_place(reading.metric, name)]


def _place(metric: Metric, name: str) -> int:
    return metric.labels.index(name)
