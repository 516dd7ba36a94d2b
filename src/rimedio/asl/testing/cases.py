"""A table of cases: what goes into a machine, what its tasks answer, what must come out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, cast

from rimedio.asl.clock import VirtualClock
from rimedio.asl.definition.model import Machine
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.jsontext import JSON
from rimedio.asl.testing.coverage import every_state
from rimedio.asl.testing.difference import differences
from rimedio.asl.testing.mocks import MockedTasks, Mocks, read_mocks
from rimedio.asl.trace import History, Trace
from rimedio.asl.watching import whole_trace


class Unchecked(Enum):
    """The type of an output that a case does not look at."""

    UNCHECKED = "unchecked"


UNCHECKED: Final = Unchecked.UNCHECKED


@dataclass(frozen=True)
class Case:
    """One row of a table: what goes in, what tasks answer, what must come out (None: not checked)."""

    name: str
    input: JSON = None
    mocks: Mocks = field(default_factory=dict)
    status: str = "SUCCEEDED"
    output: JSON | Unchecked = UNCHECKED
    error: str | None = None
    states: Sequence[str] | None = None
    cause: str | None = None
    seconds: float | None = None

    @classmethod
    def read(cls, row: Mapping[str, JSON], folder: Path | None = None) -> "Case":
        """Out of JSON: name, input, mocks and expect {status, output, error, cause, states, seconds}.

        The input, the mocks and the output may be `"@file.json"`, in `folder`. Raises ValueError.
        """
        expected = cast("Mapping[str, JSON]", row.get("expect") or {})
        mocks = cast("Mapping[str, JSON]", _loaded(row.get("mocks") or {}, folder))
        seconds = expected.get("seconds")
        return cls(
            name=str(row.get("name", "case")),
            input=_loaded(row.get("input"), folder),
            mocks=read_mocks(mocks),
            status=str(expected.get("status", "SUCCEEDED")),
            output=_loaded(expected["output"], folder) if "output" in expected else UNCHECKED,
            error=cast("str | None", expected.get("error")),
            states=cast("list[str] | None", expected.get("states")),
            cause=cast("str | None", expected.get("cause")),
            seconds=None if seconds is None else float(str(seconds)),
        )


def _loaded(value: JSON, folder: Path | None) -> JSON:
    """The value, or what the file holds that `"@file"` names."""
    if folder is None or not isinstance(value, str) or not value.startswith("@"):
        return value
    try:
        found: JSON = json.loads((folder / value[1:]).read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{value} cannot be read: {error}."
        raise ValueError(msg) from error
    return found


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON file: a list, or an object with `cases`. Raises ValueError, OSError."""
    rows = json.loads(path.read_text("utf-8"))
    if isinstance(rows, dict):
        rows = rows.get("cases", [rows])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        msg = "A file of cases is a JSON list of objects {name, input, mocks, expect}."
        raise ValueError(msg)
    return [Case.read(row, path.parent) for row in rows]


@dataclass(frozen=True)
class CaseResult:
    """How a case went; `problems` is empty when all was as expected. `seconds` are those of the virtual clock.

    The trace holds the child executions of distributed Maps as well.
    """

    case: Case
    execution: Description
    history: History
    problems: Sequence[str]
    seconds: float = 0.0
    trace: Trace = field(default_factory=Trace)

    @property
    def states(self) -> list[str]:
        """Names of the states in the order in which they were entered."""
        return states_entered(self.history)


def run_case(machine: Machine, case: Case) -> CaseResult:
    """Run a case on a virtual clock, so that waits and backoffs take no time."""
    tasks = MockedTasks(case.mocks)
    clock = VirtualClock()
    engine = Engine(None, tasks.handlers, clock=clock)
    tasks.bind(engine)
    began = clock.now()
    found = engine.run(engine.start(machine, case.input))
    seconds = (clock.now() - began).total_seconds()
    history = engine.history(found.execution_id)
    problems = [*_unknown(machine, case), *_problems(case, found, history, seconds)]
    trace = whole_trace(engine, found.execution_id)
    return CaseResult(case, found, history, problems, seconds, trace)


def _unknown(machine: Machine, case: Case) -> Iterator[str]:
    names = {state.name for state in every_state(machine.graph)}
    for state in case.mocks:
        if state not in names:
            yield f"mocks name the state {state!r}, which the machine does not have"


def _problems(case: Case, found: Description, history: History, seconds: float) -> Iterator[str]:
    if found.status != case.status:
        why = f" ({found.error}: {found.cause})" if found.error else ""
        leaves = [leaf.name for leaf in Trace.of(history).leaves()]
        where = f" in {', '.join(leaves)}" if found.status == "RUNNING" else ""
        yield f"status is {found.status}{where}{why}, expected {case.status}"
    if not isinstance(case.output, Unchecked) and found.status == "SUCCEEDED":
        for difference in differences(found.output, case.output):
            yield f"output {difference}"
    for what, got, expected in (("error", found.error, case.error), ("cause", found.cause, case.cause)):
        if expected is not None and got != expected:
            yield f"{what} is {got}, expected {expected}"
    entered = states_entered(history)
    if case.states is not None and entered != list(case.states):
        yield from _paths(entered, list(case.states))
    if case.seconds is not None and abs(seconds - case.seconds) > 0.01:
        yield f"it took {seconds:g} seconds, expected {case.seconds:g}"


def _paths(got: list[str], expected: list[str]) -> Iterator[str]:
    same = next(
        (i for i, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b),
        min(len(got), len(expected)),
    )
    after = f"after {got[same - 1]}" if same else "at the start"
    rest = [" → ".join(path[same : same + 6]) or "the end" for path in (got, expected)]
    yield f"states: {after} came {rest[0]}, expected {rest[1]}"


def states_entered(history: History) -> list[str]:
    """Names of the states in the order in which they were entered."""
    details = (event.get("stateEnteredEventDetails") for event in history)
    return [str(detail["name"]) for detail in details if isinstance(detail, dict)]
