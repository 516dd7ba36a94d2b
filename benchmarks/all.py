"""Run every benchmark and write RESULTS.md: figure, target, machine, date, commit, command.

`python -m benchmarks.all [--data DIR] [NAME …]`: with names, only those run;
the other rows stay as they were.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks._report import DEFAULT_DATA, ROOT

FOLDER = ROOT / "benchmarks"
RECORD = FOLDER / "results.json"
TABLE = FOLDER / "RESULTS.md"
TIMEOUT_S = 2 * 3600


@dataclass(frozen=True)
class Run:
    """One benchmark's closing line and where it was measured."""

    benchmark: str
    figures: dict[str, float]
    rows: dict[str, int]
    seconds: float
    date: str
    commit: str
    machine: str


def names() -> list[str]:
    """All benchmark modules."""
    return sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith("_") and p.stem != "all")


def machine() -> str:
    """Processor, cores, memory, Python."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {gib:.0f} GiB, Python {platform.python_version()}"


def commit() -> str:
    """Short hash of what was measured."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def measure(name: str, data: Path) -> Run | None:
    """Run one benchmark; None, and a line on standard error, when it fails."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", "--data", str(data)]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode != 0 or not done.stdout.strip():
        print(f"{name}: failed with exit code {done.returncode}", file=sys.stderr)
        return None
    last = json.loads(done.stdout.strip().splitlines()[-1])
    return Run(
        name,
        last["figures"],
        last.get("rows", {}),
        last["seconds"],
        datetime.now(UTC).date().isoformat(),
        commit(),
        machine(),
    )


def verdict(value: float, target: dict[str, float]) -> str:
    """Target and whether it is met."""
    if not target:
        return "– | "
    if "min" in target:
        return f"≥ {target['min']:g} | {'yes' if value >= target['min'] else '**no**'}"
    return f"≤ {target['max']:g} | {'yes' if value <= target['max'] else '**no**'}"


def render(runs: list[Run], targets: dict[str, dict[str, dict[str, float]]]) -> str:
    """The Markdown of RESULTS.md."""
    lines = [
        "# Results",
        "",
        "Written by `make bench`, nothing by hand. `python -m benchmarks.all NAME` renews one block.",
        "",
    ]
    for run in runs:
        lines += [
            f"## {run.benchmark}",
            "",
            f"`.venv/bin/python -m benchmarks.{run.benchmark}`",
            "",
            f"{run.date}, commit {run.commit}, {run.seconds:.0f} s on {run.machine}",
            "",
            "| figure | value | rows | target | met |",
            "|---|---|---|---|---|",
        ]
        for figure, value in run.figures.items():
            target = targets.get(run.benchmark, {}).get(figure, {})
            rows = run.rows.get(figure, "")
            lines.append(f"| {figure} | {value:g} | {rows} | {verdict(value, target)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Measure, keep the record, write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.all", description=__doc__)
    parser.add_argument("names", nargs="*", help="benchmarks to run; all of them when none is named")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    options = parser.parse_args()
    for name in options.names or names():
        print(f"{name} …", flush=True)
        run = measure(name, options.data.resolve())
        # Read anew each time: another run may have written its block meanwhile.
        kept = {r["benchmark"]: Run(**r) for r in json.loads(RECORD.read_text())} if RECORD.exists() else {}
        if run:
            kept[name] = run
            print(f"  {run.figures}", flush=True)
        ordered = [kept[n] for n in sorted(kept)]
        RECORD.write_text(json.dumps([vars(r) for r in ordered], indent=1) + "\n")
        TABLE.write_text(render(ordered, tomllib.loads((FOLDER / "targets.toml").read_text())), "utf-8")


if __name__ == "__main__":
    main()
