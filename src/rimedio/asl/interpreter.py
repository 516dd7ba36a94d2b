"""The one place that interprets states.

`advance` moves an execution as far as it goes without the world: through Pass, Choice, Succeed and Fail,
into Parallel and Map, up to tasks, waits and tokens. It calls no handler, sleeps never and writes nothing;
it leaves calls to make, timers to keep and changes to commit in the `Run`.
"""

import heapq
import math
from datetime import UTC, datetime
from typing import cast

from rimedio.asl.choice import parse_timestamp
from rimedio.asl.clock import iso
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.fanout import Fanout
from rimedio.asl.frames import Frame, Phase, Run, visible_variables
from rimedio.asl.journal import Event, Signal
from rimedio.asl.jsonata_query import require
from rimedio.asl.jsonpath import put_at
from rimedio.asl.jsontext import JSON, PAYLOAD_BYTES_MAX, dumps
from rimedio.asl.map_run import log_of
from rimedio.asl.model import (
    Bound,
    Catcher,
    ChoicePart,
    FailPart,
    Flow,
    MapPart,
    ParallelPart,
    PassPart,
    Retrier,
    State,
    TaskPart,
    WaitPart,
)
from rimedio.asl.query import Query, Scope, Services
from rimedio.asl.task_state import TaskState

EVENTS_MAX = 25_000
WAIT_SECONDS_MAX = 99_999_999
WAIT_UNTIL_SECONDS_MAX = 2**31  # 68 years; AWS answers "delay is too long" above
STEPS_BETWEEN_COMMITS = 500

DETAILS_KEPT = {"truncated": False}
WITH_RESULT = frozenset({"Task", "Parallel", "Map"})


class Interpreter:
    """Advances runs. Holds no state of its own, so that any thread may use it for any run."""

    def __init__(self, services: Services, machine_arn: str, role_arn: str) -> None:
        self.services = services
        self._clock_now = services.clock.now
        self.machine_arn = machine_arn
        self.role_arn = role_arn
        self.tasks = TaskState(self)
        self.fanout = Fanout(self)

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
        """Execute the state that failed again."""
        frame = run.frames[""]
        details: dict[str, JSON] = {"redriveCount": run.execution.redrives}
        self.emit(run, frame, "ExecutionRedriven", "executionRedrivenEventDetails", details)
        frame.attempts = [0] * len(frame.definition.retry)
        frame.attempt += 1
        frame.phase = Phase.EXECUTE
        frame.due = frame.deadline = frame.beat_by = frame.token = None
        run.ready.append(frame)
        run.touch(frame)

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
            self.fail(run, frame, state, self.located(frame, error))

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
            self._pass(run, frame, state, part)
        elif isinstance(part, ChoicePart):
            self._choose(run, frame, state, part)
        elif isinstance(part, TaskPart):
            self.tasks.execute(run, frame, state, part)
        elif isinstance(part, WaitPart):
            self._wait(run, frame, state, part)
        elif isinstance(part, ParallelPart):
            self.fanout.start_parallel(run, frame, state, part)
        elif isinstance(part, MapPart):
            self.fanout.start_map(run, frame, state, part)
        elif isinstance(part, FailPart):
            self._fail_state(frame, state, part, run)
        else:
            self.leave(run, frame, self.effective_input(run, frame, state), state.flow, state.next)

    # -- the simple states

    def _pass(self, run: Run, frame: Frame, state: State, part: PassPart) -> None:
        data = self.effective_input(run, frame, state)
        if state.parameters is not None:
            data = state.parameters.evaluate(self.scope(run, frame, data))
        if part.result is not None:
            data = part.result.evaluate(self.scope(run, frame, data))
        self.leave(run, frame, data, state.flow, state.next)

    def _choose(self, run: Run, frame: Frame, state: State, part: ChoicePart) -> None:
        data = self.effective_input(run, frame, state)
        scope = self.scope(run, frame, data)
        for rule in part.rules:
            holds = rule.condition.evaluate(scope)
            require(rule.condition, isinstance(holds, bool), "boolean", holds)
            if holds:
                self.leave(run, frame, data, rule.flow, rule.next)
                return
        if part.default is None:
            cause = "Failed to transition out of the state. The state does not point to a next state."
            raise StatesError("States.Runtime", cause)
        self.leave(run, frame, data, state.flow, part.default)

    def _wait(self, run: Run, frame: Frame, state: State, part: WaitPart) -> None:
        scope = self.scope(run, frame, self.effective_input(run, frame, state))
        value = part.query.evaluate(scope)
        until = self._timestamp(value, part) if part.is_timestamp else self.now() + self._seconds(value, part)
        if until - self.now() > WAIT_UNTIL_SECONDS_MAX:
            raise StatesError("States.Runtime", "Wait state delay is too long.")
        frame.phase = Phase.SLEEP
        frame.due = until
        run.set_timer(until, frame)
        run.touch(frame)

    def _timestamp(self, value: JSON, part: WaitPart) -> float:
        at = parse_timestamp(value) if isinstance(value, str) else None
        require(part.query, at is not None, "timestamp", value)
        if at is None:
            path = getattr(getattr(part.query, "path", None), "text", dumps(value))
            shown = value if isinstance(value, str) else dumps(value)
            cause = (
                f"The {part.field} parameter does not reference a valid ISO-8601 extended offset "
                f"date-time format string: {path} == {shown}"
            )
            raise StatesError("States.Runtime", cause)
        return at.timestamp()

    def _seconds(self, value: JSON, part: WaitPart) -> float:
        whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
        require(part.query, whole and 0 <= cast("float", value) <= WAIT_SECONDS_MAX, "integer", value)
        if not whole or not isinstance(value, (int, float)):
            cause = f"The {part.field} field refers to value {dumps(value)} which is not a valid integer."
            raise StatesError("States.Runtime", cause)
        if not 0 <= value <= WAIT_SECONDS_MAX:
            cause = f"The {part.field} field must be between 0 and {WAIT_SECONDS_MAX}, but was {value}."
            raise StatesError("States.Runtime", cause)
        return float(value)

    def _fail_state(self, frame: Frame, state: State, part: FailPart, run: Run) -> None:
        scope = self.scope(run, frame, frame.input)
        error, cause = (self._fail_text(query, scope) for query in (part.error, part.cause))
        self.fail(run, frame, state, TaskFailed(error, cause))

    def _fail_text(self, query: Query | None, scope: Scope) -> str | None:
        if query is None:
            return None
        value = query.evaluate(scope)
        if not isinstance(value, str):
            raise StatesError(
                "States.Runtime", f"Error and Cause must be strings, but one was {dumps(value)}."
            )
        return value

    # -- data

    def scope(
        self,
        run: Run,
        frame: Frame,
        root: JSON,
        states: dict[str, JSON] | None = None,
        token: str | None = None,
    ) -> Scope:
        """What expressions of this frame's state see."""
        known = {"input": frame.input} if states is None else states
        return Scope(
            root, known, visible_variables(frame), lambda: self.context(run, frame, token), self.services
        )

    def context(self, run: Run, frame: Frame, token: str | None = None) -> dict[str, JSON]:
        """The context object."""
        execution = run.execution
        state: dict[str, JSON] = {"Name": frame.state, "EnteredTime": self.iso(frame.entered_at)}
        if frame.definition.type in WITH_RESULT:
            state["RetryCount"] = frame.retries
        context: dict[str, JSON] = {
            "Execution": {
                "Id": execution.id,
                "Input": run.input,
                "Name": execution.name,
                "RoleArn": self.role_arn,
                "StartTime": self.iso(execution.started),
                "RedriveCount": execution.redrives,
            },
            "StateMachine": {"Id": f"{self.machine_arn}:{run.machine.name}", "Name": run.machine.name},
            "State": state,
        }
        if token is not None or frame.token is not None:
            context["Task"] = {"Token": token or frame.token}
        item = self.fanout.item_of(frame)
        if item is not None:
            context["Map"] = {"Item": {"Index": item[0], "Value": item[1]}}
        return context

    def effective_input(self, run: Run, frame: Frame, state: State) -> JSON:
        """The input after InputPath."""
        if state.input_null:
            return {}
        if state.input_path is None:
            return frame.input
        return state.input_path.evaluate(self.scope(run, frame, frame.input))

    def number(
        self, bound: Bound | None, scope: Scope, low: float, high: float = math.inf, *, kind: str = "integer"
    ) -> float | None:
        """The number of a field. Raises States.Runtime when it is none or out of range."""
        if bound is None:
            return None
        value = bound.query.evaluate(scope)
        valid = isinstance(value, (int, float)) and not isinstance(value, bool)
        valid = valid and (kind != "integer" or value == int(cast("float", value)))
        require(bound.query, valid and low <= cast("float", value) <= high, kind, value)
        if not valid:
            shown = f'"{value}"' if isinstance(value, str) else f'"{dumps(value)}"'
            path = getattr(getattr(bound.query, "path", None), "text", "")
            cause = f"The {bound.field} field refers to value {shown} which is not a valid {kind}: {path}"
            raise StatesError("States.Runtime", cause)
        number = float(cast("float", value))
        if not low <= number <= high:
            name = bound.field.removesuffix("Path")
            limits = f"between {low:g} and {high:g}" if high < math.inf else f"at least {low:g}"
            raise StatesError("States.Runtime", f"{name} must be {limits}.")
        return number

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
        if state.is_jsonata:
            output, assigned = self._flow_jsonata(run, frame, result, flow, states)
        else:
            output, assigned = self._flow_jsonpath(run, frame, result, flow)
        text = run.text(output)
        if len(text) > PAYLOAD_BYTES_MAX // 4 and len(text.encode()) > PAYLOAD_BYTES_MAX:
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

    def _flow_jsonata(
        self,
        run: Run,
        frame: Frame,
        result: JSON,
        flow: Flow,
        states: dict[str, JSON] | None,
    ) -> tuple[JSON, dict[str, JSON]]:
        known: dict[str, JSON] = {"input": frame.input} if states is None else states
        if states is None and frame.definition.type in WITH_RESULT:
            known["result"] = result
        if flow.output is None and flow.assign is None:
            return result, {}
        scope = self.scope(run, frame, None, known)
        output = result if flow.output is None else flow.output.evaluate(scope)
        assigned = {} if flow.assign is None else flow.assign.evaluate(scope)
        return output, cast("dict[str, JSON]", assigned)

    def _flow_jsonpath(
        self, run: Run, frame: Frame, result: JSON, flow: Flow
    ) -> tuple[JSON, dict[str, JSON]]:
        state = frame.definition
        assigned: JSON = {}
        if flow.assign is not None:
            assigned = flow.assign.evaluate(self.scope(run, frame, result))
        if state.selector is not None and flow is state.flow:
            result = state.selector.evaluate(self.scope(run, frame, result))
        output = result
        if flow.discard_result:
            output = frame.input
        elif flow.result_path is not None:
            output = put_at(flow.result_path, frame.input, result)
        if state.output_null:
            output = {}
        elif state.output_path is not None:
            output = state.output_path.evaluate(self.scope(run, frame, output))
        return output, cast("dict[str, JSON]", assigned)

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
        if status != "SUCCEEDED":
            run.changes.frames["!"] = root.pack()  # where a redrive starts
        run.changes.spent_tokens.extend(f.token for f in run.frames.values() if f.token)
        if run.written:
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

    # -- failures

    def fail(self, run: Run, frame: Frame, state: State, failure: StatesError) -> None:
        """A state has failed: try again, go where Catch says, or fail what is around it."""
        if failure.error == "States.QueryEvaluationError" and failure.location is not None:
            self._emit_evaluation_failed(run, frame, failure)
        run.drop_children(frame)
        if self._retry(run, frame, state, failure):
            return
        if failure.error != "States.Runtime" and state.type in ("Map", "Parallel"):
            self.emit(run, frame, f"{state.type}StateFailed", "", {})
        catcher = next((c for c in state.catch if _matches(c.errors, failure)), None)
        if catcher is None:
            self._give_up(run, frame, failure)
            return
        try:
            self._catch(run, frame, catcher, failure)
        except StatesError as error:
            located = self.located(frame, error)
            if located.error == "States.QueryEvaluationError":
                self._emit_evaluation_failed(run, frame, located)
            self._give_up(run, frame, located)

    def _retry(self, run: Run, frame: Frame, state: State, failure: StatesError) -> bool:
        for index, retrier in enumerate(state.retry):
            if not _matches(retrier.errors, failure):
                continue
            if frame.attempts[index] >= retrier.attempts_max:
                return False
            delay = self._delay(retrier, frame.attempts[index])
            frame.attempts[index] += 1
            frame.retries += 1
            frame.attempt += 1
            frame.phase = Phase.BACKOFF
            frame.token = frame.deadline = frame.beat_by = None
            frame.due = self.now() + delay
            run.set_timer(frame.due, frame)
            run.touch(frame)
            return True
        return False

    def _delay(self, retrier: Retrier, made: int) -> float:
        delay = retrier.interval * retrier.backoff ** min(made, 60)
        delay = min(delay, retrier.delay_max or WAIT_SECONDS_MAX)
        return delay * self.services.randomness.random() if retrier.full_jitter else delay

    def _catch(self, run: Run, frame: Frame, catcher: Catcher, failure: StatesError) -> None:
        caught: dict[str, JSON] = {"Error": failure.error or "", "Cause": failure.cause or ""}
        states: dict[str, JSON] = {"input": frame.input, "errorOutput": caught}
        self.leave(run, frame, caught, catcher.flow, catcher.next, states=states)

    def _give_up(self, run: Run, frame: Frame, failure: StatesError) -> None:
        if frame.parent is None:
            self.end(run, "FAILED", error=failure.error, cause=failure.cause)
        else:
            self.fanout.child_failed(run, frame, failure)

    def located(self, frame: Frame, error: StatesError) -> StatesError:
        """The error with the state it happened in, unless it comes from outside and speaks for itself."""
        if isinstance(error, TaskFailed):
            return error
        place = f"the state '{frame.state}' (entered at the event id #{frame.entered})"
        cause = f"An error occurred while executing {place}. {error.cause or ''}"
        located = TaskFailed(error.error, cause)
        located.location = error.location
        return located

    def _emit_evaluation_failed(self, run: Run, frame: Frame, failure: StatesError) -> None:
        details: dict[str, JSON] = {
            "cause": failure.cause,
            "error": failure.error,
            "location": failure.location,
            "state": frame.state,
        }
        self.emit(run, frame, "EvaluationFailed", "evaluationFailedEventDetails", details)

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
                self.leave(run, frame, self.effective_input(run, frame, state), state.flow, state.next)
            except StatesError as error:
                self.fail(run, frame, state, self.located(frame, error))
        elif frame.phase is Phase.BACKOFF and frame.due is not None and frame.due <= now:
            frame.due = None
            frame.phase = Phase.EXECUTE
            run.ready.append(frame)
            run.touch(frame)
        elif frame.phase in (Phase.TASK, Phase.TOKEN):
            self.tasks.ring(run, frame, now)

    def _take_signals(self, run: Run) -> None:
        while run.signals and not run.is_over:
            signal = run.signals.popleft()
            run.changes.spent_signals.append(signal.id)
            self._take(run, signal)
        if run.is_over:
            run.changes.spent_signals.extend(signal.id for signal in run.signals)
            run.signals.clear()

    def _take(self, run: Run, signal: Signal) -> None:
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

    def iso(self, at: float) -> str:
        """The instant as AWS writes it."""
        return iso(datetime.fromtimestamp(at, UTC))

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


def too_large(state: str) -> StatesError:
    """The error for a payload over the limit."""
    what = "returned a result with a size exceeding the maximum number of bytes service limit."
    return TaskFailed("States.DataLimitExceeded", f"The state/task '{state}' {what}")


def _matches(errors: tuple[str, ...], failure: StatesError) -> bool:
    """Whether ErrorEquals covers a failure. States.Runtime can be neither retried nor caught."""
    error = failure.error or ""
    if error == "States.Runtime":
        return False
    for name in errors:
        if name == error:
            return True
        if name == "States.ALL" and error != "States.DataLimitExceeded":
            return True
        if name == "States.TaskFailed" and error not in ("States.Timeout", "States.HeartbeatTimeout"):
            return True
        if name == "States.Timeout" and error == "States.HeartbeatTimeout":
            return True
    return False
