"""What an engine's executions do just now: their trace with child executions, their counts, what they wait for."""

import re
from contextlib import suppress
from dataclasses import dataclass

from rimedio.asl.errors import ExecutionDoesNotExist
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.frames import Phase, restored
from rimedio.asl.trace import Thread, Trace, Visit

CHILDREN_MAX = 1_000
TOKEN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class WaitingTask:
    """A task that waits for an answer."""

    execution_id: str
    state: str
    token: str


def waiting_tasks(engine: Engine, execution_id: str) -> list[WaitingTask]:
    """The tasks of an execution that wait for an answer with a token. Raises ExecutionDoesNotExist."""
    is_over, record = engine.describe(execution_id).is_over, engine.journal.record(execution_id)
    if is_over or record is None:
        return []
    run = restored(record, engine.journal.frames(execution_id), engine.machine_of(execution_id))
    return [
        WaitingTask(execution_id, frame.state, frame.token)
        for frame in run.frames.values()
        if frame.token and frame.phase is Phase.TOKEN
    ]


def whole_trace(engine: Engine, execution_id: str) -> Trace:
    """An execution's trace; the first thousand child executions of a distributed Map stand in it as its items."""
    trace = Trace(engine.events(execution_id))
    for visit in [visit for visit in trace.visits() if visit.map_run]:
        count_items(engine, visit)
        children = engine.list_executions(map_run=visit.map_run, limit=CHILDREN_MAX)
        for index, child in enumerate(reversed(children)):
            thread = Thread(index, visit)
            inner = Trace(engine.events(child.execution_id)).root
            thread.visits, thread.mark = inner.visits, inner.mark
            for each in thread.visits:
                each.thread = thread
            visit.threads.append(thread)
    return trace


def count_items(engine: Engine, visit: Visit) -> None:
    """Note how many items of a distributed Map are over, and how many of them failed."""
    with suppress(ExecutionDoesNotExist):  # its record comes with the next commit
        counts = engine.describe_map_run(visit.map_run).items
        failed = sum(counts[key] for key in ("failed", "timedOut", "aborted"))
        visit.counts = (counts["succeeded"] + failed, failed, counts["total"])
