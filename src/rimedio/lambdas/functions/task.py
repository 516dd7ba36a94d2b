"""One step of a ticket's workflow: 19 functions of one code, told apart by RIMEDIO_TASK, each with its own role.

Step Functions invokes it with the step's payload and takes its result; an error's class is the name that the
workflow's Retry and Catch match, as at home. A repeated call changes nothing: tasks write under conditions, and
what a paying one answered is kept.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.domain.codec import Json

VARIABLE = "RIMEDIO_TASK"


@dataclass(frozen=True, slots=True)
class _Running:
    """What the log wants to know of the execution."""

    execution_id: str


def build_task(system: "Rimedio", name: str) -> "Work[Json]":
    """The task of that name on a system. Raises InvalidSetting when there is no such task."""
    from rimedio.domain.errors import InvalidSetting
    from rimedio.observability.observed_tasks import ObservedTasks
    from rimedio.tickets.tasks.registry import TASKS, run_task

    if name not in TASKS:
        raise InvalidSetting(
            f"{VARIABLE} is {name!r}, which is no task. There are: {', '.join(sorted(TASKS))}."
        )

    def run(arguments: "Json", _running: _Running) -> "Json":
        payload = arguments["Payload"] if isinstance(arguments, dict) else None
        return run_task(name, system.task_parts, payload)

    observed = ObservedTasks(run, system.accounts.performance)

    def work(event: Event, _invocation: Invocation) -> "Json":
        running = _Running(str(event.get("execution_id", "")))
        return observed({"FunctionName": name, "Payload": dict(event)}, running)

    return work


def build_named_task(system: "Rimedio") -> "Work[Json]":
    """The task that the environment names. Raises InvalidSetting."""
    return build_task(system, os.environ.get(VARIABLE, ""))


def ids_of(event: Event) -> Mapping[str, str | None]:
    """Ids for the log: whose ticket it is."""
    tenant = event.get("tenant_id")
    return {"tenant": tenant if isinstance(tenant, str) else None}


handler = LambdaFunction(
    f"task-{os.environ.get(VARIABLE, '')}",
    build_named_task,
    correlate=ids_of,
    warm=("rimedio.tickets.tasks.registry",),
)
