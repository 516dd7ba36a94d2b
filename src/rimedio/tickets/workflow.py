"""The ticket's way: one Amazon States Language file, here and on AWS.

`workflow.asl.json` names its tasks as `${name}`. On AWS, CDK's definition substitutions put function ARNs
there; at home each name stands for itself and means a function of `tickets.tasks`.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from rimedio.domain.codec import Json

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"


@cache
def definition_text() -> str:
    """The file as it is, placeholders and all."""
    return (files("rimedio.tickets") / "workflow.asl.json").read_text("utf-8")


@cache
def task_names() -> frozenset[str]:
    """The tasks that the workflow calls."""
    return frozenset(PLACEHOLDER.findall(definition_text()))


def definition_for(functions: Mapping[str, str]) -> str:
    """The file with each task's function in its place, as CloudFormation's definition substitutions do it.

    Raises KeyError for a task that has none.
    """
    return PLACEHOLDER.sub(lambda match: functions[match[1]], definition_text())


def definition() -> dict[str, Json]:
    """The state machine with every task under its own name."""
    parsed: dict[str, Json] = json.loads(PLACEHOLDER.sub(r"\1", definition_text()))
    return parsed
