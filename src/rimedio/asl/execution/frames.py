"""Where an execution stands: one frame for every thread of control, a tree of them for nested ones.

The root frame has the path "", the third branch of its Parallel "/2", the first item of a Map in there
"/2/0". A frame is written to the journal whenever it changes; its children are written apart from it, so
that finishing one item of a large Map costs one small row.
"""

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import orjson

from rimedio.asl.definition.model import Graph, Machine, MapPart, ParallelPart, State
from rimedio.asl.errors import StatesError
from rimedio.asl.expressions.query import MISSING, Missing
from rimedio.asl.journal.port import Changes, Event, Execution, Signal
from rimedio.asl.jsontext import JSON, dumps, loads


class Phase(IntEnum):
    """What a frame is doing."""

    ENTER = 0
    EXECUTE = 1
    TASK = 2
    TOKEN = 3
    SLEEP = 4
    BACKOFF = 5
    CHILDREN = 6
    DONE = 7
    FAILED = 8
    READ = 9
    WRITE = 10


@dataclass(slots=True)
class Children:
    """The children of a Parallel or Map: results by index, how many run, which failed, which are to start.

    `failed_items`: how many were in batches that failed, once counted. `again`: child executions that a redrive
    goes on with. `spans`: of those that are over when they began, when they ended, how often they were redriven.
    """

    results: "list[JSON | Missing]"
    pending: deque[int] = field(default_factory=deque)
    running: int = 0
    failures: "dict[int, Frame]" = field(default_factory=dict)
    failed_items: int | None = None
    again: "dict[int, Frame]" = field(default_factory=dict)
    concurrency: int = 0
    spans: dict[int, tuple[float, float, int]] = field(default_factory=dict)
    written: bool = False


@dataclass(slots=True)
class Frame:
    """One thread of control."""

    path: str
    graph: Graph
    state: str
    input: JSON
    phase: Phase = Phase.ENTER
    variables: dict[str, JSON] = field(default_factory=dict)
    entered: int = 0
    entered_at: float = 0.0
    previous: int = 0
    attempts: list[int] = field(default_factory=list)
    retries: int = 0
    attempt: int = 0
    due: float | None = None
    deadline: float | None = None
    beat_by: float | None = None
    beat_every: float | None = None
    token: str | None = None
    payload: JSON = None
    output: JSON = None
    items: list[JSON] | None = None
    limits: list[float] | None = None
    run_label: str | None = None
    redriven: float | None = None
    children: Children | None = None
    log: list[Event] | None = None
    parent: "Frame | None" = None

    @property
    def isolated(self) -> bool:
        """Whether this is a child execution of a distributed Map: own variables, own history."""
        part = None if self.parent is None else self.parent.definition.part
        return isinstance(part, MapPart) and part.distributed

    @property
    def index(self) -> int:
        """This frame's place among its siblings."""
        return int(self.path.rpartition("/")[2])

    @property
    def definition(self) -> State:
        """The state this frame is in."""
        return self.graph.states[self.state]

    def pack(self) -> bytes:
        """Everything that cannot be derived, as bytes."""
        row = [getattr(self, name) for name in _PACKED]
        row.append(None if self.log is None else [tuple(event) for event in self.log])
        try:
            return orjson.dumps(row)
        except TypeError:  # integers beyond 64 bits
            return dumps(row).encode()

    @classmethod
    def unpack(cls, path: str, body: bytes, parent: "Frame | None", machine: Machine) -> "Frame":
        """The inverse of `pack`; fields that came with a later release have their defaults."""
        *row, log = orjson.loads(body)
        graph = machine.graph if parent is None else subgraph(parent, int(path.rpartition("/")[2]))
        values = dict(zip(_PACKED, row, strict=False))
        values["phase"] = Phase(values["phase"])
        events = None if log is None else [Event(*event) for event in log]
        return cls(path=path, graph=graph, parent=parent, log=events, **values)


# Executions outlive releases: a new field goes to the end and has a default, none is moved or taken away.
_PACKED = (
    "state", "input", "phase", "variables", "entered", "entered_at", "previous", "attempts", "retries",
    "attempt", "due", "deadline", "beat_by", "beat_every", "token", "payload", "output", "items", "limits",
    "run_label", "redriven",
)  # fmt: skip


def subgraph(parent: Frame, index: int) -> Graph:
    """The states that child number `index` of a Parallel or Map runs."""
    part = parent.definition.part
    if isinstance(part, ParallelPart):
        return part.branches[index]
    if isinstance(part, MapPart):
        return part.processor
    msg = f"State {parent.state!r} has no children."
    raise TypeError(msg)


Invoke: TypeAlias = Callable[[str, JSON], JSON]


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One invocation of a handler, or a `plan` that invokes handlers itself: by their resource, with a payload."""

    execution_id: str
    path: str
    attempt: int
    state: str
    resource: str
    payload: JSON
    token: str | None = None
    retries: int = 0
    deadline: float | None = None
    plan: "Callable[[Invoke], JSON] | None" = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    call: TaskCall
    result: JSON = None
    failure: StatesError | None = None


class Run:
    """An execution in memory while it is being advanced. `origin`: under which version or alias it was started."""

    def __init__(self, execution: Execution, machine: Machine, noted: str | None = None) -> None:
        self.execution = execution
        self.origin: JSON = None if noted is None else loads(noted)
        self.machine = machine
        self.input: JSON = loads(execution.input)
        self.frames: dict[str, Frame] = {}
        self.ready: deque[Frame] = deque()
        self.calls: list[TaskCall] = []
        self.in_flight: set[tuple[str, int]] = set()
        self.outcomes: deque[Outcome] = deque()
        self.signals: deque[Signal] = deque()
        self._received: set[int] = set()
        self.timers: list[tuple[float, str, int]] = []
        self.dirty: dict[str, Frame] = {}
        self.changes = Changes(execution)
        self.next_event = execution.next_event
        self.at = execution.started
        self.early: dict[str, Signal] = {}
        self.autopsy: dict[str, bytes] | None = None
        self.dropped_before: list[str] = []
        self.written = False
        self.has_child_executions = False
        self._last: tuple[JSON, str] = (None, "null")

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended."""
        return self.execution.status != "RUNNING"

    def text(self, value: JSON) -> str:
        """JSON text; one state's output is the next one's input, so the last text is kept."""
        if value is self._last[0] and not isinstance(value, (int, float)):
            return self._last[1]
        text = dumps(value)
        self._last = (value, text)
        return text

    def touch(self, frame: Frame) -> None:
        """The frame has changed and is to be written."""
        self.dirty[frame.path] = frame

    def add(self, frame: Frame) -> None:
        """A new frame, ready to run."""
        self.frames[frame.path] = frame
        self.ready.append(frame)
        self.touch(frame)

    def receive(self, signal: Signal) -> None:
        """A signal has come in, perhaps for the second time."""
        if signal.id not in self._received:
            self._received.add(signal.id)
            self.signals.append(signal)

    def key_of(self, call: TaskCall) -> str:
        """The same for a call that is repeated after a crash, another one for every other attempt.

        Those around it count too: the first item of a Map that is tried again is a new attempt.
        """
        at, places = self.frames.get(call.path), ""
        while at is not None:
            places = f"{at.path[at.path.rfind('/') :]}#{at.entered}.{at.attempt}{places}"
            at = at.parent
        return f"{self.execution.id}{places}"

    def awaits(self, call: TaskCall) -> bool:
        """Whether the outcome of a call still matters."""
        return (call.path, call.attempt) in self.in_flight

    def set_timer(self, at: float, frame: Frame) -> None:
        """Look at the frame again at `at`."""
        heapq.heappush(self.timers, (at, frame.path, frame.attempt))

    def drop_children(self, frame: Frame) -> None:
        """Forget all descendants of a frame, in memory and, where they were written, in the journal."""
        if frame.children is None:
            return
        prefix = f"{frame.path}/"
        self.drop(lambda path: path.startswith(prefix))
        if frame.children.written:
            self.changes.subtrees.append(frame.path)
        frame.children = None

    def drop(self, doomed: Callable[[str], bool]) -> list[str]:
        """Forget the frames with such paths, and whatever is on its way to them; their paths."""
        dropped = [path for path in self.frames if doomed(path)]
        for path in dropped:
            child = self.frames.pop(path)
            child.attempt = -1  # whatever is still on its way to it comes too late
            if child.token:
                self.changes.spent_tokens.append(child.token)
                child.token = None
        self.ready = deque(f for f in self.ready if f.attempt >= 0)
        tables: tuple[dict[str, Frame] | dict[str, bytes], ...] = (self.dirty, self.changes.frames)
        for rows in tables:
            for path in [path for path in rows if doomed(path)]:
                del rows[path]
        self.in_flight = {key for key in self.in_flight if not doomed(key[0])}
        self.calls = [call for call in self.calls if not doomed(call.path)]
        return dropped

    def dissect(self) -> None:
        """Keep where everything stands just before the execution fails: a redrive goes on from there."""
        rows = {frame.path: frame.pack() for frame in [*self.dirty.values(), *self.frames.values()]}
        self.autopsy = {**self.changes.frames, **rows}
        self.dropped_before = list(self.changes.subtrees)

    def take_changes(self) -> Changes:
        """Everything since the last time, ready to be written."""
        changes, self.changes = self.changes, Changes(self.execution)
        changes.execution = self.execution._replace(next_event=self.next_event)
        if self.is_over:
            changes.spent_signals.extend(self._received)  # an answer that came early and was never asked for
        for path, frame in self.dirty.items():
            changes.frames[path] = frame.pack()
            if frame.parent is not None and frame.parent.children is not None:
                frame.parent.children.written = True
        self.dirty.clear()
        self.written = self.written or bool(changes.frames)
        return changes


def restored(
    execution: Execution, frames: Mapping[str, bytes], machine: Machine, noted: str | None = None
) -> Run:
    """A run as the journal has it; frames that were on the move are made ready."""
    run = Run(execution, machine, noted)
    done: dict[str, list[Frame]] = {}
    for path in sorted(frames, key=lambda p: (p.count("/"), p)):
        parent = run.frames.get(path.rpartition("/")[0]) if path else None
        frame = Frame.unpack(path, frames[path], parent, machine)
        if parent is not None:
            done.setdefault(parent.path, []).append(frame)
        if frame.phase not in (Phase.DONE, Phase.FAILED):
            run.frames[path] = frame
            run.has_child_executions = run.has_child_executions or frame.log is not None
    for frame in run.frames.values():
        if frame.phase in (Phase.CHILDREN, Phase.WRITE):
            _restore_children(frame, done.get(frame.path, []))
        for at in (frame.due, frame.deadline, frame.beat_by):
            if at is not None:
                run.set_timer(at, frame)
    run.written = True
    return run


def _restore_children(frame: Frame, children: list[Frame]) -> None:
    part = frame.definition.part
    count = len(part.branches) if isinstance(part, ParallelPart) else len(frame.items or ())
    state = Children([MISSING] * count, concurrency=int((frame.limits or [0])[0]), written=True)
    for child in children:
        if child.due is not None and child.deadline is not None:
            state.spans[child.index] = (child.due, child.deadline, child.retries)
        if child.phase is Phase.DONE:
            state.results[child.index] = child.output
        elif child.phase is Phase.FAILED:
            ended_by_itself = child.redriven is None and child.output is not None
            (state.failures if ended_by_itself else state.again)[child.index] = child
        else:
            state.running += 1
    started = {child.index for child in children} - state.again.keys()
    state.pending.extend(index for index in range(count) if index not in started)
    frame.children = state


def visible_variables(frame: Frame) -> Mapping[str, JSON]:
    """A frame's own variables and those of the scopes around it."""
    if frame.parent is None or frame.isolated:
        return frame.variables
    return {**visible_variables(frame.parent), **frame.variables}
