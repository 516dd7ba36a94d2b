"""The price table and the assumptions on usage, read from prices.toml and usage.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Prices:
    """USD by name: for standing, for use, for an hour of an instance, for a million tokens."""

    standing: Mapping[str, float]
    used: Mapping[str, float]
    instances: Mapping[str, float]
    tokens: Mapping[str, tuple[float, float]]
    always_free: Mapping[str, float]
    free_types: frozenset[str]
    hours: int
    seconds: int
    as_of: str


@dataclass(frozen=True)
class Usage:
    """What is done in a month, and what a ticket and a document take."""

    month: Mapping[str, float]
    ticket: Mapping[str, float]
    document: Mapping[str, float]
    task_ms: Mapping[str, float]


def prices(file: Path = FOLDER / "prices.toml") -> Prices:
    """The table. Raises KeyError where a section is missing."""
    text = tomllib.loads(file.read_text("utf-8"))
    return Prices(
        standing={name: float(row["usd"]) for name, row in text["standing"].items()},
        used={name: float(row["usd"]) for name, row in text["used"].items()},
        instances={name: float(row["usd"]) for name, row in text["instances"].items()},
        tokens={name: (float(row["input"]), float(row["output"])) for name, row in text["models"].items()},
        always_free={name: float(amount) for name, amount in text["always_free"].items()},
        free_types=frozenset(text["no_standing_charge"]["types"]),
        hours=int(text["hours"]),
        seconds=int(text["seconds"]),
        as_of=str(text["as_of"]),
    )


def usage(month: str, file: Path = FOLDER / "usage.toml") -> Usage:
    """`idle` or `month`. Raises KeyError for another one."""
    text = tomllib.loads(file.read_text("utf-8"))
    return Usage(text[month], text["ticket"], text["document"], text["task_ms"])
