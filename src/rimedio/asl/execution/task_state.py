"""Task states: what is called, how the answer comes, when it is too late."""

from typing import TYPE_CHECKING, cast

from rimedio.asl.clock import new_uuid
from rimedio.asl.definition.model import State, TaskPart
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.failures import located, too_large
from rimedio.asl.execution.frames import Frame, Outcome, Phase, Run, TaskCall
from rimedio.asl.journal.port import ActivityTask, Signal
from rimedio.asl.jsontext import JSON, dumps, is_too_long

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

KEPT = {"truncated": False}


class TaskState:
    """The part of the interpreter that deals with Task states."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def execute(self, run: Run, frame: Frame, state: State, part: TaskPart) -> None:
        """Compute the payload and ask for the call. Raises StatesError."""
        polled = self._in.is_polled(part.resource)
        token = self._new_token() if part.waits_for_token or polled else None
        data = self._in.data.effective_input(run, frame, state)
        scope = self._in.data.scope(run, frame, data, token=token)
        payload = data if state.parameters is None else state.parameters.evaluate(scope)
        if is_too_long(run.text(payload)):
            raise too_large(state.name)
        timeout = self._in.data.number(part.timeout, scope, 1, 99_999_999)
        beat = self._in.data.number(part.heartbeat, scope, 1, 99_999_999)
        now = self._in.now()
        frame.payload = payload
        frame.token = token
        frame.phase = Phase.TASK
        frame.deadline = None if timeout is None else now + timeout
        frame.beat_every = beat
        frame.beat_by = None if beat is None or polled else now + beat
        for at in (frame.deadline, frame.beat_by):
            if at is not None:
                run.set_timer(at, frame)
        if token is not None:
            run.changes.tokens[token] = frame.path
        run.touch(frame)
        self._emit_scheduled(run, frame, part, timeout, beat)
        if polled and token is not None:
            frame.phase = Phase.TOKEN  # a worker fetches it; its heartbeats count from then on
            run.changes.scheduled.append(ActivityTask(part.resource, token, run.text(payload)))
            return
        self._emit_family(run, frame, "Started", _family_details(frame, {}))
        run.calls.append(self.call_of(run, frame))

    def call_of(self, run: Run, frame: Frame) -> TaskCall:
        """The call that a frame in phase TASK waits for."""
        part = cast("TaskPart", frame.definition.part)
        run.in_flight.add((frame.path, frame.attempt))
        return TaskCall(
            execution_id=run.execution.id,
            path=frame.path,
            attempt=frame.attempt,
            state=frame.state,
            resource=part.resource,
            payload=frame.payload,
            token=frame.token,
            retries=frame.retries,
            deadline=frame.deadline,
            beat_every=frame.beat_every,
            entered=frame.entered,
        )

    def settle(self, run: Run, outcome: Outcome) -> None:
        """A call has come back."""
        call = outcome.call
        run.in_flight.discard((call.path, call.attempt))
        frame = run.frames.get(call.path)
        if frame is not None and frame.attempt == call.attempt and frame.phase in (Phase.READ, Phase.WRITE):
            self._in.fanout.map_runs.settle(run, frame, outcome)
            return
        if frame is None or frame.attempt != call.attempt or frame.phase is not Phase.TASK:
            return  # timed out, stopped or failed meanwhile: the answer comes too late
        if outcome.failure is not None:
            self._fail(run, frame, outcome.failure)
        elif self._is_late(frame):
            self.ring(run, frame, self._in.now())
        elif frame.token is not None:
            self._submitted(run, frame, outcome.result)
        else:
            self._succeed(run, frame, outcome.result)

    def _is_late(self, frame: Frame) -> bool:
        now = self._in.now()
        if frame.deadline is not None and now >= frame.deadline:
            return True
        return frame.token is not None and frame.beat_by is not None and now >= frame.beat_by

    def _submitted(self, run: Run, frame: Frame, result: JSON) -> None:
        details = _family_details(frame, {"output": dumps(result), "outputDetails": dict(KEPT)})
        self._in.emit(run, frame, "TaskSubmitted", "taskSubmittedEventDetails", details)
        frame.phase = Phase.TOKEN
        run.touch(frame)
        early = run.early.pop(cast("str", frame.token), None)
        if early is not None:
            run.changes.spent_signals.append(early.id)
            self.signalled(run, frame, early)

    def signalled(self, run: Run, frame: Frame, signal: Signal) -> None:
        """Someone answers with a token, or shows that the task is alive."""
        if signal.kind == "started":
            told: dict[str, JSON] = {} if signal.body is None else {"workerName": signal.body}
            self._emit_family(run, frame, "Started", told)
        if signal.kind in ("heartbeat", "started"):
            if frame.beat_every is not None:
                frame.beat_by = self._in.now() + frame.beat_every
                run.set_timer(frame.beat_by, frame)
            run.touch(frame)
            return
        if frame.phase is Phase.TASK:  # the handler has not returned yet: the answer stays in the journal
            run.early[signal.token] = signal
            run.changes.spent_signals.remove(signal.id)
            return
        run.changes.spent_tokens.append(signal.token)
        frame.token = None
        if signal.kind == "success":
            self._succeed(run, frame, signal.body)
        else:
            body = cast("dict[str, JSON]", signal.body)
            error, cause = (cast("str | None", body.get(key)) for key in ("error", "cause"))
            self._fail(run, frame, TaskFailed(error, cause))

    def ring(self, run: Run, frame: Frame, now: float) -> None:
        """A deadline may have passed."""
        if frame.deadline is not None and frame.deadline <= now:
            self._time_out(run, frame, "States.Timeout")
        elif frame.beat_by is not None and frame.beat_by <= now:
            self._time_out(run, frame, "States.HeartbeatTimeout")

    def _time_out(self, run: Run, frame: Frame, error: str) -> None:
        if frame.token is not None:
            run.changes.spent_tokens.append(frame.token)
            frame.token = None
        run.in_flight.discard((frame.path, frame.attempt))
        run.calls = [c for c in run.calls if (c.path, c.attempt) != (frame.path, frame.attempt)]
        details = _family_details(frame, {"error": "States.Timeout"})
        self._emit_family(run, frame, "TimedOut", details)
        frame.attempt += 1
        self._in.fail(run, frame, frame.definition, TaskFailed(error))

    def _succeed(self, run: Run, frame: Frame, result: JSON) -> None:
        text = dumps(result)
        state = frame.definition
        details = _family_details(frame, {"output": text, "outputDetails": dict(KEPT)})
        if is_too_long(text):
            self._fail(run, frame, too_large(_resource_type(frame)))
            return
        if cast("TaskPart", state.part).resource.endswith((".sync", ".sync:2")):
            self._in.emit(run, frame, "TaskSubmitted", "taskSubmittedEventDetails", details)
        self._emit_family(run, frame, "Succeeded", details)
        try:
            self._in.leave(run, frame, result, state.flow, state.next)
        except StatesError as error:
            self._in.fail(run, frame, state, located(frame, error))

    def _fail(self, run: Run, frame: Frame, failure: StatesError) -> None:
        told = {"error": failure.error, "cause": failure.cause}
        details = _family_details(frame, {key: value for key, value in told.items() if value is not None})
        self._emit_family(run, frame, "Failed", details)
        frame.attempt += 1
        self._in.fail(run, frame, frame.definition, failure)

    def _new_token(self) -> str:
        return new_uuid(self._in.services.randomness).replace("-", "") + new_uuid(
            self._in.services.randomness
        ).replace("-", "")

    def _emit_scheduled(
        self, run: Run, frame: Frame, part: TaskPart, timeout: float | None, beat: float | None
    ) -> None:
        text = run.text(frame.payload)
        family = _family(part.resource)
        details: dict[str, JSON]
        if family == "task":
            details = _family_details(frame, {"region": "local", "parameters": text})
        else:
            details = {"resource": part.resource, "input": text, "inputDetails": dict(KEPT)}
        if timeout is not None:
            details["timeoutInSeconds"] = int(timeout)
        if beat is not None:
            details["heartbeatInSeconds"] = int(beat)
        self._emit_family(run, frame, "Scheduled", details)

    def _emit_family(self, run: Run, frame: Frame, kind: str, details: dict[str, JSON]) -> None:
        family = _family(cast("TaskPart", frame.definition.part).resource)
        name = family[0].upper() + family[1:]
        self._in.emit(run, frame, f"{name}{kind}", f"{family}{kind}EventDetails" if details else "", details)


def _family(resource: str) -> str:
    """Which of the three families of history events a resource has."""
    if ":activity:" in resource:
        return "activity"
    return "lambdaFunction" if resource.startswith("arn:aws:lambda:") else "task"


def _family_details(frame: Frame, details: dict[str, JSON]) -> dict[str, JSON]:
    resource = cast("TaskPart", frame.definition.part).resource
    if _family(resource) != "task":
        return details
    kind, action = _integration(resource)
    return {"resourceType": kind, "resource": action, **details}


def _resource_type(frame: Frame) -> str:
    return _integration(cast("TaskPart", frame.definition.part).resource)[0]


def _integration(resource: str) -> tuple[str, str]:
    """Service and action: `sqs`, `sendMessage`; `aws-sdk:s3`, `listBuckets`."""
    text = resource.rpartition(":::")[2]
    if text.startswith("aws-sdk:"):
        _, service, action = [*text.split(":", 2), ""][:3]
        return f"aws-sdk:{service}", action
    service, _, action = text.partition(":")
    return service, action
