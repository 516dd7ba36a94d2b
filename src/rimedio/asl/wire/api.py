"""Every operation of Step Functions by its name, on one engine."""

from collections.abc import Callable, Mapping
from types import TracebackType

from rimedio.asl.execution.engine import Engine
from rimedio.asl.integrations.activities import POLL_SECONDS_MAX, Activities
from rimedio.asl.integrations.services import snake_case
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.checks import Checks
from rimedio.asl.wire.executions import Executions
from rimedio.asl.wire.faults import Fault, faults
from rimedio.asl.wire.fields import Fields
from rimedio.asl.wire.machines import Machines
from rimedio.asl.wire.map_runs import MapRuns
from rimedio.asl.wire.requests import REQUESTS, check
from rimedio.asl.wire.tags import Tags
from rimedio.asl.wire.tasks import Tasks
from rimedio.asl.wire.versions import Versions

Operation = Callable[[Fields], JSON]


class Api:
    """Answers requests. `engine` runs the executions; give it handlers for the tasks.

    An operation is the method of the same name (`StartExecution`: `start_execution`) of one of its parts.
    `poll_seconds` is how long GetActivityTask waits for a task.
    """

    def __init__(self, engine: Engine, poll_seconds: float = POLL_SECONDS_MAX) -> None:
        self.engine = engine
        arns = Arns(engine.arn)
        tags = Tags(engine.journal)
        machines = Machines(engine, arns, tags)
        self._executions = Executions(engine, arns, machines)
        tasks = Tasks(engine, Activities(engine, engine.arn), tags, poll_seconds)
        checks, versions = Checks(engine), Versions(engine, arns, machines)
        parts = (machines, versions, self._executions, MapRuns(engine), tasks, tags, checks)
        methods = {name: snake_case(name) for name in REQUESTS}
        self.operations: Mapping[str, Operation] = {
            name: getattr(part, method)
            for name, method in methods.items()
            for part in parts
            if hasattr(part, method)
        }

    def __call__(self, operation: str, request: Mapping[str, JSON]) -> JSON:
        """The answer to one request. Raises Fault under the name that the service gives the error."""
        found = self.operations.get(operation)
        if found is None:
            raise Fault("UnknownOperationException", f"There is no operation {operation!r} here.")
        check(operation, request)
        with faults(request):
            return found(Fields(request))

    def __enter__(self) -> "Api":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executions.close()
