"""How an application does the work of Task states."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TypeAlias

from rimedio.asl.errors import StatesError, TaskFailed
from rimedio.asl.execution.frames import Outcome, TaskCall
from rimedio.asl.jsontext import JSON, dumps, loads

PATTERN_SUFFIXES = (".waitForTaskToken", ".sync:2", ".sync")


@dataclass(frozen=True)
class TaskContext:
    """What a handler may know about the task it works on.

    `key` is the same whenever this very attempt is repeated after a crash: use it as an idempotency key.
    `heartbeat()` shows that the work goes on; it raises TaskTimedOut when nobody waits for it any more.
    """

    execution_id: str
    state_name: str
    resource: str
    retry_count: int
    token: str | None
    deadline: datetime | None
    key: str
    heartbeat: Callable[[], None]


Handler: TypeAlias = Callable[[JSON, TaskContext], JSON]
Handlers: TypeAlias = Mapping[str, Handler]


class AwaitExecution(Exception):
    """A handler raises this to be called again, with the same key, when that execution has ended.

    It holds no thread until then, and whatever the handler does before it must bear repetition.
    """

    def __init__(self, execution_id: str) -> None:
        super().__init__(execution_id)
        self.execution_id = execution_id


def outcome_of(handlers: Handlers, call: TaskCall, key: str, heartbeat: Callable[[], None]) -> Outcome:
    """Make a call; payload and result are copied, so that nobody's changes reach the execution's data.

    Raises AwaitExecution.
    """
    context = TaskContext(
        execution_id=call.execution_id,
        state_name=call.state,
        resource=call.resource,
        retry_count=call.retries,
        token=call.token,
        deadline=None if call.deadline is None else datetime.fromtimestamp(call.deadline, UTC),
        key=key,
        heartbeat=heartbeat,
    )

    def invoke(resource: str, payload: JSON) -> JSON:
        return loads(dumps(find_handler(handlers, resource)(loads(dumps(payload)), context)))

    try:
        result = invoke(call.resource, call.payload) if call.plan is None else call.plan(invoke)
        return Outcome(call, result)
    except AwaitExecution:
        raise
    except Exception as error:
        return Outcome(call, failure=as_failure(error))


def find_handler(handlers: Handlers, resource: str) -> Handler:
    """The handler of a resource: by its exact name, without the pattern suffix, or by a wildcard key.

    Raises States.Runtime when there is none.
    """
    found = _registered(handlers, resource)
    if found is not None:
        return found
    known = ", ".join(sorted(handlers)) or "none"
    cause = f"No handler is registered for the resource '{resource}'. Register one under it (known: {known})."
    raise StatesError("States.Runtime", cause)


def is_polled(handlers: Handlers, resource: str) -> bool:
    """Whether workers fetch a resource's tasks: an activity for which no handler is registered."""
    return ":activity:" in resource and _registered(handlers, resource) is None


def _registered(handlers: Handlers, resource: str) -> Handler | None:
    base = resource
    for suffix in PATTERN_SUFFIXES:
        base = base.removesuffix(suffix)
    for name in (resource, base):
        if name in handlers:
            return handlers[name]
    return next((handlers[key] for key in handlers if "*" in key and fnmatchcase(base, key)), None)


def as_failure(error: Exception) -> StatesError:
    """What an exception means for the state: its class is the error name, as in Lambda."""
    if isinstance(error, TaskFailed):
        return error
    if isinstance(error, StatesError):
        return TaskFailed(error.error, error.cause)
    name = type(error).__name__
    return TaskFailed(name, json.dumps({"errorMessage": str(error), "errorType": name}, ensure_ascii=False))
