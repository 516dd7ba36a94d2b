"""What follows a failure: another attempt, a Catch, or the failure of what is around."""

from typing import TYPE_CHECKING

from rimedio.asl.definition.model import Catcher, Retrier, State
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.frames import Frame, Phase, Run
from rimedio.asl.jsontext import JSON

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

DELAY_SECONDS_MAX = 99_999_999


class Failures:
    """The part of the interpreter that deals with failed states."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def handle(self, run: Run, frame: Frame, state: State, failure: StatesError) -> None:
        """A state has failed: try again, go where Catch says, or fail what is around it."""
        if failure.error == "States.QueryEvaluationError" and failure.location is not None:
            self._emit_evaluation_failed(run, frame, failure)
        run.drop_children(frame)
        if run.autopsy is None and is_fatal(frame, failure):
            frame.phase = Phase.EXECUTE
            run.dissect()
        if self._retry(run, frame, state, failure):
            return
        if failure.error != "States.Runtime" and state.type in ("Map", "Parallel"):
            self._in.emit(run, frame, f"{state.type}StateFailed", "", {})
        catcher = next((c for c in state.catch if _matches(c.errors, failure)), None)
        if catcher is None:
            self._give_up(run, frame, failure)
            return
        try:
            self._catch(run, frame, catcher, failure)
        except StatesError as error:
            placed = located(frame, error)
            if placed.error == "States.QueryEvaluationError":
                self._emit_evaluation_failed(run, frame, placed)
            self._give_up(run, frame, placed)

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
            frame.due = self._in.now() + delay
            run.set_timer(frame.due, frame)
            run.touch(frame)
            return True
        return False

    def _delay(self, retrier: Retrier, made: int) -> float:
        delay = retrier.interval * retrier.backoff ** min(made, 60)
        delay = min(delay, retrier.delay_max or DELAY_SECONDS_MAX)
        return delay * self._in.services.randomness.random() if retrier.full_jitter else delay

    def _catch(self, run: Run, frame: Frame, catcher: Catcher, failure: StatesError) -> None:
        caught: dict[str, JSON] = {"Error": failure.error or "", "Cause": failure.cause or ""}
        states: dict[str, JSON] = {"input": frame.input, "errorOutput": caught}
        self._in.leave(run, frame, caught, catcher.flow, catcher.next, states=states)

    def _give_up(self, run: Run, frame: Frame, failure: StatesError) -> None:
        if frame.parent is None:
            # AWS tells the two timeouts apart for Retry and Catch only.
            missed_beat = failure.error == "States.HeartbeatTimeout"
            error = "States.Timeout" if missed_beat else failure.error
            self._in.end(run, "FAILED", error=error, cause=failure.cause)
        else:
            self._in.fanout.child_failed(run, frame, failure)

    def _emit_evaluation_failed(self, run: Run, frame: Frame, failure: StatesError) -> None:
        details: dict[str, JSON] = {
            "cause": failure.cause,
            "error": failure.error,
            "location": failure.location,
            "state": frame.state,
        }
        self._in.emit(run, frame, "EvaluationFailed", "evaluationFailedEventDetails", details)


def is_fatal(frame: Frame, failure: StatesError) -> bool:
    """Whether nothing, here or further out, will retry or catch the failure."""
    at: Frame | None = frame
    while at is not None:
        state = at.definition
        if any(_matches(catcher.errors, failure) for catcher in state.catch):
            return False
        retrier = next((i for i, r in enumerate(state.retry) if _matches(r.errors, failure)), None)
        if retrier is not None and at.attempts[retrier] < state.retry[retrier].attempts_max:
            return False
        if at.isolated:
            return False  # a child execution; whether its failure is tolerated its Map will tell
        at = at.parent
    return True


def located(frame: Frame, error: StatesError) -> StatesError:
    """The error with the state it happened in, unless it comes from outside and speaks for itself."""
    if isinstance(error, TaskFailed):
        return error
    place = f"the state '{frame.state}' (entered at the event id #{frame.entered})"
    cause = f"An error occurred while executing {place}. {error.cause or ''}"
    found = TaskFailed(error.error, cause)
    found.location = error.location
    return found


def too_large(state: str) -> TaskFailed:
    """The error for a payload over the limit."""
    what = "returned a result with a size exceeding the maximum number of bytes service limit."
    return TaskFailed("States.DataLimitExceeded", f"The state/task '{state}' {what}")


def _matches(errors: tuple[str, ...], failure: StatesError) -> bool:
    """Whether ErrorEquals covers a failure. States.Runtime is matched by its own name only."""
    error = failure.error or ""
    for name in errors:
        if name == error:
            return True
        if error == "States.Runtime":
            continue
        if name == "States.ALL" and error != "States.DataLimitExceeded":
            return True
        if name == "States.TaskFailed" and error not in ("States.Timeout", "States.HeartbeatTimeout"):
            return True
        if name == "States.Timeout" and error == "States.HeartbeatTimeout":
            return True
    return False
