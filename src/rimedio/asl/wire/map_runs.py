"""Map runs: the child executions of a distributed Map, counted, and limits that change while they run."""

from collections.abc import Callable, Mapping

from rimedio.asl.errors import ExecutionDoesNotExist
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.map_description import MapRunDescription
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields

LIMITS = {
    "maxConcurrency": "concurrency",
    "toleratedFailureCount": "tolerated_count",
    "toleratedFailurePercentage": "tolerated_percentage",
}


class MapRuns:
    """Operations on Map runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {
            "DescribeMapRun": self.describe_map_run,
            "ListMapRuns": self.list_map_runs,
            "UpdateMapRun": self.update_map_run,
        }

    def list_map_runs(self, request: Fields) -> JSON:
        """ListMapRuns of an execution. Raises ExecutionDoesNotExist."""
        arn = request.arn("executionArn", "execution")
        machine = self._engine.describe(arn).state_machine
        runs, more = request.page(self._engine.map_runs(arn))
        told: list[JSON] = [
            {"executionArn": arn, "stateMachineArn": machine, "mapRunArn": run.arn, **_dates(run)}
            for run in runs
        ]
        return {"mapRuns": told, **more}

    def describe_map_run(self, request: Fields) -> JSON:
        """DescribeMapRun. Raises ResourceNotFound."""
        run = self._found(request)
        told: dict[str, JSON] = {
            "mapRunArn": run.arn,
            "executionArn": run.execution_id,
            "status": run.status,
            **{name: getattr(run, attribute) for name, attribute in LIMITS.items()},
            "itemCounts": dict(run.items),
            "executionCounts": dict(run.executions),
            "redriveCount": run.redrive_count,
            **_dates(run),
        }
        return told if run.redriven is None else {**told, "redriveDate": run.redriven.timestamp()}

    def update_map_run(self, request: Fields) -> JSON:
        """UpdateMapRun. Raises ResourceNotFound, and ValidationException when it is over."""
        run = self._found(request)
        limits = {attribute: request.raw(name) for name, attribute in LIMITS.items() if request.has(name)}
        if not self._engine.update_map_run(run.arn, **limits):  # type: ignore[arg-type]
            raise Fault("ValidationException", f"Map Run is {run.status} and cannot be updated: '{run.arn}'")
        return {}

    def _found(self, request: Fields) -> MapRunDescription:
        arn = request.arn("mapRunArn", "mapRun")
        try:
            return self._engine.describe_map_run(arn)
        except ExecutionDoesNotExist as error:
            raise Fault("ResourceNotFound", f"Resource not found: '{arn}'") from error


def _dates(run: MapRunDescription) -> dict[str, JSON]:
    begun: dict[str, JSON] = {"startDate": run.started.timestamp()}
    return begun if run.stopped is None else {**begun, "stopDate": run.stopped.timestamp()}
