"""What callers see of executions: descriptions and events, in AWS's shapes."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rimedio.asl.clock import iso
from rimedio.asl.journal.port import Event, Execution
from rimedio.asl.jsontext import JSON, loads


@dataclass(frozen=True)
class Description:
    """An execution as DescribeExecution shows it; input and output parsed."""

    execution_id: str
    state_machine: str
    name: str
    status: str
    input: JSON
    started: datetime
    output: JSON = None
    error: str | None = None
    cause: str | None = None
    stopped: datetime | None = None
    redrive_count: int = 0
    map_run: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status != "RUNNING"


def described(record: Execution, arn: str) -> Description:
    """The description of a record; the machine of a child execution has the Map's label in its name."""
    if record.parent is not None:
        machine_name = record.parent.split(":")[-2]
    else:  # …:execution:machine:name
        machine_name = record.id.removesuffix(f":{record.name}").split(":", 6)[6]
    return Description(
        execution_id=record.id,
        state_machine=f"{arn}:stateMachine:{machine_name}",
        name=record.name,
        status=record.status,
        input=loads(record.input),
        started=datetime.fromtimestamp(record.started, UTC),
        output=None if record.output is None else loads(record.output),
        error=record.error,
        cause=record.cause,
        stopped=None if record.stopped is None else datetime.fromtimestamp(record.stopped, UTC),
        redrive_count=record.redrives,
        map_run=record.parent,
    )


def event_as_aws(event: Event) -> dict[str, JSON]:
    """An event as GetExecutionHistory returns it; the timestamp as ISO 8601 text."""
    shaped: dict[str, JSON] = {
        "timestamp": iso(datetime.fromtimestamp(event.at, UTC)),
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous,
    }
    if event.key:
        shaped[event.key] = dict(event.details)
    return shaped
