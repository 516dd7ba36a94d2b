"""What every benchmark shares: its command line and the one JSON line it ends with."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATA = ROOT.parent / "shared" / "data"
CACHE = ROOT / ".cache"


@dataclass(frozen=True)
class Options:
    """How a benchmark was called."""

    data: Path
    json_only: bool


def parse_args(name: str, description: str, argv: Sequence[str] | None = None) -> Options:
    """Read `--data DIR` and `--json`."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder with the data sets")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    given = parser.parse_args(argv)
    return Options(given.data.resolve(), given.json)


@dataclass
class Report:
    """Figures of one run. A figure whose data is missing is absent; `missing` says why on stderr."""

    benchmark: str
    options: Options
    figures: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def add(self, name: str, value: float, rows: int | None = None) -> None:
        """Record one figure, and how many rows it was measured on."""
        self.figures[name] = round(float(value), 4)
        if rows is not None:
            self.rows[name] = rows

    def missing(self, what: str, why: str) -> None:
        """Say on standard error why a figure is absent."""
        print(f"{self.benchmark}: {what} is absent: {why}", file=sys.stderr)

    def note(self, text: str) -> None:
        """Print a line for people, unless only JSON was asked for."""
        if not self.options.json_only:
            print(text, flush=True)

    def finish(self) -> None:
        """Print the closing JSON line."""
        print(
            json.dumps(
                {
                    "benchmark": self.benchmark,
                    "figures": dict(sorted(self.figures.items())),
                    "rows": self.rows,
                    "seconds": round(time.monotonic() - self.started, 1),
                }
            )
        )


def split_file(folder: Path, name: str, suffix: str) -> tuple[Path | None, bool]:
    """The file to score: `.test` where it stands, else `.dev` or `.train`; and whether it is a test file."""
    for part in ("test", "dev", "train"):
        path = folder / f"{name}.{part}.{suffix}"
        if path.exists():
            return path, part == "test"
    return None, False
