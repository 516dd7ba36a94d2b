"""Event patterns against the answers of AWS, and their speed beside moto's matcher in the same run."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks._report import Report, parse_args, split_file
from rimedio.events.operators import InvalidPattern
from rimedio.events.pattern import Pattern

Timed = tuple[Callable[[dict[str, Any]], bool], dict[str, Any]]
ROUNDS = 7
CALLS = 30_000  # of each matcher in a round, however many rows there are


def rows_of(path: Path) -> Iterator[tuple[Any, dict[str, Any], str]]:
    """Pattern, event and AWS's answer of every row; both may be JSON in a text, as the API takes them."""
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            yield _plain(row["pattern"]), _plain(row["event"]), row["expected"]


def _plain(given: object) -> Any:
    """The value of JSON text; text that is no JSON stays one, and no text is a valid pattern."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return given


def answer(pattern: object, event: Any) -> str:
    """MATCH, NO_MATCH or EXCEPTION, as EventBridge's TestEventPattern would say."""
    try:
        compiled = Pattern.compile(pattern)
    except InvalidPattern:
        return "EXCEPTION"
    if not isinstance(event, dict):  # TestEventPattern wants an object
        return "EXCEPTION"
    return "MATCH" if compiled.matches(event) else "NO_MATCH"


def per_second(matchers: list[Timed]) -> float:
    """Matches a second over all rows."""
    repeats = max(1, CALLS // len(matchers))
    start = time.perf_counter()
    for matches, event in matchers:
        for _ in range(repeats):
            matches(event)
    return len(matchers) * repeats / (time.perf_counter() - start)


def measure_speed(report: Report, rows: list[tuple[Any, dict[str, Any], str]]) -> None:
    """Both matchers on the same rows, in turn; the median of the ratios."""
    try:
        from moto.events.models import EventPattern
    except ImportError:
        report.missing("speed.ratio", "moto is not installed")
        return
    ours: list[Timed] = []
    theirs: list[Timed] = []
    for pattern, event, expected in rows:
        if expected == "EXCEPTION" or answer(pattern, event) == "EXCEPTION":
            continue
        try:
            peer = EventPattern.load(json.dumps(pattern))
            peer.matches_event(event)
        except Exception as error:
            report.note(f"left out, moto fails on it: {type(error).__name__}")
            continue
        ours.append((Pattern.compile(pattern).matches, event))
        theirs.append((peer.matches_event, event))
    if not ours:
        report.missing("speed.ratio", "there is no row that both can match")
        return
    pairs = [(per_second(ours), per_second(theirs)) for _ in range(ROUNDS)]
    report.add("speed.per_s", statistics.median(a for a, _ in pairs), len(ours))
    report.add("speed.ratio", statistics.median(a / b for a, b in pairs), len(ours))


def main() -> None:
    """Agreement on each set, then speed."""
    options = parse_args("patterns", __doc__ or "")
    report = Report("patterns", options)
    everything: list[tuple[Any, dict[str, Any], str]] = []
    for name in ("patterns", "ruler"):
        path, _ = split_file(options.data / "eventbridge", name, "jsonl")
        if path is None:
            report.missing(f"{name}.agree", f"no eventbridge/{name}.*.jsonl in {options.data}")
            continue
        rows = list(rows_of(path))
        wrong = [row for row in rows if answer(row[0], row[1]) != row[2]]
        for pattern, event, expected in wrong:
            report.note(f"AWS says {expected}: {json.dumps(pattern)} on {json.dumps(event)}")
        report.add(f"{name}.agree", 1 - len(wrong) / len(rows), len(rows))
        everything += rows
    if everything:
        measure_speed(report, everything)
    report.finish()


if __name__ == "__main__":
    main()
