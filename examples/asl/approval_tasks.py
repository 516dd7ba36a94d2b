"""The function of approval.asl.json."""

from typing import Any

from rimedio.asl import TaskContext


def ask(payload: Any, context: TaskContext) -> None:
    """Here a message with the token would go to the owner, who answers with send_task_success."""


HANDLERS = {"ask": ask}
