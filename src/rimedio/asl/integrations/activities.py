"""Activities: tasks that workers fetch, on any thread of the process that runs the engine.

    activities = Activities(engine)
    ship = activities.create("ship")                    # `Resource` of a Task state
    task = activities.get_task(ship, worker="van-1")    # in the worker
    engine.send_task_success(task.token, {"ok": True})

A task is scheduled durably and handed out once. TimeoutSeconds counts from its scheduling, HeartbeatSeconds
from the moment a worker takes it. An activity for which a handler is registered is called like a function.
"""

import re
import time

from rimedio.asl.errors import ActivityDoesNotExist
from rimedio.asl.execution.engine import ARN, Engine
from rimedio.asl.journal.port import ActivityTask

POLL_SECONDS_MAX = 60.0
NOTE = "activity/"
NAME = re.compile(r"[^\s?*<>{}\[\]\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class Activities:
    """Creates, lists and deletes activities, kept in the journal, and hands their tasks to workers. Thread-safe."""

    def __init__(self, engine: Engine, arn: str = ARN) -> None:
        self._engine = engine
        self._prefix = f"{arn}:activity:"

    def create(self, name: str) -> str:
        """The ARN of an activity; creating it again changes nothing. Raises ValueError for a bad name."""
        if not NAME.fullmatch(name):
            msg = f"{name!r} is no activity name: 1 to 80 characters, no white space, wildcards or brackets."
            raise ValueError(msg)
        journal = self._engine.journal
        if journal.note(f"{NOTE}{name}") is None:
            journal.put_note(f"{NOTE}{name}", repr(self._engine.clock.now().timestamp()))
        return f"{self._prefix}{name}"

    def list(self) -> list[str]:
        """ARNs, by name."""
        return [f"{self._prefix}{note.removeprefix(NOTE)}" for note in self._engine.journal.notes(NOTE)]

    def created(self, arn: str) -> float:
        """When an activity was created, in seconds since the epoch. Raises ActivityDoesNotExist."""
        name = arn.removeprefix(self._prefix)
        note = None if name == arn else self._engine.journal.note(f"{NOTE}{name}")
        if note is None:
            raise ActivityDoesNotExist(f"There is no activity {arn}. Create it first.")
        return float(note)

    def delete(self, arn: str) -> None:
        """Forget an activity; nothing happens when it is not there."""
        self._engine.journal.put_note(f"{NOTE}{arn.removeprefix(self._prefix)}", None)

    def get_task(
        self, arn: str, worker: str | None = None, wait_seconds: float = POLL_SECONDS_MAX
    ) -> ActivityTask | None:
        """A task to work on, or None when none came in time. Raises ActivityDoesNotExist."""
        self.created(arn)
        until = time.monotonic() + min(wait_seconds, POLL_SECONDS_MAX)
        while True:
            taken = self._engine.journal.take(arn, worker)
            if taken is not None:
                self._engine.deliver(taken[1])
                return taken[0]
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._engine.wait_for_change(left)
