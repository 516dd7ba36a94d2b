"""Every task by its name, and the one Lambda-shaped handler through which the engine calls them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rimedio.asl import TaskContext
from rimedio.domain.codec import Json
from rimedio.domain.errors import NotFound
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.tasks import (
    assemble_context,
    classify,
    decide,
    enrich,
    extract_text,
    generate,
    inspect,
    retrieve,
    store,
    validate,
    verify,
    wait,
)
from rimedio.tickets.tasks.task import Task

# Tasks of many types in one table: the codec checks the types of each call.
TASKS: Mapping[str, Task[Any, Any]] = MappingProxyType(
    {
        task.name: task
        for task in (
            validate.TASK,
            enrich.TASK,
            extract_text.TASK,
            inspect.TASK,
            classify.TASK,
            classify.SECOND_OPINION_TASK,
            retrieve.HYBRID_TASK,
            retrieve.CODE_TASK,
            retrieve.SIMILAR_TASK,
            assemble_context.TASK,
            generate.TASK,
            verify.TASK,
            decide.TASK,
            wait.REVIEW_TASK,
            wait.ASK_TASK,
            wait.TAKE_UP_TASK,
            store.STORE_TASK,
            store.NOTIFY_TASK,
            store.FAIL_TASK,
        )
    }
)


def run_task(name: str, parts: TaskParts, payload: Json) -> Json:
    """What the task of that name answers. Raises NotFound, and what the task raises."""
    task = TASKS.get(name)
    if task is None:
        raise NotFound(f"The workflow calls {name!r}, which is no task. Known: {', '.join(sorted(TASKS))}.")
    return parts.keep_answer(name, payload, lambda: task(parts, payload))


class InvokeTask:
    """Answers `arn:aws:states:::lambda:invoke`: FunctionName is a task's name, Payload its input."""

    def __init__(self, parts: Callable[[], TaskParts]) -> None:
        """`parts` is called when the first task runs, so that starting up builds nothing."""
        self._parts = parts

    def __call__(self, arguments: Json, _context: TaskContext) -> Json:
        """Shape of Lambda's own reply: StatusCode and Payload. Raises what the task raises."""
        given = arguments if isinstance(arguments, dict) else {}
        name = str(given.get("FunctionName", ""))
        return {"StatusCode": 200, "Payload": run_task(name, self._parts(), given.get("Payload"))}
