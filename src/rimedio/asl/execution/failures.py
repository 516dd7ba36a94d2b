"""What follows a failure: another attempt, a Catch, or the failure of what is around."""

from math import log
from typing import TYPE_CHECKING

from rimedio.asl.definition.model import Retrier, State
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.dataflow import SECONDS_MAX
from rimedio.asl.execution.frames import Frame, Phase, Run
from rimedio.asl.jsontext import JSON

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout"})
# Names in ErrorEquals that stand for others, and what each of them does not stand for.
WILDCARDS = {
    "States.ALL": frozenset({"States.Runtime", "States.DataLimitExceeded"}),
    "States.TaskFailed": TIMEOUTS | {"States.Runtime"},
}


class Failures:
    """The part of the interpreter that deals with failed states."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def handle(self, run: Run, frame: Frame, state: State, failure: StatesError) -> None:
        """A state has failed: try again, go where Catch says, or fail what is around it."""
        self._note_evaluation(run, frame, failure)
        run.drop_children(frame)
        if run.autopsy is None and is_fatal(frame, failure):
            frame.phase = Phase.EXECUTE
            run.dissect()
        if self._retry(run, frame, state, failure):
            return
        if failure.error != "States.Runtime" and state.type in ("Map", "Parallel"):
            self._in.tell(run, frame, f"{state.type}StateFailed")
        catcher = next((c for c in state.catch if covers(c.errors, failure)), None)
        if catcher is None:
            self._give_up(run, frame, failure)
            return
        caught: dict[str, JSON] = {"Error": failure.error or "", "Cause": failure.cause or ""}
        try:
            self._in.leave(run, frame, caught, catcher.flow, catcher.next, caught=True)
        except StatesError as error:
            placed = located(frame, error)
            self._note_evaluation(run, frame, placed)
            self._give_up(run, frame, placed)

    def _retry(self, run: Run, frame: Frame, state: State, failure: StatesError) -> bool:
        index = retrier_for(frame, failure)
        if index is None:
            return False
        frame.due = self._in.now() + self._delay(state.retry[index], frame.attempts[index])
        frame.attempts[index] += 1
        frame.retries += 1
        frame.attempt += 1
        frame.phase = Phase.BACKOFF
        frame.token = frame.deadline = frame.beat_by = None
        run.set_timer(frame.due, frame)
        run.touch(frame)
        return True

    def _delay(self, retrier: Retrier, made: int) -> float:
        delay = retrier.delay_max or SECONDS_MAX
        # more is over the limit, and may be over any number
        if made * log(retrier.backoff) < log(SECONDS_MAX):
            delay = min(delay, retrier.interval * retrier.backoff**made)
        return delay * self._in.services.randomness.random() if retrier.full_jitter else delay

    def _give_up(self, run: Run, frame: Frame, failure: StatesError) -> None:
        if frame.parent is not None:
            self._in.fanout.child_failed(run, frame, failure)
            return
        # AWS tells the two timeouts apart for Retry and Catch only.
        error = "States.Timeout" if failure.error in TIMEOUTS else failure.error
        self._in.end(run, "FAILED", error=error, cause=failure.cause)

    def _note_evaluation(self, run: Run, frame: Frame, failure: StatesError) -> None:
        """An event of its own for an expression that failed: `location` tells it from a task's own error."""
        if failure.error != "States.QueryEvaluationError" or failure.location is None:
            return
        told: dict[str, JSON] = {"cause": failure.cause, "error": failure.error, "state": frame.state}
        if failure.location:
            told["location"] = failure.location
        if frame.previous == frame.entered:  # AWS links it to what came before the state was entered
            frame.previous = next(
                (event.previous for event in self._in.log(run, frame) if event.id == frame.entered),
                frame.previous,
            )
        self._in.tell(run, frame, "EvaluationFailed", told)


def is_fatal(frame: Frame, failure: StatesError) -> bool:
    """Whether nothing, here or further out, will retry or catch the failure."""
    at: Frame | None = frame
    while at is not None:
        if any(covers(catcher.errors, failure) for catcher in at.definition.catch):
            return False
        if retrier_for(at, failure) is not None:
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
    found = TaskFailed(error.error, f"An error occurred while executing {place}. {error.cause or ''}")
    found.location = error.location
    return found


def too_large(what: str) -> TaskFailed:
    """The error for a payload over the limit: `what` is a state's name, or what a task calls."""
    said = "returned a result with a size exceeding the maximum number of bytes service limit."
    return TaskFailed("States.DataLimitExceeded", f"The state/task '{what}' {said}")


def retrier_for(frame: Frame, failure: StatesError) -> int | None:
    """The first retrier that covers a failure, if it has attempts left: with none left no other one is asked."""
    retriers = frame.definition.retry
    index = next((i for i, retrier in enumerate(retriers) if covers(retrier.errors, failure)), None)
    return None if index is None or frame.attempts[index] >= retriers[index].attempts_max else index


def covers(errors: tuple[str, ...], failure: StatesError) -> bool:
    """Whether ErrorEquals covers a failure. States.Runtime is matched by its own name only."""
    error = failure.error or ""
    return any(
        name == error
        or (name in WILDCARDS and error not in WILDCARDS[name])
        or (name == "States.Timeout" and error in TIMEOUTS)
        for name in errors
    )
