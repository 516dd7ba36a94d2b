"""Activities: tasks that workers fetch, on any thread of the process that runs the engine.

    activities = Activities(engine)
    ship = activities.create("ship")                    # `Resource` of a Task state
    task = activities.get_task(ship, worker="van-1")    # in the worker
    engine.send_task_success(task.token, {"ok": True})

A task is scheduled durably and handed out once. TimeoutSeconds counts from its scheduling, HeartbeatSeconds
from the moment a worker takes it. An activity for which a handler is registered is called like a function.
"""

import re
import threading
import time

from rimedio.asl.engine import ARN, Engine
from rimedio.asl.errors import ActivityDoesNotExist
from rimedio.asl.journal import ActivityTask

POLL_SECONDS_MAX = 60.0
_NAME = re.compile(r"[^\s?*<>{}\[\]\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class Activities:
    """Creates, lists and deletes activities, and hands their tasks to workers. Thread-safe."""

    def __init__(self, engine: Engine, arn: str = ARN) -> None:
        self._engine = engine
        self._prefix = f"{arn}:activity:"
        self._lock = threading.Lock()
        self._known: dict[str, None] = {}

    def create(self, name: str) -> str:
        """The ARN of an activity; creating it again changes nothing. Raises ValueError for a bad name."""
        if not _NAME.fullmatch(name):
            msg = f"{name!r} is no activity name: 1 to 80 characters, no white space, wildcards or brackets."
            raise ValueError(msg)
        with self._lock:
            self._known[f"{self._prefix}{name}"] = None
        return f"{self._prefix}{name}"

    def list(self) -> list[str]:
        """ARNs in the order of creation."""
        with self._lock:
            return list(self._known)

    def delete(self, arn: str) -> None:
        """Forget an activity; nothing happens when it is not there."""
        with self._lock:
            self._known.pop(arn, None)

    def get_task(
        self, arn: str, worker: str | None = None, wait_seconds: float = POLL_SECONDS_MAX
    ) -> ActivityTask | None:
        """A task to work on, or None when none came in time. Raises ActivityDoesNotExist."""
        with self._lock:
            known = arn in self._known
        if not known:
            raise ActivityDoesNotExist(f"There is no activity {arn}. Create it first.")
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
