"""Every operation of Step Functions by its name, on one engine."""

from collections.abc import Callable, Mapping
from types import TracebackType

from rimedio.asl.execution.engine import Engine
from rimedio.asl.integrations.activities import Activities
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.checks import Checks
from rimedio.asl.wire.executions import Executions
from rimedio.asl.wire.faults import Fault, faults
from rimedio.asl.wire.fields import Fields
from rimedio.asl.wire.machines import Machines
from rimedio.asl.wire.map_runs import MapRuns
from rimedio.asl.wire.tags import Tags
from rimedio.asl.wire.tasks import Tasks
from rimedio.asl.wire.versions import Versions

Operation = Callable[[Fields], JSON]


class Api:
    """Answers requests. `engine` runs the executions; give it handlers for the tasks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        arns = Arns(engine.arn)
        tags = Tags(engine.journal)
        self._machines = Machines(engine, arns, tags)
        self._executions = Executions(engine, arns, self._machines)
        map_runs = MapRuns(engine)
        tasks = Tasks(engine, Activities(engine, engine.arn), tags)
        parts = (
            self._machines.operations(),
            Versions(engine, arns, self._machines).operations(),
            self._executions.operations(),
            map_runs.operations(),
            tasks.operations(),
            tags.operations(),
            Checks(engine).operations(),
        )
        self.operations: Mapping[str, Operation] = {
            name: operation for part in parts for name, operation in part.items()
        }

    def __call__(self, operation: str, request: Mapping[str, JSON]) -> JSON:
        """The answer to one request. Raises Fault under the name that the service gives the error."""
        found = self.operations.get(operation)
        if found is None:
            raise Fault("UnknownOperationException", f"There is no operation {operation!r} here.")
        with faults():
            return found(Fields(request))

    def __enter__(self) -> "Api":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executions.close()
