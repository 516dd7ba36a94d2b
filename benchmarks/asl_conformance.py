"""How far the state machine engine answers as AWS did: recorded executions, and definitions to accept or reject.

    .venv/bin/python -m benchmarks.asl_conformance [--data DIR] [--json]

(a) status, output and error name; (b) and the states entered; (c) and the sequence of event types. Where AWS ran
branches side by side their order is chance, so the events of a Parallel are compared as a set.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks._report import Options, Report, parse_args, split_file
from rimedio.asl import Engine, InvalidDefinition, Machine, MemoryJournal, TaskContext, VirtualClock, validate
from rimedio.asl.journal.port import Event
from rimedio.asl.jsontext import JSON

HARMLESS_FLAGS = {"wait", "input_differs"}
PLACEHOLDERS = {"date", "timestamp", "start-time", "entered-time", "RandomNumberGenerated"}
ROLE = "snf_role_arn"
ARN = "arn:aws:states:local:111111111111"
SHOWN_MAX = 40
S3 = "arn:aws:states:::s3:*"


@dataclass(frozen=True)
class Answer:
    """How one recorded machine ran here."""

    status: str
    output: object
    error: str | None
    states: tuple[str, ...]
    events: tuple[str, ...]


def main() -> None:
    """Measure and report."""
    options = parse_args("asl_conformance", __doc__ or "")
    report = Report("asl_conformance", options)
    _recorded(options, report)
    _statelint(options, report)
    _validator(options, report)
    report.finish()


def _recorded(options: Options, report: Report) -> None:
    path, _ = split_file(options.data / "asl", "recorded", "jsonl")
    if path is None:
        report.missing("recorded", f"there is no recorded.*.jsonl in {options.data / 'asl'}")
        return
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    scored = [(row, score(row, run(row, written))) for row in rows]
    _add(report, "recorded", [s for _, s in scored])
    _add(report, "recorded.clean", [s for row, s in scored if HARMLESS_FLAGS.issuperset(row["flags"])])
    missed = [(row, marks) for row, marks in scored if not all(marks)]
    for row, marks in missed[:SHOWN_MAX]:
        got = run(row, written)
        report.note(
            f"{''.join('abc'[i] for i in range(3) if not marks[i]):<4}{row['id']} n={row['n']} {row['flags']}"
        )
        report.note(f"    expected {_short(row['expected'])}")
        report.note(f"    got      {got.status} {got.error} {_cut(json.dumps(got.output))}")


def _short(expected: Mapping[str, object]) -> str:
    return f"{expected['status']} {expected.get('error')} {_cut(json.dumps(expected.get('output')))}"


def _cut(text: str) -> str:
    return text if len(text) < 160 else f"{text[:160]}…"


def _add(report: Report, name: str, marks: list[tuple[bool, bool, bool]]) -> None:
    if not marks:
        return
    for place, letter in enumerate("abc"):
        report.add(f"{name}.{letter}", sum(m[place] for m in marks) / len(marks), len(marks))
    report.add(f"{name}.rows", len(marks))


def run(row: Mapping[str, object], written: datetime) -> Answer:
    """Run one recorded machine; `written` is when the file of rows was."""
    clock = VirtualClock(_instant(row, written))
    journal = MemoryJournal()
    engine = Engine(journal, {S3: _object}, clock=clock, role_arn=ROLE, arn=ARN)
    try:
        machine = Machine.parse(str(row["definition"]))
    except InvalidDefinition as error:
        return Answer("REJECTED", str(error), None, (), ())
    given = json.loads(str(row["input"])) if row["input"] is not None else None
    execution = engine.start(machine, given, name="recorded")
    stays = str(_expected(row)["status"]) not in ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
    if stays:
        engine.run_until_idle(wait=False)
    else:
        engine.run(execution)
    found = engine.describe(execution)
    events = journal.events(execution)
    status = events[-1].type if stays and found.status == "RUNNING" else found.status
    return Answer(status, found.output, found.error, tuple(_states(events)), tuple(e.type for e in events))


def _instant(row: Mapping[str, object], written: datetime) -> datetime:
    """When the row was recorded; inputs that lie so far from now were made when the file was written."""
    if "clock_dependent" in str(row["flags"]):
        return written
    return datetime.strptime(str(row["recorded"]), "%d-%m-%Y, %H:%M:%S").replace(tzinfo=UTC)


def _object(_: JSON, __: TaskContext) -> JSON:
    """Rows that read S3 come without the object; this one is as good as any other to those that must fail."""
    return {"Body": "a,b\n1,2\n"}


def _states(events: Iterable[Event]) -> Iterable[str]:
    return (str(event.details["name"]) for event in events if event.type.endswith("StateEntered"))


def _expected(row: Mapping[str, object]) -> Mapping[str, object]:
    expected = row["expected"]
    assert isinstance(expected, Mapping)
    return expected


def score(row: Mapping[str, object], answer: Answer) -> tuple[bool, bool, bool]:
    """Whether (a), (b), (c) hold; a row without a history holds (b) and (c) with (a)."""
    expected = _expected(row)
    timed_out = (
        answer.status == "TIMED_OUT"
    )  # AWS names States.Timeout in the event, not always in the record
    a = answer.status == expected["status"] and (timed_out or answer.error == expected.get("error"))
    a = a and (
        expected["status"] != "SUCCEEDED" or _same(expected.get("output"), answer.output, bool(row["flags"]))
    )
    if "event_types" not in expected:
        return a, a, a
    parallel = any(kind.startswith("Parallel") for kind in answer.events)
    b = a and _listed(expected["states_entered"], parallel) == _listed(answer.states, parallel)
    c = b and normal(_listed(expected["event_types"], False)) == normal(list(answer.events))
    return a, b, c


def _listed(values: object, in_any_order: bool) -> list[str]:
    assert isinstance(values, (list, tuple))
    return sorted(values) if in_any_order else list(values)


def normal(events: list[str]) -> list[str]:
    """Events of a Parallel state sorted, as in the recordings; its own Succeeded is not in them."""
    if "ParallelStateStarted" not in events or "ParallelStateExited" not in events:
        return events
    start = events.index("ParallelStateStarted") + 1
    end = len(events) - 1 - events[::-1].index("ParallelStateExited")
    inner = sorted(e for e in events[start:end] if e != "ParallelStateSucceeded")
    return events[:start] + inner + events[end:]


def _same(expected: object, got: object, lenient: bool) -> bool:
    """Equal JSON; true is not 1. In flagged rows a recorded placeholder stands for whatever was there."""
    if lenient and isinstance(expected, str) and not isinstance(got, (dict, list)):
        pattern = re.sub(r"<[^<>]+>", ".+", re.sub(r"([.*+?()\[\]{}|^$\\])", r"\\\1", expected))
        return expected in PLACEHOLDERS or re.fullmatch(pattern, str(got)) is not None
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return expected.keys() == got.keys() and all(
            _same(expected[key], got[key], lenient) for key in expected
        )
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(
            _same(*pair, lenient) for pair in zip(expected, got, strict=True)
        )
    return expected == got


def _statelint(options: Options, report: Report) -> None:
    folder = options.data / "asl" / "statelint"
    spec = folder / "statelint_spec.rb"
    if not spec.exists():
        report.missing("statelint.agree", f"there is no {spec}")
        return
    verdicts = _verdicts(spec.read_text("utf-8"))
    agreed = 0
    for name, accepted in sorted(verdicts.items()):
        findings = _errors(folder / name)
        if (not findings) == accepted:
            agreed += 1
        else:
            report.note(
                f"statelint {name}: statelint {'accepts' if accepted else 'rejects'}; here {findings}"
            )
    report.add("statelint.agree", agreed / len(verdicts), len(verdicts))


def _verdicts(spec: str) -> dict[str, bool]:
    """File name → accepted, out of the expectations that follow each file."""
    verdicts: dict[str, bool] = {}
    name = ""
    for line in spec.splitlines():
        if read := re.search(r'"test/([\w.-]+\.json)"', line):
            name = read[1]
        elif (expected := re.search(r"problems\.size\)\.to eq\((\d+)\)", line)) and name:
            verdicts[name] = expected[1] == "0"
    return verdicts


def _errors(path: Path) -> list[str]:
    return [str(finding) for finding in validate(path.read_text("utf-8")) if finding.severity == "ERROR"]


def _validator(options: Options, report: Report) -> None:
    folder = options.data / "asl" / "validator"
    files = [*sorted(folder.glob("valid-*.json")), *sorted(folder.glob("invalid-*.json"))]
    if not files:
        report.missing("validator.agree", f"there are no valid-*.json or invalid-*.json in {folder}")
        return
    agreed = 0
    for path in files:
        findings = _errors(path)
        if (not findings) == path.name.startswith("valid-"):
            agreed += 1
        else:
            report.note(f"validator {path.name}: {findings}")
    report.add("validator.agree", agreed / len(files), len(files))


if __name__ == "__main__":
    main()
