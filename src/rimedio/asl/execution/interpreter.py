"""The one place that interprets states.

`advance` moves an execution as far as it goes without the world: through Pass, Choice, Succeed and Fail,
into Parallel and Map, up to tasks, waits and tokens. It calls no handler, sleeps never and writes nothing;
it leaves calls to make, timers to keep and changes to commit in the `Run`.
"""

import heapq
from collections.abc import Callable
from typing import cast

from rimedio.asl.definition.model import (
    ChoicePart,
    FailPart,
    Flow,
    MapPart,
    ParallelPart,
    PassPart,
    State,
    TaskPart,
    WaitPart,
)
from rimedio.asl.errors import StatesError
from rimedio.asl.execution.dataflow import DataFlow
from rimedio.asl.execution.failures import Failures, located, too_large
from rimedio.asl.execution.fanout import Fanout
from rimedio.asl.execution.frames import Frame, Phase, Run
from rimedio.asl.execution.map_run import log_of
from rimedio.asl.execution.simple_states import SimpleStates
from rimedio.asl.execution.task_state import TaskState
from rimedio.asl.expressions.query import Services
from rimedio.asl.journal.port import Event, Signal
from rimedio.asl.jsontext import JSON, dumps, is_too_long

EVENTS_MAX = 25_000
STEPS_BETWEEN_COMMITS = 500
DETAILS_KEPT = {"truncated": False}


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
        self.data = DataFlow(services, machine_arn, role_arn, self.fanout.item_of)
        self._simple = SimpleStates(self)
        self._failures = Failures(self)

    def begin(self, run: Run) -> None:
        """Put the first frame in place."""
        run.at = self.now()
        root = Frame("", run.machine.graph, run.machine.graph.start_at, run.input)
        details: dict[str, JSON] = {
            "input": run.execution.input,
            "inputDetails": dict(DETAILS_KEPT),
            "roleArn": self.role_arn,
        }
        self.emit(run, root, "ExecutionStarted", "executionStartedEventDetails", details)
        root.previous = 0
        run.add(root)
        if run.machine.timeout_seconds is not None:
            self.watch(run)

    def watch(self, run: Run) -> None:
        """Keep an eye on the whole machine's TimeoutSeconds."""
        if run.machine.timeout_seconds is not None:
            heapq.heappush(run.timers, (run.execution.started + run.machine.timeout_seconds, "*", 0))

    def revive(self, run: Run) -> None:
        """After loading: put what was on the move back on its way; a call without an outcome is repeated."""
        self.watch(run)
        if not run.frames:
            self.begin(run)
            return
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
        details: dict[str, JSON] = {"redriveCount": run.execution.redrives}
        self.emit(run, run.frames[""], "ExecutionRedriven", "executionRedrivenEventDetails", details)
        for frame in run.frames.values():
            frame.attempts = [0] * len(frame.definition.retry)
            if frame.phase in (Phase.TASK, Phase.TOKEN, Phase.BACKOFF, Phase.READ):
                frame.phase = Phase.EXECUTE
            self.fanout.map_runs.redrive(run, frame)
            frame.attempt += 1
            frame.token = frame.deadline = frame.beat_by = None
            if frame.phase is Phase.SLEEP:
                run.set_timer(frame.due or 0.0, frame)
            run.touch(frame)
        self.revive(run)

    def advance(self, run: Run) -> bool:
        """Go on until nothing is ready; True when it paused so that progress gets written."""
        run.at = self.now()
        self._take_signals(run)
        while run.outcomes:
            self.tasks.settle(run, run.outcomes.popleft())
        self._ring_timers(run)
        steps = 0
        while run.ready and not run.is_over:
            if steps >= STEPS_BETWEEN_COMMITS:
                return True
            steps += 1
            run.at = self.now()
            self._step(run, run.ready.popleft())
        return False

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
        details: dict[str, JSON] = {
            "input": run.text(frame.input),
            "inputDetails": dict(DETAILS_KEPT),
            "name": state.name,
        }
        frame.entered = self.emit(
            run, frame, f"{state.type}StateEntered", "stateEnteredEventDetails", details
        )
        frame.entered_at = run.at
        run.touch(frame)
        if run.next_event > EVENTS_MAX:
            cause = f"The execution reached the maximum number of history events ({EVENTS_MAX})."
            self.end(run, "FAILED", error="States.Runtime", cause=cause)

    def execute(self, run: Run, frame: Frame, state: State) -> None:
        """Do what the state's type says. Raises StatesError."""
        part = state.part
        if run.is_over:
            return
        if isinstance(part, PassPart):
            self._simple.run_pass(run, frame, state, part)
        elif isinstance(part, ChoicePart):
            self._simple.choose(run, frame, state, part)
        elif isinstance(part, TaskPart):
            self.tasks.execute(run, frame, state, part)
        elif isinstance(part, WaitPart):
            self._simple.wait(run, frame, state, part)
        elif isinstance(part, ParallelPart):
            self.fanout.start_parallel(run, frame, state, part)
        elif isinstance(part, MapPart):
            self.fanout.start_map(run, frame, state, part)
        elif isinstance(part, FailPart):
            self._simple.fail(run, frame, state, part)
        else:
            self.leave(run, frame, self.data.effective_input(run, frame, state), state.flow, state.next)

    # -- transitions

    def leave(
        self,
        run: Run,
        frame: Frame,
        result: JSON,
        flow: Flow,
        following: str | None,
        *,
        states: dict[str, JSON] | None = None,
    ) -> None:
        """Apply the outgoing data flow and move on. Raises StatesError when an expression fails."""
        state = frame.definition
        output, assigned = self.data.outcome(run, frame, result, flow, states)
        text = run.text(output)
        if is_too_long(text):
            raise too_large(state.name)
        details: dict[str, JSON] = {
            "name": state.name,
            "output": text,
            "outputDetails": dict(DETAILS_KEPT),
        }
        if assigned:
            details["assignedVariables"] = {key: dumps(value) for key, value in assigned.items()}
            details["assignedVariablesDetails"] = dict(DETAILS_KEPT)
            frame.variables = {**frame.variables, **assigned}
        self.emit(run, frame, f"{state.type}StateExited", "stateExitedEventDetails", details)
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
        details: dict[str, JSON] = (
            {"output": text, "outputDetails": dict(DETAILS_KEPT)}
            if text is not None
            else {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}
        )
        word = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}[
            status
        ]
        self.emit(run, root, f"Execution{word}", f"execution{word}EventDetails", details)
        if status != "SUCCEEDED" and run.autopsy is None:
            run.dissect()
        run.changes.spent_tokens.extend(f.token for f in run.frames.values() if f.token)
        run.changes.subtrees.clear()
        run.changes.frames = run.autopsy or {}
        if run.written and status == "SUCCEEDED":
            run.changes.subtrees.append("")
            run.changes.removed.append("")
        run.dirty.clear()
        run.frames.clear()
        run.ready.clear()
        run.calls.clear()
        run.in_flight.clear()
        run.execution = run.execution._replace(
            status=status, output=text, error=error, cause=cause, stopped=run.at
        )

    def fail(self, run: Run, frame: Frame, state: State, failure: StatesError) -> None:
        """A state has failed: try again, go where Catch says, or fail what is around it."""
        self._failures.handle(run, frame, state, failure)

    # -- time and signals

    def _ring_timers(self, run: Run) -> None:
        now = run.at
        while run.timers and run.timers[0][0] <= now and not run.is_over:
            _, path, attempt = heapq.heappop(run.timers)
            if path == "*":
                self.end(run, "TIMED_OUT", error="States.Timeout")
                return
            frame = run.frames.get(path)
            if frame is not None and frame.attempt == attempt:
                self._ring(run, frame, now)

    def _ring(self, run: Run, frame: Frame, now: float) -> None:
        state = frame.definition
        if frame.phase is Phase.SLEEP and frame.due is not None and frame.due <= now:
            try:
                self.leave(run, frame, self.data.effective_input(run, frame, state), state.flow, state.next)
            except StatesError as error:
                self.fail(run, frame, state, located(frame, error))
        elif frame.phase is Phase.BACKOFF and frame.due is not None and frame.due <= now:
            frame.due = None
            frame.phase = Phase.EXECUTE
            run.ready.append(frame)
            run.touch(frame)
        elif frame.phase in (Phase.TASK, Phase.TOKEN):
            self.tasks.ring(run, frame, now)

    def _take_signals(self, run: Run) -> None:
        while run.signals and not run.is_over:
            self._take(run, run.signals.popleft())
        if run.is_over:
            run.changes.spent_signals.extend(signal.id for signal in run.signals)
            run.signals.clear()

    def _take(self, run: Run, signal: Signal) -> None:
        run.changes.spent_signals.append(signal.id)
        if signal.kind == "stop":
            body = cast("dict[str, JSON]", signal.body)
            error, cause = (cast("str | None", body.get(key)) for key in ("error", "cause"))
            self.end(run, "ABORTED", error=error, cause=cause)
            return
        frame = next((f for f in run.frames.values() if f.token == signal.token), None)
        if frame is not None:
            self.tasks.signalled(run, frame, signal)

    def next_alarm(self, run: Run) -> float | None:
        """When the run wants to be looked at again; None when only the outside can move it."""
        while run.timers:
            at, path, attempt = run.timers[0]
            frame = run.frames.get(path)
            if path == "*" or (frame is not None and frame.attempt == attempt):
                return at
            heapq.heappop(run.timers)
        return None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock_now().timestamp()

    def emit(self, run: Run, frame: Frame, kind: str, key: str, details: dict[str, JSON]) -> int:
        """Add an event to the history that the frame belongs to; the event's id."""
        log = log_of(frame) if run.has_child_executions else None
        if log is None:
            number = run.next_event
            run.next_event += 1
            log = run.changes.events
        else:
            number = len(log) + 1
        log.append(Event(number, frame.previous, run.at, kind, key, details))
        frame.previous = number
        return number
