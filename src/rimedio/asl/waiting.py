"""Which tasks of an execution wait for an answer, and the tokens to answer with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.frames import Phase, restored
from rimedio.asl.trace import Mark, Trace

TOKEN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class WaitingTask:
    """A task that waits for an answer."""

    execution_id: str
    state: str
    token: str


def waiting_tasks(engine: Engine, execution_id: str) -> list[WaitingTask]:
    """The tasks of an execution that wait for an answer with a token. Raises ExecutionDoesNotExist."""
    if engine.describe(execution_id).is_over:
        return []
    saved = engine.journal.load(execution_id)
    if saved is None:  # another process runs it: what the tasks were sent tells
        return list(_sent_tokens(engine, execution_id))
    run = restored(saved.execution, saved.frames, engine.machine_of(execution_id))
    return [
        WaitingTask(execution_id, frame.state, frame.token)
        for frame in run.frames.values()
        if frame.token and frame.phase is Phase.TOKEN
    ]


def _sent_tokens(engine: Engine, execution_id: str) -> Iterator[WaitingTask]:
    events = engine.journal.events(execution_id)
    trace = Trace(events)
    sent = {trace.place(event)[1]: str(event.details) for event in events if event.type == "TaskScheduled"}
    for visit, details in sent.items():
        token = TOKEN.search(details)
        if visit is not None and visit.mark is Mark.WAITING and token:
            yield WaitingTask(execution_id, visit.name, token[0])
