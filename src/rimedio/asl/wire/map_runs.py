"""Map runs: the child executions of a distributed Map, counted, and limits that change while they run."""

from rimedio.asl.errors import ExecutionDoesNotExist
from rimedio.asl.execution.distributed.map_description import MapRunDescription
from rimedio.asl.execution.engine import Engine
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields, present

LIMITS = {
    "maxConcurrency": "concurrency",
    "toleratedFailureCount": "tolerated_count",
    "toleratedFailurePercentage": "tolerated_percentage",
}


class MapRuns:
    """Operations on Map runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_map_runs(self, request: Fields) -> JSON:
        """ListMapRuns of an execution. Raises ExecutionDoesNotExist."""
        arn = request.arn("executionArn", "execution")
        machine = self._engine.describe(arn).state_machine
        told: dict[str, JSON] = {"executionArn": arn, "stateMachineArn": machine}
        runs = self._engine.map_runs(arn)
        return request.listed("mapRuns", runs, lambda run: {**told, "mapRunArn": run.arn, **_dates(run)})

    def describe_map_run(self, request: Fields) -> JSON:
        """DescribeMapRun. Raises ResourceNotFound."""
        run = self._found(request)
        return {
            "mapRunArn": run.arn,
            "executionArn": run.execution_id,
            "status": run.status,
            **{name: getattr(run, attribute) for name, attribute in LIMITS.items()},
            "itemCounts": dict(run.items),
            "executionCounts": dict(run.executions),
            "redriveCount": run.redrive_count,
            **_dates(run),
            **present(redriveDate=None if run.redriven is None else run.redriven.timestamp()),
        }

    def update_map_run(self, request: Fields) -> JSON:
        """UpdateMapRun. Raises ResourceNotFound, and ValidationException when it is over."""
        run = self._found(request)
        limits = {attribute: request.raw(name) for name, attribute in LIMITS.items() if request.has(name)}
        if not self._engine.update_map_run(run.arn, **limits):  # type: ignore[arg-type]
            message = f"Map Run is {run.status} and cannot be updated: '{run.arn}'"
            raise Fault("ValidationException", message, reason="CANNOT_UPDATE_COMPLETED_MAP_RUN")
        return {}

    def _found(self, request: Fields) -> MapRunDescription:
        arn = request.arn("mapRunArn", "mapRun")
        try:
            return self._engine.describe_map_run(arn)
        except ExecutionDoesNotExist as error:
            raise Fault("ResourceNotFound", f"Resource not found: '{arn}'") from error


def _dates(run: MapRunDescription) -> dict[str, JSON]:
    stopped = None if run.stopped is None else run.stopped.timestamp()
    return present(startDate=run.started.timestamp(), stopDate=stopped)
