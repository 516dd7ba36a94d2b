"""The functions of a deployment, called as Lambda's runtime calls them, and counted."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from rimedio.asl.wire.functions import LocalContext, LocalFunctions

FUNCTION = "arn:aws:lambda:{region}:{account}:function:{name}"
TASK = "task-"

Handler = Callable[[Any, Any], Any]
Around = Callable[[str, Callable[[], Any]], Any]  # name of the function, its work


class DeployedFunctions:
    """Handlers by the function's name without the deployment's prefix; `calls` says what really ran."""

    def __init__(self, prefix: str) -> None:
        """`prefix` is what the names of this deployment's functions begin with."""
        self._prefix = prefix
        self._handlers: dict[str, Handler] = {}
        self.calls: list[str] = []
        self.around: Around = lambda _name, work: work()  # whoever wants to see each call puts himself here
        self.for_states = LocalFunctions(self._handlers)  # what the state machine's tasks invoke

    def add(self, name: str, handler: Handler) -> None:
        """Deploy a function."""

        def counted(event: Any, context: Any) -> Any:
            self.calls.append(name)
            return self.around(name, lambda: handler(event, context))

        self._handlers[self._prefix + name] = counted

    def invoke(self, name: str, event: Any) -> Any:
        """A handler's answer, outside of the workflow. Raises what it raises."""
        full = self._prefix + name
        context = LocalContext(full, full, str(uuid.uuid4()))
        return json.loads(json.dumps(self._handlers[full](json.loads(json.dumps(event)), context)))
