"""What can be done now, what is due later, and who is at it."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import TypeAlias

from rimedio.asl.clock import Alarms, Clock
from rimedio.asl.execution.frames import TaskCall

POLL_SECONDS = 0.2

Work: TypeAlias = str | TaskCall  # an execution to advance, or a handler to call


class Agenda:
    """Work for any number of threads; an execution is advanced by one of them at a time.

    `lock` may be held for what must not change between a look and a decision.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lock = threading.RLock()
        self._for_workers = threading.Condition(self.lock)
        self._for_watchers = threading.Condition(self.lock)
        self._queue: deque[Work] = deque()
        self._alarms = Alarms()
        self._advancing: set[str] = set()
        self._again: set[str] = set()
        self._calling: Counter[str] = Counter()
        self._parked: dict[str, list[TaskCall]] = {}
        self._awaits: dict[str, set[str]] = {}

    def put(self, *works: Work, first: bool = False) -> None:
        """Have this done: after all else, or before it."""
        with self.lock:
            (self._queue.extendleft if first else self._queue.extend)(works)
            self._for_workers.notify(len(works))

    def set_alarm(self, at: float | None, execution_id: str) -> None:
        """Have an execution advanced at an instant (seconds since the epoch) and no other; None: not at all."""
        with self.lock:
            self._alarms.set(at, execution_id)

    def take(self) -> Work | None:
        """Begin with the next piece of work; None when there is nothing to do now."""
        with self.lock:
            self._ring()
            while self._queue:
                work = self._queue.popleft()
                if isinstance(work, TaskCall):
                    self._calling[work.execution_id] += 1
                    return work
                if work not in self._advancing:
                    self._advancing.add(work)
                    return work
                self._again.add(work)
            return None

    def _ring(self) -> None:
        at = self._alarms.next()
        if at is not None:
            now = self._clock.now().timestamp()
            if at <= now:
                self._queue.extend(self._alarms.due(now))

    def done(self, work: Work) -> None:
        """A piece of work that was begun is done, well or not."""
        with self.lock:
            if isinstance(work, TaskCall):
                self._calling[work.execution_id] -= 1
                if not self._calling[work.execution_id]:
                    del self._calling[work.execution_id]
            else:
                self._advancing.discard(work)
                if work in self._again:
                    self._again.discard(work)
                    self.put(work)
            self._for_watchers.notify_all()

    # -- calls that wait for the end of another execution

    def park(self, call: TaskCall, awaited: str) -> None:
        """Make a call when the execution `awaited` has ended."""
        with self.lock:
            self._parked.setdefault(awaited, []).append(call)
            self._awaits.setdefault(call.execution_id, set()).add(awaited)

    def ended(self, execution_id: str) -> None:
        """Make the calls that waited for this."""
        with self.lock:
            calls = self._parked.pop(execution_id, ())
            for call in calls:
                self._awaits[call.execution_id].discard(execution_id)
            self.put(*calls)

    def abandoned(self, execution_id: str, still: Callable[[TaskCall], bool]) -> list[str]:
        """Executions that only calls of this one waited for, and do not any more; the calls are dropped."""
        if execution_id not in self._awaits:
            return []
        with self.lock:
            gone = [
                key
                for key in self._awaits.get(execution_id, ())
                if not any(call.execution_id != execution_id or still(call) for call in self._parked[key])
            ]
            for key in gone:
                del self._parked[key]
                self._awaits[execution_id].discard(key)
            if not self._awaits.get(execution_id, True):
                del self._awaits[execution_id]
            return gone

    def _family(self, execution_id: str) -> list[str]:
        """An execution and all that its calls wait for."""
        family = [execution_id]
        for parent in family:  # it grows while it is walked
            family += self._awaits.get(parent, ())
        return family

    # -- time

    def is_moving(self, execution_id: str) -> bool:
        """Whether some thread is at this execution, or at one that it waits for."""
        with self.lock:
            return any(key in self._advancing or self._calling[key] for key in self._family(execution_id))

    def has_alarm(self, execution_id: str) -> bool:
        """Whether time alone will bring this execution on."""
        with self.lock:
            return any(self._alarms.has(key) for key in self._family(execution_id))

    def seconds_to_alarm(self) -> float | None:
        """How long until something is due: 0 when something can be done now, None when nothing will be."""
        with self.lock:
            at = self._alarms.next()
            if self._queue:
                return 0.0
            return None if at is None else max(0.0, at - self._clock.now().timestamp())

    def rest(self, halt: threading.Event) -> None:
        """Let a worker wait until there may be work."""
        with self.lock:
            seconds = self.seconds_to_alarm()
            if not halt.is_set():
                self._for_workers.wait(POLL_SECONDS if seconds is None else min(POLL_SECONDS, seconds))

    def watch(self, seconds: float) -> None:
        """Wait until something may have happened, or until time is up."""
        with self.lock:
            self._for_watchers.wait(min(seconds, POLL_SECONDS))

    def wake_all(self) -> None:
        """Let everybody look again."""
        with self.lock:
            self._for_workers.notify_all()
            self._for_watchers.notify_all()
