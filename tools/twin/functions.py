"""Lambda, played: the functions' own handlers, with JSON in, JSON out, and errors as Lambda's runtime tells them."""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rimedio.asl import TaskFailed
from rimedio.asl.jsontext import JSON

FUNCTION = "arn:aws:lambda:{region}:{account}:function:{name}"
TASK = "task-"
SECONDS = 30

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Context:
    """What Lambda hands to a handler beside the event."""

    function_name: str
    aws_request_id: str
    invoked_function_arn: str = ""
    memory_limit_in_mb: int = 512

    def get_remaining_time_in_millis(self) -> int:
        """A function that has just begun has all its time."""
        return SECONDS * 1000


class LocalFunctions:
    """Calls handlers by function name or ARN. Counts calls, so that a test can say what really ran."""

    def __init__(self, prefix: str) -> None:
        """`prefix` is what the names of this deployment's functions begin with."""
        self._prefix = prefix
        self._handlers: dict[str, Handler] = {}
        self.calls: list[str] = []

    def add(self, name: str, handler: Handler) -> None:
        """Deploy a function."""
        self._handlers[name] = handler

    def invoke(self, name: str, event: Any) -> Any:
        """A handler's answer. Raises what it raises."""
        self.calls.append(name)
        context = Context(self._prefix + name, f"request-{len(self.calls)}")
        answer = self._handlers[name](json.loads(json.dumps(event)), context)
        return json.loads(json.dumps(answer))

    def __call__(self, function: str, payload: JSON) -> tuple[JSON, str]:
        """For the state machine: the result and the version that ran. Raises TaskFailed as Lambda tells errors."""
        name = function.rsplit(":function:", 1)[-1].split(":", maxsplit=1)[0].removeprefix(self._prefix)
        if name not in self._handlers:
            raise TaskFailed("Lambda.ResourceNotFoundException", f"Function not found: {function}")
        try:
            return self.invoke(name, payload), "1"
        except Exception as error:
            kind = type(error).__name__
            cause = {
                "errorMessage": str(error),
                "errorType": kind,
                "stackTrace": traceback.format_tb(error.__traceback__),
            }
            raise TaskFailed(kind, json.dumps(cause)) from error
