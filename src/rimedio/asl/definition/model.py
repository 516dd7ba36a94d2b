"""A state machine as frozen data: parsed once, shared by all its executions, never changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from rimedio.asl.expressions.jsonpath import JsonPath
from rimedio.asl.expressions.query import Query
from rimedio.asl.jsontext import JSON

JSONPATH = "JSONPath"
JSONATA = "JSONata"


@dataclass(frozen=True, slots=True)
class Retrier:
    """When and how to try again."""

    errors: tuple[str, ...]
    interval: float = 1.0
    attempts_max: int = 3
    backoff: float = 2.0
    delay_max: float | None = None
    full_jitter: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What a transition does to the data: JSONPath's ResultPath, JSONata's Output, and Assign."""

    result_path: JsonPath | None = None
    discard_result: bool = False
    output: Query | None = None
    assign: Query | None = None


@dataclass(frozen=True, slots=True)
class Catcher:
    """Where to go when an error is caught."""

    errors: tuple[str, ...]
    next: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class Bound:
    """A number of a field that may be fixed, a path or an expression: timeouts, limits."""

    query: Query
    field: str


@dataclass(frozen=True, slots=True)
class PassPart:
    """`Result`, where given."""

    result: Query | None = None


@dataclass(frozen=True, slots=True)
class TaskPart:
    """What a Task calls."""

    resource: str
    timeout: Bound | None = None
    heartbeat: Bound | None = None
    credentials: Query | None = None

    @property
    def waits_for_token(self) -> bool:
        """Whether the answer comes later, with a token."""
        return self.resource.endswith(".waitForTaskToken")


@dataclass(frozen=True, slots=True)
class Rule:
    """One choice: a condition and where it leads."""

    condition: Query
    next: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class ChoicePart:
    """Rules in order, and where to go when none matches."""

    rules: tuple[Rule, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True)
class WaitPart:
    """How long: seconds, or until a timestamp."""

    query: Query
    is_timestamp: bool
    field: str


@dataclass(frozen=True, slots=True)
class FailPart:
    """Error and cause."""

    error: Query | None = None
    cause: Query | None = None


@dataclass(frozen=True, slots=True)
class ParallelPart:
    """Branches that run side by side."""

    branches: "tuple[Graph, ...]"


@dataclass(frozen=True, slots=True)
class ReaderPart:
    """Where a distributed Map's items come from."""

    resource: str
    config: Mapping[str, JSON]
    arguments: Query | None
    items_max: Bound | None


@dataclass(frozen=True, slots=True)
class BatcherPart:
    """How items are grouped: at most so many, or so many bytes, with an input for every batch."""

    items_max: Bound | None
    bytes_max: Bound | None
    batch_input: Query | None


@dataclass(frozen=True, slots=True)
class WriterPart:
    """Where a distributed Map's results go."""

    resource: str
    arguments: Query | None
    config: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class MapPart:
    """A sub-machine run once for each item."""

    processor: "Graph"
    distributed: bool = False
    express: bool = False
    items: Query | None = None
    selector: Query | None = None
    concurrency: Bound | None = None
    tolerated_count: Bound | None = None
    tolerated_percentage: Bound | None = None
    reader: ReaderPart | None = None
    batcher: BatcherPart | None = None
    writer: WriterPart | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class SucceedPart:
    """Nothing of its own."""


Part: TypeAlias = (
    PassPart | TaskPart | ChoicePart | WaitPart | SucceedPart | FailPart | ParallelPart | MapPart
)


@dataclass(frozen=True, slots=True)
class State:
    """One state. `input_null` and `output_null` are the explicit null of InputPath and OutputPath."""

    name: str
    type: str
    language: str
    part: Part
    next: str | None = None
    input_path: Query | None = None
    input_null: bool = False
    parameters: Query | None = None
    selector: Query | None = None
    output_path: Query | None = None
    output_null: bool = False
    flow: Flow = field(default_factory=Flow)
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()

    @property
    def is_jsonata(self) -> bool:
        """Whether this state's fields are JSONata."""
        return self.language == JSONATA


@dataclass(frozen=True, slots=True)
class Graph:
    """States and where to begin: a machine, a branch, or the sub-machine of a Map."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True)
class Machine:
    """A parsed state machine."""

    graph: Graph
    definition: str
    name: str = "StateMachine"
    comment: str = ""
    timeout_seconds: int | None = None
    version: str = "1.0"

    @cached_property
    def digest(self) -> str:
        """Identifies the definition: executions go on with the one they were started with."""
        return hashlib.sha256(f"{self.name}\n{self.definition}".encode()).hexdigest()[:32]

    @classmethod
    def parse(cls, definition: "str | Mapping[str, JSON]", name: str = "StateMachine") -> "Machine":
        """Check and parse a definition. Raises InvalidDefinition with AWS's diagnostics."""
        from rimedio.asl.definition.parser import parse_machine

        return parse_machine(definition, name)
