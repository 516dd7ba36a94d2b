"""Runs executions: in the caller's thread until nothing is left to do, or on worker threads for good.

The engine owns the queue of what can be done now: executions to advance and handlers to call. One thread
at a time advances an execution; its handlers may run on several threads at once (Parallel, Map). What an
execution has done is committed before any handler of its next step is called.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeAlias

from rimedio.asl.clock import Alarms, Clock, Randomness, SystemClock, new_uuid, system_randomness
from rimedio.asl.definition.model import Machine
from rimedio.asl.errors import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    NotRedrivable,
    TaskTimedOut,
)
from rimedio.asl.execution.executions import Description, described, event_as_aws
from rimedio.asl.execution.express import run_express
from rimedio.asl.execution.frames import Outcome, Run, TaskCall, restored
from rimedio.asl.execution.handlers import Handlers, TaskContext, as_failure, find_handler, is_polled
from rimedio.asl.execution.interpreter import Interpreter
from rimedio.asl.expressions.query import Services
from rimedio.asl.journal.port import (
    RUNNING,
    Event,
    Execution,
    Journal,
    Saved,
    Signal,
    reopened,
)
from rimedio.asl.journal.registry import Registry
from rimedio.asl.journal.sqlite import MemoryJournal
from rimedio.asl.jsontext import JSON, dumps, loads, parsed_input

ARN = "arn:aws:states:local:000000000000"
FRESH_RUNS_MAX = 1_000
POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0

_log = logging.getLogger("rimedio.asl")
CLOCK_TICK = 1e-6

Work: TypeAlias = "str | TaskCall"
Observer: TypeAlias = Callable[[str, Event], None]


class Engine:
    """Starts, runs, stops and describes executions of state machines."""

    def __init__(
        self,
        journal: Journal | None = None,
        handlers: Handlers | None = None,
        *,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
        on_event: Observer | None = None,
        arn: str = ARN,
        role_arn: str = "arn:aws:iam::000000000000:role/local",
    ) -> None:
        self.journal: Journal = journal if journal is not None else MemoryJournal()
        self.handlers: Handlers = handlers if handlers is not None else {}
        self.clock = clock or SystemClock()
        self.services = Services(self.clock, randomness or system_randomness())
        self.interpreter = Interpreter(
            self.services,
            f"{arn}:stateMachine",
            role_arn,
            lambda resource: is_polled(self.handlers, resource),
        )
        self.registry = Registry(self.journal, randomness)
        self.arn = arn
        self._on_event = on_event
        self._machines: dict[str, Machine] = {}
        self._changed = threading.Condition()
        self._queue: deque[Work] = deque()
        self._runs: dict[str, Run] = {}
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._alarms = Alarms()
        self._last_over = ""
        self._names = random.Random(new_uuid(self.services.randomness))  # noqa: S311 - names, not secrets

    # -- starting, describing

    def start(self, machine: Machine | str, input: JSON = None, name: str | None = None) -> str:  # noqa: A002
        """Record a new execution, ready to run; returns its id. A text such as `orders:live` is looked up.

        Starting again with the same name and input while it runs returns the same id. Raises
        ExecutionAlreadyExists when the name is taken otherwise, StateMachineDoesNotExist, InvalidInput.
        """
        machine = self.registry.find(machine) if isinstance(machine, str) else machine
        value, text = parsed_input({} if input is None else input)
        name = name or new_uuid(self._names)
        self._keep(machine)
        execution = Execution(
            id=f"{self.arn}:execution:{machine.name}:{name}",
            name=name,
            machine=machine.digest,
            input=text,
            started=self.clock.now().timestamp(),
        )
        execution, created = self.journal.create(execution)
        if not created:
            if execution.status == RUNNING and loads(execution.input) == value:
                return execution.id
            raise ExecutionAlreadyExists(execution.id)
        with self._changed:
            if len(self._runs) < FRESH_RUNS_MAX:
                run = self._runs[execution.id] = Run(execution, machine)
                self.interpreter.begin(run)
        self._put(execution.id)
        return execution.id

    def start_sync(self, machine: Machine, input: JSON = None, name: str | None = None) -> Description:  # noqa: A002
        """Run an Express execution to its end, in memory, in this thread. Raises InvalidInput."""
        found, events = run_express(self.interpreter, self._outcome, machine, input, self.arn, name=name)
        if self._on_event is not None:
            for event in events:
                self._on_event(found.execution_id, event)
        return found

    def describe(self, execution_id: str) -> Description:
        """How an execution stands. Raises ExecutionDoesNotExist."""
        return described(self._record(execution_id), self.arn, self._machine_name)

    def list_executions(
        self,
        machine: str | None = None,
        status: str | None = None,
        map_run: str | None = None,
        limit: int = 100,
    ) -> Sequence[Description]:
        """Executions, the newest first; with `map_run`, the child executions of a distributed Map."""
        records = self.journal.records(machine, status, map_run, limit)
        return [described(record, self.arn, self._machine_name) for record in records]

    def history(self, execution_id: str) -> list[dict[str, JSON]]:
        """The events, shaped as GetExecutionHistory's. Raises ExecutionDoesNotExist."""
        self._record(execution_id)
        return [event_as_aws(event) for event in self.journal.events(execution_id)]

    def machine_of(self, execution_id: str) -> Machine:
        """The definition that an execution runs on."""
        return self._machine(self._record(execution_id).machine)

    # -- from outside

    def send_task_success(self, token: str, output: JSON) -> None:
        """The task that waits for `token` has this output.

        Raises InvalidToken, TaskTimedOut, InvalidInput.
        """
        value, _ = parsed_input(output)
        self.deliver(self.journal.signal("success", token, value))

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """The task that waits for `token` has failed. Raises InvalidToken, TaskTimedOut."""
        self.deliver(self.journal.signal("failure", token, {"error": error, "cause": cause}))

    def send_task_heartbeat(self, token: str) -> None:
        """The task that waits for `token` is alive. Raises InvalidToken, TaskTimedOut."""
        self.deliver(self.journal.signal("heartbeat", token, None))

    def stop(self, execution_id: str, error: str | None = None, cause: str | None = None) -> None:
        """Abort an execution; nothing happens to one that has ended. Raises ExecutionDoesNotExist."""
        signal = self.journal.stop_signal(execution_id, {"error": error, "cause": cause})
        if signal is not None:
            self.deliver(signal)

    def redrive(self, execution_id: str) -> None:
        """Repeat a failed execution from the state that failed. Raises NotRedrivable."""
        saved = self.journal.load(execution_id)
        if saved is None:
            raise ExecutionDoesNotExist(f"No execution has the id {execution_id}.")
        if saved.execution.status not in ("FAILED", "ABORTED", "TIMED_OUT") or "" not in saved.frames:
            raise NotRedrivable(
                f"{execution_id} is {saved.execution.status}; only a failed one can be redriven."
            )
        machine = self._machine(saved.execution.machine)
        run = restored(Saved(reopened(saved.execution), saved.frames, ()), machine)
        self.interpreter.redrive(run)
        with self._changed:
            self._runs[execution_id] = run
            self._last_over = ""
        self._commit(run, run.is_over)
        self._put(execution_id)

    # -- running

    def resume(self) -> int:
        """Pick up every unfinished execution of the journal; how many. Call it once, before running."""
        waiting = self.journal.waiting()
        with self._changed:
            for at, execution_id in waiting:
                if execution_id not in self._runs:
                    self._alarms.set(at, execution_id)
            self._changed.notify_all()
        return len(waiting)

    def run(self, execution_id: str, *, until: Callable[[], bool] | None = None) -> Description:
        """Work in this thread until the execution has ended or waits for the outside; how it stands then.

        Other executions that can go on are worked on too. Time passes by the clock's `sleep`; before it does,
        `until` may say that what is wanted has come, such as a task that waits for a person.
        """
        with self._changed:
            if execution_id not in self._runs:
                self._queue.append(execution_id)
        while True:
            worked = self._work_once()
            if worked == execution_id and execution_id not in self._runs and self._is_over(execution_id):
                break
            if worked is None and not self._wait_for_progress(execution_id, until):
                break
        return self.describe(execution_id)

    def _is_over(self, execution_id: str) -> bool:
        return self._last_over == execution_id or self._record(execution_id).status != RUNNING

    def _wait_for_progress(self, execution_id: str, until: Callable[[], bool] | None) -> bool:
        with self._changed:
            if self._queue:
                return True
            if execution_id in self._runs:  # another thread is at it
                return self._changed.wait(POLL_SECONDS) or True
            mine = self._alarms.has(execution_id)
        return mine and not (until is not None and until()) and self._sleep_until_alarm()

    def run_until_idle(self, *, wait: bool = True) -> int:
        """Work in this thread until nothing can be done any more; how many pieces of work were done.

        With `wait`, alarms are slept through (at once with a virtual clock); without, it returns when all
        that is left lies in the future.
        """
        done = 0
        while True:
            while self._work_once():
                done += 1
            if not wait or not self._sleep_until_alarm():
                return done

    def serve(self, threads: int, stop: threading.Event) -> None:
        """Work on `threads` threads until `stop` is set. Blocks."""
        with self.workers(threads):
            stop.wait()

    @contextmanager
    def workers(self, threads: int) -> Iterator[None]:
        """Work on threads in the background, as long as the context lasts."""
        halt = threading.Event()
        pool = [
            threading.Thread(target=self._worker, args=(halt,), name=f"asl-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in pool:
            thread.start()
        try:
            yield
        finally:
            halt.set()
            with self._changed:
                self._changed.notify_all()
            for thread in pool:
                thread.join()

    def wait_for_change(self, seconds: float) -> None:
        """Wait until something may have happened, or until time is up."""
        with self._changed:
            self._changed.wait(min(seconds, POLL_SECONDS))

    def wait_for(self, execution_id: str, seconds: float) -> Description:
        """Wait, while workers work, until an execution has ended; how it stands then."""
        with self._changed:
            self._changed.wait_for(lambda: self._record(execution_id).status != RUNNING, timeout=seconds)
        return self.describe(execution_id)

    # -- the work itself

    def _worker(self, halt: threading.Event) -> None:
        while not halt.is_set():
            try:
                worked = self._work_once()
            except Exception:  # the journal failed, say: the execution goes on from its last record
                _log.exception("An execution could not be advanced; it is tried again in a second.")
                continue
            if worked is None:
                with self._changed:
                    if not self._queue and not halt.is_set():
                        self._changed.wait(self._seconds_to_alarm())

    def _seconds_to_alarm(self) -> float:
        at = self._alarms.next()
        if at is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.0, at - self.clock.now().timestamp()))

    def _sleep_until_alarm(self) -> bool:
        """Let time pass until the next alarm; False when there is none."""
        with self._changed:
            if self._queue:
                return True
            at = self._alarms.next()
        if at is None:
            return False
        seconds = at - self.clock.now().timestamp()
        if seconds > 0:
            self._sleep(max(seconds, CLOCK_TICK))  # less, and a clock in microseconds stands still
        return True

    def _sleep(self, seconds: float) -> None:
        """Sleep on a virtual clock; on a real one for a moment only, since other threads may bring work."""
        moment = min(seconds, POLL_SECONDS)
        began = time.monotonic()
        self.clock.sleep(moment)
        if time.monotonic() - began < moment / 2:
            self.clock.sleep(seconds - moment)

    def _work_once(self) -> str | None:
        """Do one piece of work; whose it was, or None when there is nothing to do now."""
        with self._changed:
            next_alarm = self._alarms.next()
            if next_alarm is not None:
                now = self.clock.now().timestamp()
                if next_alarm <= now:
                    self._queue.extend(self._alarms.due(now))
            if not self._queue:
                return None
            work = self._queue.popleft()
            if isinstance(work, str):
                if work in self._busy:
                    self._again.add(work)
                    return work
                self._busy.add(work)
        if isinstance(work, str):
            self._advance_safely(work)
            return work
        self._call(work)
        return work.execution_id

    def _advance_safely(self, execution_id: str) -> None:
        try:
            self._advance(execution_id)
        except BaseException:
            self._forget(execution_id)
            raise
        finally:
            with self._changed:
                self._busy.discard(execution_id)
                if execution_id in self._again:
                    self._again.discard(execution_id)
                    self._queue.append(execution_id)
                self._changed.notify_all()

    def _forget(self, execution_id: str) -> None:
        """Drop what memory holds, which is ahead of the journal or unsound; read it again later."""
        with self._changed:
            self._runs.pop(execution_id, None)
            self._again.discard(execution_id)
            self._alarms.set(self.clock.now().timestamp() + RETRY_SECONDS, execution_id)

    def _advance(self, execution_id: str) -> None:
        run = self._runs.get(execution_id)
        if run is None:
            run = self._load(execution_id)
            if run is None:
                return
        paused = self.interpreter.advance(run)
        if not self._commit(run, paused):  # its start was rolled back
            with self._changed:
                del self._runs[execution_id]
            return
        with self._changed:
            calls, run.calls = run.calls, []
            self._queue.extend(calls)
            if paused or run.outcomes or run.signals:
                self._queue.append(execution_id)
            elif run.is_over or not run.in_flight:
                del self._runs[execution_id]
                self._last_over = execution_id if run.is_over else self._last_over
            self._alarms.set(None if run.is_over else self.interpreter.next_alarm(run), execution_id)

    def _load(self, execution_id: str) -> Run | None:
        saved = self.journal.load(execution_id)
        if saved is None or saved.execution.status != RUNNING:
            return None
        run = restored(saved, self._machine(saved.execution.machine))
        self.interpreter.revive(run)
        with self._changed:
            self._runs[execution_id] = run
        return run

    def _commit(self, run: Run, paused: bool) -> bool:
        changes = run.take_changes()
        changes.execution = run.recorded()
        if not run.is_over:
            busy = paused or bool(run.in_flight)
            changes.wake = 0.0 if busy else self.interpreter.next_alarm(run)
        else:
            changes.wake = None
        if not self.journal.commit(changes):
            return False
        if self._on_event is not None:
            for event in changes.events:
                self._on_event(run.execution.id, event)
        return True

    def _call(self, call: TaskCall) -> None:
        run = self._runs.get(call.execution_id)
        if run is None or (call.path, call.attempt) not in run.in_flight:
            return
        try:
            outcome = self._outcome(call, run)
        except BaseException:  # Ctrl-C in the handler: the call is repeated
            self._forget(call.execution_id)
            raise
        with self._changed:
            run.outcomes.append(outcome)
            self._queue.appendleft(call.execution_id)  # recorded before anything else is begun
            self._changed.notify()

    def _outcome(self, call: TaskCall, run: Run) -> Outcome:
        try:
            handler = find_handler(self.handlers, call.resource)
            context = self._task_context(call, run)
            payloads = call.payload if call.each and isinstance(call.payload, list) else [call.payload]
            results = [handler(loads(dumps(payload)), context) for payload in payloads]
            return Outcome(call, loads(dumps(results[-1])))
        except Exception as error:
            return Outcome(call, failure=as_failure(error))

    def _task_context(self, call: TaskCall, run: Run) -> TaskContext:
        def heartbeat() -> None:
            if (call.path, call.attempt) not in run.in_flight:
                raise TaskTimedOut(f"Nobody waits for {call.state!r} any more.")
            if call.token is not None:
                self.send_task_heartbeat(call.token)

        return TaskContext(
            execution_id=call.execution_id,
            state_name=call.state,
            resource=call.resource,
            retry_count=call.retries,
            token=call.token,
            deadline=None if call.deadline is None else datetime.fromtimestamp(call.deadline, UTC),
            key=f"{call.execution_id}{call.path}#{call.entered}.{call.attempt}",
            heartbeat=heartbeat,
        )

    def deliver(self, signal: Signal) -> None:
        """Have a signal that the journal keeps taken up by its execution."""
        with self._changed:
            run = self._runs.get(signal.execution_id)
            if run is not None:
                run.signals.append(signal)
        self._put(signal.execution_id)

    def _put(self, execution_id: str) -> None:
        with self._changed:
            self._queue.append(execution_id)
            self._changed.notify()

    # -- records and definitions

    def _record(self, execution_id: str) -> Execution:
        record = self.journal.record(execution_id)
        if record is None:
            raise ExecutionDoesNotExist(f"No execution has the id {execution_id}.")
        return record

    def _keep(self, machine: Machine) -> None:
        if machine.digest not in self._machines:
            self.journal.put_machine(machine.digest, machine.name, machine.definition)
            self._machines[machine.digest] = machine

    def _machine(self, digest: str) -> Machine:
        if digest not in self._machines:
            kept = self.journal.machine(digest)
            if kept is None:
                raise ExecutionDoesNotExist(f"The definition {digest} is not in the journal.")
            self._machines[digest] = Machine.parse(kept[1], kept[0])
        return self._machines[digest]

    def _machine_name(self, digest: str) -> str:
        return self._machine(digest).name
