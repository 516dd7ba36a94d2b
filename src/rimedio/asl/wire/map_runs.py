"""Map runs: the child executions of a distributed Map, counted."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rimedio.asl.execution.engine import Engine
from rimedio.asl.journal.port import Event
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields

ENDINGS = {"MapRunSucceeded": "SUCCEEDED", "MapRunFailed": "FAILED", "MapRunAborted": "ABORTED"}
EVERY = 10**9


@dataclass
class _MapRun:
    """One Map run, read out of the parent's history."""

    arn: str
    execution: str
    machine: str
    started: float
    total: int = 0
    status: str = "RUNNING"
    stopped: float | None = None
    redrives: int = 0
    redriven: float = 0.0


class MapRuns:
    """Operations on Map runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {"DescribeMapRun": self._describe, "ListMapRuns": self._list}

    def _runs(self, execution: str) -> Iterator[_MapRun]:
        """In the order in which they began. Raises ExecutionDoesNotExist."""
        parent = self._engine.describe(execution)
        runs: dict[str, _MapRun] = {}
        of_event: dict[int, _MapRun | None] = {}
        length = 0
        for event in self._engine.journal.events(execution):
            run = of_event.get(event.previous)
            if event.type == "MapStateStarted":
                length = int(str(event.details.get("length", 0)))
            elif event.type == "MapRunStarted":
                arn = str(event.details["mapRunArn"])
                run = runs[arn] = _MapRun(arn, execution, parent.state_machine, event.at, length)
            elif event.type == "MapRunRedriven":
                run = runs[str(event.details["mapRunArn"])]
                run.status, run.stopped, run.redriven = "RUNNING", None, event.at
                run.redrives += 1
            elif run is not None and event.type in ENDINGS:
                run.status, run.stopped = ENDINGS[event.type], event.at
            of_event[event.id] = run
        for run in runs.values():
            _closed_with(run, parent.status, self._engine.journal.events(execution)[-1])
            yield run

    def _list(self, request: Fields) -> JSON:
        runs, more = request.page(list(self._runs(request.arn("executionArn", "execution"))))
        told: list[JSON] = [
            {
                "executionArn": run.execution,
                "mapRunArn": run.arn,
                "stateMachineArn": run.machine,
                "startDate": run.started,
                **({} if run.stopped is None else {"stopDate": run.stopped}),
            }
            for run in runs
        ]
        return {"mapRuns": told, **more}

    def _describe(self, request: Fields) -> JSON:
        arn = request.arn("mapRunArn", "mapRun")
        name = arn.partition(":mapRun:")[2].partition("/")[0]
        for execution in self._engine.list_executions(name, limit=EVERY):
            for run in self._runs(execution.execution_id):
                if run.arn == arn:
                    return self._told(run)
        raise Fault("ResourceNotFound", f"Resource not found: '{arn}'")

    def _told(self, run: _MapRun) -> JSON:
        children = self._engine.list_executions(None, None, run.arn, limit=EVERY)
        counts = _counts(run, Counter(child.status for child in children))
        told: dict[str, JSON] = {
            "mapRunArn": run.arn,
            "executionArn": run.execution,
            "status": run.status,
            "startDate": run.started,
            "maxConcurrency": 0,
            "toleratedFailurePercentage": 0.0,
            "toleratedFailureCount": 0,
            "itemCounts": counts,
            "executionCounts": counts,
            "redriveCount": run.redrives,
        }
        if run.stopped is not None:
            told["stopDate"] = run.stopped
        if run.redrives:
            told["redriveDate"] = run.redriven
        return told


def _closed_with(run: _MapRun, status: str, last: Event) -> None:
    """A Map run ends with its execution at the latest."""
    if run.status == "RUNNING" and status != "RUNNING":
        run.status, run.stopped = "ABORTED", last.at


def _counts(run: _MapRun, ended: Counter[str]) -> dict[str, JSON]:
    over = sum(ended.values())
    total = max(run.total, over)  # items that were read stand in no event
    running = total - over if run.status == "RUNNING" else 0
    return {
        "pending": 0,
        "running": running,
        "succeeded": ended["SUCCEEDED"],
        "failed": ended["FAILED"],
        "timedOut": ended["TIMED_OUT"],
        "aborted": ended["ABORTED"] + total - over - running,
        "total": total,
        "resultsWritten": 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
