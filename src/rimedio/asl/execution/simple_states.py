"""Pass, Succeed, Choice, Wait and Fail."""

from typing import TYPE_CHECKING

from rimedio.asl.definition.model import ChoicePart, FailPart, PassPart, State, SucceedPart, WaitPart
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.dataflow import SECONDS_MAX, path_of
from rimedio.asl.execution.frames import Frame, Phase, Run
from rimedio.asl.expressions.choice import parse_timestamp
from rimedio.asl.expressions.jsonata import require
from rimedio.asl.expressions.query import Query, Scope
from rimedio.asl.jsontext import JSON, dumps

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

WAIT_UNTIL_SECONDS_MAX = 2**31  # 68 years; AWS answers "delay is too long" above


class SimpleStates:
    """The part of the interpreter that deals with states without children or calls."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def hand_on(self, run: Run, frame: Frame, state: State, part: PassPart | SucceedPart) -> None:
        """Pass and Succeed: hand on the input, or Parameters, or Result."""
        data = self._in.data.effective_input(run, frame, state)
        if state.parameters is not None:
            data = state.parameters.evaluate(self._in.data.scope(run, frame, data))
        if isinstance(part, PassPart) and part.result is not None:
            data = part.result.evaluate(self._in.data.scope(run, frame, data))
        self._in.leave(run, frame, data, state.flow, state.next)

    def choose(self, run: Run, frame: Frame, state: State, part: ChoicePart) -> None:
        """Choice: go where the first rule that holds leads. Raises States.Runtime when none does."""
        data, scope = self._in.data.payload(run, frame, state)
        for rule in part.rules:
            holds = rule.condition.evaluate(scope)
            require(rule.condition, isinstance(holds, bool), "boolean", holds)
            if holds:
                self._in.leave(run, frame, data, rule.flow, rule.next)
                return
        if part.default is None:
            cause = "Failed to transition out of the state. The state does not point to a next state."
            raise StatesError("States.Runtime", cause)
        self._in.leave(run, frame, data, state.flow, part.default)

    def wait(self, run: Run, frame: Frame, state: State, part: WaitPart) -> None:
        """Wait: sleep for so many seconds, or until a timestamp; one that is past ends it at once."""
        _, scope = self._in.data.payload(run, frame, state)
        now = self._in.now()
        if part.is_timestamp:
            until = _instant(part, scope)
        else:
            until = now + (self._in.data.number(part, scope, 0, SECONDS_MAX) or 0)
        if until - now > WAIT_UNTIL_SECONDS_MAX:
            raise StatesError("States.Runtime", "Wait state delay is too long.")
        frame.phase = Phase.SLEEP
        frame.due = until
        run.set_timer(until, frame)
        run.touch(frame)

    def fail(self, run: Run, frame: Frame, state: State, part: FailPart) -> None:
        """Fail, with the error and cause that the state names."""
        scope = self._in.data.scope(run, frame, frame.input)
        error, cause = (
            _text(query, field, scope) for query, field in ((part.error, "Error"), (part.cause, "Cause"))
        )
        self._in.fail(run, frame, state, TaskFailed(error, cause))


def _instant(part: WaitPart, scope: Scope) -> float:
    """Seconds since the epoch of the timestamp that a Wait names."""
    value = part.query.evaluate(scope)
    at = parse_timestamp(value) if isinstance(value, str) else None
    require(part.query, at is not None, "timestamp", value)
    if at is None:
        shown = value if isinstance(value, str) else dumps(value)
        cause = (
            f"The {part.field} parameter does not reference a valid ISO-8601 extended offset "
            "date-time format string"
        )
        raise StatesError("States.Runtime", f"{cause}: {path_of(part.query)} == {shown}")
    return at.timestamp()


def _text(query: Query | None, field: str, scope: Scope) -> str | None:
    if query is None:
        return None
    value: JSON = query.evaluate(scope)
    require(query, isinstance(value, str), "string", value)
    if not isinstance(value, str):
        cause = f'The {field}Path field refers to value "{dumps(value)}" which is not a valid string: {path_of(query)}'
        raise StatesError("States.Runtime", cause)
    return value
