"""The one place that interprets states.

`advance` moves an execution as far as it goes without the world: through Pass, Choice, Succeed and Fail,
into Parallel and Map, up to tasks, waits and tokens. It calls no handler, sleeps never and writes nothing;
it leaves calls to make, timers to keep and changes to commit in the `Run`.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import cast

from rimedio.asl.definition.model import (
    ChoicePart,
    FailPart,
    Flow,
    MapPart,
    ParallelPart,
    Part,
    PassPart,
    State,
    SucceedPart,
    TaskPart,
    WaitPart,
)
from rimedio.asl.errors import StatesError
from rimedio.asl.execution.dataflow import DataFlow, included
from rimedio.asl.execution.distributed.child_executions import log_of
from rimedio.asl.execution.failures import Failures, located, too_large
from rimedio.asl.execution.fanout import Fanout
from rimedio.asl.execution.frames import Frame, Phase, Run, visible_variables
from rimedio.asl.execution.simple_states import SimpleStates
from rimedio.asl.execution.task_state import TaskState
from rimedio.asl.expressions.query import Services
from rimedio.asl.journal.port import Event, Signal
from rimedio.asl.jsontext import JSON, check_variables, dumps, is_too_long

EVENTS_MAX = 25_000
STEPS_BETWEEN_COMMITS = 500


class _HistoryFull(Exception):
    """The next event would be the last one that a history may have."""


class Interpreter:
    """Advances runs. Holds no state of its own, so that any thread may use it for any run."""

    def __init__(
        self,
        services: Services,
        machine_arn: str,
        role_arn: str,
        is_polled: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.services = services
        self._clock_now = services.clock.now
        self.machine_arn = machine_arn
        self.role_arn = role_arn
        self.is_polled = is_polled
        self.tasks = TaskState(self)
        self.fanout = Fanout(self)
        self.data = DataFlow(services, machine_arn, role_arn, self.fanout.surroundings)
        self._failures = Failures(self)
        simple = SimpleStates(self)
        self._executors: Mapping[type[Part], Callable[..., None]] = {
            PassPart: simple.hand_on,
            SucceedPart: simple.hand_on,
            ChoicePart: simple.choose,
            WaitPart: simple.wait,
            FailPart: simple.fail,
            TaskPart: self.tasks.execute,
            ParallelPart: self.fanout.start_parallel,
            MapPart: self.fanout.start_map,
        }

    def begin(self, run: Run) -> None:
        """Put the first frame in place."""
        run.at = self.now()
        root = Frame("", run.machine.graph, run.machine.graph.start_at, run.input)
        details = included("input", run.execution.input)
        details["roleArn"] = self.role_arn
        for word in ("Version", "Alias"):
            if isinstance(run.origin, dict) and (qualifier := run.origin.get(word.lower())):
                details[f"stateMachine{word}Arn"] = f"{self.machine_arn}:{run.machine.name}:{qualifier}"
        self.tell(run, root, "ExecutionStarted", details)
        root.previous = 0
        run.add(root)
        self.watch(run)

    def watch(self, run: Run) -> None:
        """Keep an eye on the whole machine's TimeoutSeconds; a redrive begins them anew."""
        if run.machine.timeout_seconds is not None:
            root = run.frames.get("")
            since = run.execution.started if root is None or root.redriven is None else root.redriven
            heapq.heappush(run.timers, (since + run.machine.timeout_seconds, "*", 0))

    def revive(self, run: Run) -> None:
        """After loading: put what was on the move back on its way; a call without an outcome is repeated."""
        if not run.frames:
            self.begin(run)
            return
        self.watch(run)
        with self._within_history(run):
            for frame in list(run.frames.values()):
                if frame.phase in (Phase.ENTER, Phase.EXECUTE):
                    run.ready.append(frame)
                elif frame.phase is Phase.TASK:
                    run.calls.append(self.tasks.call_of(run, frame))
                elif frame.phase in (Phase.READ, Phase.WRITE):
                    run.calls.append(self.fanout.map_runs.call_of(run, frame))
                elif frame.phase is Phase.CHILDREN:
                    self.fanout.proceed(run, frame)

    def redrive(self, run: Run) -> None:
        """Go on where the execution failed; tasks that had succeeded are not repeated."""
        root = run.frames[""]
        run.at = root.redriven = self.now()
        root.previous = run.next_event - 1
        self.tell(run, root, "ExecutionRedriven", {"redriveCount": run.execution.redrives})
        with self._within_history(run):
            for frame in list(run.frames.values()):
                self._redrive_frame(run, frame)
            self.revive(run)

    def _redrive_frame(self, run: Run, frame: Frame) -> None:
        frame.attempts = [0] * len(frame.definition.retry)
        frame.retries = 0
        if frame.phase in (Phase.TASK, Phase.TOKEN, Phase.BACKOFF, Phase.READ):
            frame.phase = Phase.EXECUTE
        self.fanout.map_runs.redrive(run, frame)
        frame.attempt += 1
        frame.token = frame.deadline = frame.beat_by = None
        if frame.phase is Phase.SLEEP:
            run.set_timer(frame.due or 0.0, frame)
        run.touch(frame)

    def advance(self, run: Run) -> bool:
        """Go on until nothing is ready; True when it paused so that progress gets written."""
        run.at = self.now()
        with self._within_history(run):
            self._take_signals(run)
            while run.outcomes:
                self.tasks.settle(run, run.outcomes.popleft())
            self._ring_timers(run)
            for _ in range(STEPS_BETWEEN_COMMITS):
                if not run.ready or run.is_over:
                    return False
                run.at = self.now()
                self._step(run, run.ready.popleft())
        return bool(run.ready) and not run.is_over

    @contextmanager
    def _within_history(self, run: Run) -> Iterator[None]:
        """Fail the execution when its history has no room for what happens in here."""
        try:
            yield
        except _HistoryFull:
            cause = f"The execution reached the maximum number of history events ({EVENTS_MAX})."
            self.end(run, "FAILED", error="States.Runtime", cause=cause)

    def _step(self, run: Run, frame: Frame) -> None:
        if frame.phase is Phase.ENTER:
            self.enter(run, frame)
        state = frame.definition
        try:
            self.execute(run, frame, state)
        except StatesError as error:
            self.fail(run, frame, state, located(frame, error))

    def enter(self, run: Run, frame: Frame) -> None:
        """Record that a state has been entered."""
        state = frame.definition
        frame.phase = Phase.EXECUTE
        frame.attempts = [0] * len(state.retry)
        frame.retries = 0
        frame.attempt += 1
        details = included("input", run.text(frame.input))
        details["name"] = state.name
        frame.entered = self.tell(run, frame, f"{state.type}StateEntered", details)
        frame.entered_at = run.at
        run.touch(frame)

    def execute(self, run: Run, frame: Frame, state: State) -> None:
        """Do what the state's type says. Raises StatesError."""
        self._executors[type(state.part)](run, frame, state, state.part)

    # -- transitions

    def finish(self, run: Run, frame: Frame, result: JSON) -> None:
        """Leave a state the ordinary way; it fails when an expression does."""
        state = frame.definition
        try:
            self.leave(run, frame, result, state.flow, state.next)
        except StatesError as error:
            self.fail(run, frame, state, located(frame, error))

    def leave(
        self, run: Run, frame: Frame, result: JSON, flow: Flow, following: str | None, *, caught: bool = False
    ) -> None:
        """Apply the outgoing data flow and move on. Raises StatesError when an expression fails."""
        state = frame.definition
        output, assigned = self.data.outcome(run, frame, result, flow, caught=caught)
        text = run.text(output)
        if is_too_long(text):
            raise too_large(state.name)
        details = included("output", text)
        details["name"] = state.name
        if assigned:
            texts = {key: dumps(value) for key, value in assigned.items()}
            check_variables(texts, visible_variables(frame))
            details["assignedVariables"] = dict(texts)
            details["assignedVariablesDetails"] = {"truncated": False}
            frame.variables = {**frame.variables, **assigned}
        self.tell(run, frame, f"{state.type}StateExited", details)
        self._move(run, frame, output, following)

    def _move(self, run: Run, frame: Frame, output: JSON, following: str | None) -> None:
        frame.due = frame.deadline = frame.beat_by = frame.beat_every = None
        frame.token = None
        frame.payload = frame.items = frame.limits = frame.run_label = None
        if following is not None:
            frame.state = following
            frame.input = output
            frame.phase = Phase.ENTER
            run.ready.append(frame)
            run.touch(frame)
        elif frame.parent is None:
            self.end(run, "SUCCEEDED", output=output)
        else:
            self.fanout.child_done(run, frame, output)

    def end(
        self,
        run: Run,
        status: str,
        *,
        output: JSON = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        """Close the execution."""
        root = run.frames[""]
        text = run.text(output) if status == "SUCCEEDED" else None
        told: dict[str, JSON] = {} if text is None else included("output", text)
        told |= {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}
        if status in ("ABORTED", "TIMED_OUT"):
            root.previous = 0  # it comes from outside and follows from no event
        self.tell(run, root, f"Execution{status.title().replace('_', '')}", told)
        if status != "SUCCEEDED" and run.autopsy is None:
            run.dissect()
        run.changes.spent_tokens.extend(f.token for f in run.frames.values() if f.token)
        self.fanout.map_runs.close(run)
        run.changes.subtrees[:] = run.dropped_before
        run.changes.frames = run.autopsy or {}
        if run.written and status == "SUCCEEDED":
            run.changes.subtrees.append("")
            run.changes.removed.append("")
        for working in (run.dirty, run.frames, run.ready, run.calls, run.in_flight):
            working.clear()
        run.execution = run.execution._replace(
            status=status, output=text, error=error, cause=cause, stopped=run.at
        )

    def fail(self, run: Run, frame: Frame, state: State, failure: StatesError) -> None:
        """A state has failed: try again, go where Catch says, or fail what is around it."""
        self._failures.handle(run, frame, state, failure)

    # -- time and signals

    def _ring_timers(self, run: Run) -> None:
        while (at := self.next_alarm(run)) is not None and at <= run.at:
            path = heapq.heappop(run.timers)[1]
            if path != "*":
                self._ring(run, run.frames[path], run.at)
                continue
            self.end(run, "TIMED_OUT", error="States.Timeout")
            run.execution = run.execution._replace(error=None)  # AWS tells it in the event only

    def _ring(self, run: Run, frame: Frame, now: float) -> None:
        if frame.phase in (Phase.TASK, Phase.TOKEN):
            self.tasks.ring(run, frame)
        elif frame.due is None or frame.due > now:
            return
        elif frame.phase is Phase.SLEEP:
            self.finish(run, frame, self.data.effective_input(run, frame, frame.definition))
        elif frame.phase is Phase.BACKOFF:
            frame.due = None
            frame.phase = Phase.EXECUTE
            run.ready.append(frame)
            run.touch(frame)

    def _take_signals(self, run: Run) -> None:
        while run.signals:
            signal = run.signals.popleft()
            run.changes.spent_signals.append(signal.id)
            if not run.is_over:
                self._take(run, signal)

    def _take(self, run: Run, signal: Signal) -> None:
        if signal.kind == "stop":
            body = cast("dict[str, str | None]", signal.body)
            self.end(run, "ABORTED", error=body.get("error"), cause=body.get("cause"))
            return
        if signal.kind == "limits":
            self.fanout.map_runs.update(run, cast("dict[str, JSON]", signal.body))
            return
        frame = next((f for f in run.frames.values() if f.token == signal.token), None)
        if frame is not None:
            self.tasks.signalled(run, frame, signal)

    def next_alarm(self, run: Run) -> float | None:
        """When the run wants to be looked at again; None when only the outside can move it."""
        while run.timers and not run.is_over:
            at, path, attempt = run.timers[0]
            frame = run.frames.get(path)
            if path == "*" or (frame is not None and frame.attempt == attempt):
                return at
            heapq.heappop(run.timers)
        return None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock_now().timestamp()

    def tell(self, run: Run, frame: Frame, kind: str, details: Mapping[str, JSON] | None = None) -> int:
        """Add an event to the history that the frame belongs to; the event's id."""
        log = self.log(run, frame) if run.has_child_executions else run.changes.events
        if log is run.changes.events:
            number = run.next_event
            if number >= EVENTS_MAX and not kind.startswith("Execution"):
                raise _HistoryFull
            run.next_event += 1
        else:
            number = len(log) + 1
        key = "" if details is None else _details_key(kind)
        log.append(Event(number, frame.previous, run.at, kind, key, details or {}))
        frame.previous = number
        return number

    def log(self, run: Run, frame: Frame) -> list[Event]:
        """The events of the frame's history that are not yet written."""
        own = log_of(frame)
        return run.changes.events if own is None else own


@cache
def _details_key(kind: str) -> str:
    """`MapRunFailed` → `mapRunFailedEventDetails`; all states are entered and exited under one key."""
    for shared in ("StateEntered", "StateExited"):
        if kind.endswith(shared):
            kind = shared
    return f"{kind[0].lower()}{kind[1:]}EventDetails"
