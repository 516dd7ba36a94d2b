"""Task states: what is called, how the answer comes, when it is too late."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rimedio.asl.clock import new_uuid
from rimedio.asl.definition.model import State, TaskPart
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.dataflow import SECONDS_MAX, included
from rimedio.asl.execution.failures import too_large
from rimedio.asl.execution.frames import Frame, Outcome, Phase, Run, TaskCall
from rimedio.asl.journal.port import ActivityTask, Signal
from rimedio.asl.jsontext import JSON, dumps, is_too_long, loads

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter


@dataclass(frozen=True, slots=True)
class Service:
    """How histories tell of a resource: the family of its events, its names there, its name in messages."""

    family: str
    named: dict[str, JSON]
    title: str

    @classmethod
    @lru_cache(maxsize=1024)
    def of(cls, resource: str) -> "Service":
        """By ARN: a function, an activity, or a service and its action (`sqs`, `sendMessage`; `aws-sdk:s3`, …)."""
        if ":activity:" in resource:
            return cls("Activity", {}, resource)
        if resource.split(":", 3)[2:3] == ["lambda"]:
            return cls("LambdaFunction", {}, resource)
        service, _, action = resource.rpartition(":::")[2].partition(":")
        if service == "aws-sdk":
            name, _, action = action.partition(":")
            service = f"aws-sdk:{name}"
        return cls("Task", {"resourceType": service, "resource": action}, service)


class TaskState:
    """The part of the interpreter that deals with Task states."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def execute(self, run: Run, frame: Frame, state: State, part: TaskPart) -> None:
        """Compute the payload and ask for the call. Raises StatesError."""
        polled = self._in.is_polled(part.resource)
        token = self._new_token() if part.waits_for_token or polled else None
        frame.payload, scope = self._in.data.payload(run, frame, state, token)
        if is_too_long(run.text(frame.payload)):
            raise too_large(state.name)
        timeout = self._in.data.number(part.timeout, scope, 1, SECONDS_MAX)
        frame.beat_every = beat = self._in.data.number(part.heartbeat, scope, 1, SECONDS_MAX)
        if timeout is not None and beat is not None and beat >= timeout:
            raise StatesError("States.Runtime", "HeartbeatSeconds must be smaller than TimeoutSeconds.")
        now = self._in.now()
        frame.token = token
        frame.phase = Phase.TASK
        frame.deadline = None if timeout is None else now + timeout
        frame.beat_by = None if beat is None or polled else now + beat
        for at in (frame.deadline, frame.beat_by):
            if at is not None:
                run.set_timer(at, frame)
        if token is not None:
            run.changes.tokens[token] = frame.path
        run.touch(frame)
        role = None if part.credentials is None else part.credentials.evaluate(scope)
        self._tell_scheduled(run, frame, part, timeout, role)
        if polled and token is not None:
            frame.phase = Phase.TOKEN  # a worker fetches it; its heartbeats count from then on
            run.changes.scheduled.append(ActivityTask(part.resource, token, run.text(frame.payload)))
            return
        self._tell(run, frame, "Started")
        run.calls.append(self.call_of(run, frame))

    def call_of(self, run: Run, frame: Frame) -> TaskCall:
        """The call that a frame in phase TASK waits for."""
        run.in_flight.add((frame.path, frame.attempt))
        return TaskCall(
            execution_id=run.execution.id,
            path=frame.path,
            attempt=frame.attempt,
            state=frame.state,
            resource=_resource(frame),
            payload=frame.payload,
            token=frame.token,
            retries=frame.retries,
            deadline=frame.deadline,
        )

    def settle(self, run: Run, outcome: Outcome) -> None:
        """A call has come back."""
        call = outcome.call
        run.in_flight.discard((call.path, call.attempt))
        frame = run.frames.get(call.path)
        if frame is None or frame.attempt != call.attempt:
            return  # timed out, stopped or failed meanwhile: the answer comes too late
        if frame.phase in (Phase.READ, Phase.WRITE):
            self._in.fanout.map_runs.settle(run, frame, outcome)
        elif frame.phase is not Phase.TASK:
            return
        elif outcome.failure is not None:
            self._fail(run, frame, outcome.failure)
        elif self._overdue(frame, beats=frame.token is not None) is not None:
            self.ring(run, frame)
        elif frame.token is not None:
            self._submitted(run, frame, outcome.result)
        else:
            self._succeed(run, frame, outcome.result)

    def _submitted(self, run: Run, frame: Frame, result: JSON) -> None:
        self._tell(run, frame, "Submitted", included("output", dumps(result)))
        frame.phase = Phase.TOKEN
        run.touch(frame)
        early = run.early.pop(cast("str", frame.token), None)
        if early is not None:
            run.changes.spent_signals.append(early.id)
            self.signalled(run, frame, early)

    def signalled(self, run: Run, frame: Frame, signal: Signal) -> None:
        """Someone answers with a token, or shows that the task is alive."""
        if signal.kind == "started":
            self._tell(run, frame, "Started", {} if signal.body is None else {"workerName": signal.body})
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
            body = cast("dict[str, str | None]", signal.body)
            self._fail(run, frame, TaskFailed(body.get("error"), body.get("cause")))

    def ring(self, run: Run, frame: Frame) -> None:
        """A deadline may have passed."""
        error = self._overdue(frame)
        if error is not None:
            self._time_out(run, frame, error)

    def _overdue(self, frame: Frame, *, beats: bool = True) -> str | None:
        """The error of a task whose time is up."""
        now = self._in.now()
        if frame.deadline is not None and frame.deadline <= now:
            return "States.Timeout"
        late = beats and frame.beat_by is not None and frame.beat_by <= now
        return "States.HeartbeatTimeout" if late else None

    def _time_out(self, run: Run, frame: Frame, error: str) -> None:
        if frame.token is not None:
            run.changes.spent_tokens.append(frame.token)
            frame.token = None
        run.in_flight.discard((frame.path, frame.attempt))
        run.calls = [c for c in run.calls if (c.path, c.attempt) != (frame.path, frame.attempt)]
        self._tell(run, frame, "TimedOut", {"error": "States.Timeout"})
        frame.attempt += 1
        self._in.fail(run, frame, frame.definition, TaskFailed(error))

    def _succeed(self, run: Run, frame: Frame, result: JSON) -> None:
        text = dumps(result)
        if is_too_long(text):
            self._fail(run, frame, too_large(Service.of(_resource(frame)).title))
            return
        if _is_job(frame):
            self._tell_submitted(run, frame, result)
        self._tell(run, frame, "Succeeded", included("output", text))
        self._in.finish(run, frame, result)

    def _fail(self, run: Run, frame: Frame, failure: StatesError) -> None:
        told: dict[str, JSON] = {"error": failure.error, "cause": failure.cause}
        word = "Failed"
        # a job that fails is a States.TaskFailed, an error of the service's that of submitting it
        if _is_job(frame):
            if failure.error == "States.TaskFailed":
                self._tell_submitted(run, frame, _parsed(failure.cause))
            elif "." in (failure.error or "").removeprefix("States."):
                word = "SubmitFailed"
        self._tell(run, frame, word, {key: value for key, value in told.items() if value is not None})
        frame.attempt += 1
        self._in.fail(run, frame, frame.definition, failure)

    def _new_token(self) -> str:
        return "".join(new_uuid(self._in.services.randomness).replace("-", "") for _ in range(2))

    def _tell_scheduled(
        self, run: Run, frame: Frame, part: TaskPart, timeout: float | None, role: JSON
    ) -> None:
        text = run.text(frame.payload)
        details: dict[str, JSON]
        if Service.of(part.resource).family == "Task":
            details = {"region": self._in.machine_arn.split(":")[3], "parameters": text}
        else:
            details = {"resource": part.resource, **included("input", text)}
        if timeout is not None:
            details["timeoutInSeconds"] = int(timeout)
        if frame.beat_every is not None:
            details["heartbeatInSeconds"] = int(frame.beat_every)
        if isinstance(role, dict) and "RoleArn" in role:
            details["taskCredentials"] = {"roleArn": role["RoleArn"]}
        self._tell(run, frame, "Scheduled", details)

    def _tell_submitted(self, run: Run, frame: Frame, job: JSON) -> None:
        """A job has been submitted; of a nested execution only its beginning was known then."""
        known = dict(job) if isinstance(job, dict) else {}
        begun: dict[str, JSON] = {key: known[key] for key in ("ExecutionArn", "StartDate") if key in known}
        self._tell(run, frame, "Submitted", included("output", dumps(begun or job)))

    def _tell(self, run: Run, frame: Frame, word: str, details: dict[str, JSON] | None = None) -> None:
        service = Service.of(_resource(frame))
        told = {**service.named, **(details or {})}
        self._in.tell(run, frame, f"{service.family}{word}", told or None)


def _resource(frame: Frame) -> str:
    return cast("TaskPart", frame.definition.part).resource


def _is_job(frame: Frame) -> bool:
    return _resource(frame).endswith((".sync", ".sync:2"))


def _parsed(text: str | None) -> JSON:
    try:
        return loads(text or "{}")
    except ValueError:
        return text
