"""Tasks that answer what a test wants, by the name of the state and the attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rimedio.asl.errors import TaskFailed
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.handlers import Handlers, TaskContext
from rimedio.asl.jsontext import JSON, dumps


@dataclass(frozen=True)
class Return:
    """A mocked task answers this."""

    value: JSON = None


@dataclass(frozen=True)
class Throw:
    """A mocked task fails like this."""

    error: str
    cause: str = ""


Answer = Return | Throw
Mocks = Mapping[str, Answer | Sequence[Answer]]


class MockedTasks:
    """Handlers that answer by the state's name: one answer an attempt, the last one for all further.

    Once bound to an engine, the answer of a task that waits for a token is what comes with the token; such a
    task without an answer waits.
    """

    def __init__(self, answers: Mocks) -> None:
        self._answers = {
            name: (given,) if isinstance(given, (Return, Throw)) else tuple(given)
            for name, given in answers.items()
        }
        self._engine: Engine | None = None
        self.calls: list[tuple[str, JSON]] = []

    def __call__(self, payload: JSON, context: TaskContext) -> JSON:
        """Answer one call. Raises TaskFailed."""
        made = sum(name == context.state_name for name, _ in self.calls)
        self.calls.append((context.state_name, payload))
        answers = self._answers.get(context.state_name)
        if not answers:
            if context.token is not None:
                return None
            raise TaskFailed("States.Runtime", f"The state {context.state_name!r} has no mock.")
        answer = answers[min(made, len(answers) - 1)]
        if context.token is not None and self._engine is not None:
            self._send(self._engine, context.token, answer)
            return None
        if isinstance(answer, Throw):
            raise TaskFailed(answer.error, answer.cause)
        return answer.value

    @staticmethod
    def _send(engine: Engine, token: str, answer: Answer) -> None:
        if isinstance(answer, Throw):
            engine.send_task_failure(token, answer.error, answer.cause)
        else:
            engine.send_task_success(token, answer.value)

    @property
    def handlers(self) -> Handlers:
        """For an Engine: every resource answers by the mocks."""
        return {"*": self}

    def bind(self, engine: Engine) -> None:
        """Answer tokens through this engine."""
        self._engine = engine


def read_mocks(rows: Mapping[str, JSON]) -> dict[str, list[Answer]]:
    """Out of JSON: state → `{"return": …}` or `{"throw": {"error": …, "cause": …}}`, or a list by attempt.

    Raises ValueError.
    """
    return {state: _read_answers(answers) for state, answers in rows.items()}


def _read_answers(value: JSON) -> list[Answer]:
    answers: list[Answer] = []
    for row in value if isinstance(value, list) else [value]:
        body = row if isinstance(row, dict) else {}
        thrown = body.get("throw")
        if isinstance(thrown, dict):
            answers.append(Throw(str(thrown.get("error", "")), str(thrown.get("cause", ""))))
        elif "return" in body:
            answers.append(Return(body["return"]))
        else:
            msg = f'A mock is {{"return": …}} or {{"throw": {{"error": …}}}}, not {dumps(row)}.'
            raise ValueError(msg)
    return answers
