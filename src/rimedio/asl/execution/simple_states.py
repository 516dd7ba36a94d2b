"""Pass, Choice, Wait and Fail."""

from typing import TYPE_CHECKING, cast

from rimedio.asl.definition.model import ChoicePart, FailPart, PassPart, State, WaitPart
from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.frames import Frame, Phase, Run
from rimedio.asl.expressions.choice import parse_timestamp
from rimedio.asl.expressions.jsonata import require
from rimedio.asl.expressions.query import Query, Scope
from rimedio.asl.jsontext import JSON, dumps

if TYPE_CHECKING:
    from rimedio.asl.execution.interpreter import Interpreter

WAIT_SECONDS_MAX = 99_999_999
WAIT_UNTIL_SECONDS_MAX = 2**31  # 68 years; AWS answers "delay is too long" above


class SimpleStates:
    """The part of the interpreter that deals with states without children or calls."""

    def __init__(self, interpreter: "Interpreter") -> None:
        self._in = interpreter

    def run_pass(self, run: Run, frame: Frame, state: State, part: PassPart) -> None:
        """Pass: hand on the input, or Parameters, or Result."""
        data = self._in.data.effective_input(run, frame, state)
        if state.parameters is not None:
            data = state.parameters.evaluate(self._in.data.scope(run, frame, data))
        if part.result is not None:
            data = part.result.evaluate(self._in.data.scope(run, frame, data))
        self._in.leave(run, frame, data, state.flow, state.next)

    def choose(self, run: Run, frame: Frame, state: State, part: ChoicePart) -> None:
        """Choice: go where the first rule that holds leads. Raises States.Runtime when none does."""
        data = self._in.data.effective_input(run, frame, state)
        scope = self._in.data.scope(run, frame, data)
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
        """Wait: sleep for so many seconds, or until a timestamp."""
        scope = self._in.data.scope(run, frame, self._in.data.effective_input(run, frame, state))
        value = part.query.evaluate(scope)
        until = (
            self._timestamp(value, part) if part.is_timestamp else self._in.now() + self._seconds(value, part)
        )
        if until - self._in.now() > WAIT_UNTIL_SECONDS_MAX:
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

    def fail(self, run: Run, frame: Frame, state: State, part: FailPart) -> None:
        """Fail, with the error and cause that the state names."""
        scope = self._in.data.scope(run, frame, frame.input)
        error, cause = (self._fail_text(query, scope) for query in (part.error, part.cause))
        self._in.fail(run, frame, state, TaskFailed(error, cause))

    def _fail_text(self, query: Query | None, scope: Scope) -> str | None:
        if query is None:
            return None
        value = query.evaluate(scope)
        if not isinstance(value, str):
            raise StatesError(
                "States.Runtime", f"Error and Cause must be strings, but one was {dumps(value)}."
            )
        return value
