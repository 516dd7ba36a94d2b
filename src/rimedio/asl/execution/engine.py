"""Runs executions: in the caller's thread until nothing is left to do, or on worker threads for good.

What an execution has done is committed before any handler of its next step is called. One thread at a time
advances an execution; its handlers may run on several threads at once (Parallel, Map).
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import cast

from rimedio.asl.clock import Clock, Randomness, SystemClock, new_uuid, system_randomness
from rimedio.asl.definition.model import Machine
from rimedio.asl.errors import ExecutionAlreadyExists, ExecutionDoesNotExist, NotRedrivable
from rimedio.asl.execution.agenda import POLL_SECONDS, Agenda
from rimedio.asl.execution.distributed import map_description
from rimedio.asl.execution.distributed.running_children import RunningChildren
from rimedio.asl.execution.executions import Description, described, event_as_aws
from rimedio.asl.execution.express import run_express
from rimedio.asl.execution.frames import Outcome, Run, TaskCall
from rimedio.asl.execution.handlers import AwaitExecution, Handlers, is_polled
from rimedio.asl.execution.interpreter import Interpreter
from rimedio.asl.execution.workbench import Observer, Workbench
from rimedio.asl.expressions.query import Services
from rimedio.asl.journal.port import RUNNING, STARTED_NOTE, Event, Execution, Journal, Signal
from rimedio.asl.journal.registry import Found, Registry
from rimedio.asl.journal.sqlite import MemoryJournal
from rimedio.asl.jsontext import JSON, dumps, loads, parsed_input

ARN = "arn:aws:states:local:000000000000"
CLOCK_TICK = 1e-6
FORGOTTEN_AT_ONCE = 200

_log = logging.getLogger("rimedio.asl")


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
        self._agenda = Agenda(self.clock)
        children = self.interpreter.fanout.map_runs.children
        self._children = RunningChildren(self.journal, self.registry, children)
        self._bench = Workbench(
            self.journal, self.registry, self.interpreter, self._agenda, self.handlers, on_event
        )
        self._names = random.Random(new_uuid(self.services.randomness))  # noqa: S311 - names, not secrets

    # -- starting, describing

    def start(
        self,
        machine: Machine | Found | str,
        input: JSON = None,  # noqa: A002
        name: str | None = None,
        *,
        trace_header: str | None = None,
    ) -> str:
        """Record a new execution, ready to run; returns its id. A text such as `orders:live` is looked up.

        Starting again with the same name and input while it runs returns the same id. Raises
        ExecutionAlreadyExists when the name is taken otherwise, StateMachineDoesNotExist, InvalidInput.
        """
        found = self.registry.resolve(machine) if isinstance(machine, str) else machine
        found = Found(found) if isinstance(found, Machine) else found
        machine, value, text = found.machine, *parsed_input({} if input is None else input)
        name = name or new_uuid(self._names)
        self.registry.know(machine)
        execution_id = f"{self.arn}:execution:{machine.name}:{name}"
        about = {"version": found.version, "alias": found.alias, "trace": trace_header}
        noted = dumps(cast("JSON", about)) if any(about.values()) else None
        if noted is not None and self.journal.record(execution_id) is None:
            self.journal.put_note(f"{STARTED_NOTE}{execution_id}", noted)
        execution, created = self.journal.create(
            Execution(execution_id, name, machine.digest, text, self.clock.now().timestamp()),
            (machine.name, machine.definition),
        )
        if created:
            self._bench.lay_out(execution, machine, noted)
        elif execution.status != RUNNING or loads(execution.input) != value:
            raise ExecutionAlreadyExists(execution.id)
        return execution.id

    def start_sync(self, machine: Machine, input: JSON = None, name: str | None = None) -> Description:  # noqa: A002
        """Run an Express execution to its end, in memory, in this thread. Raises InvalidInput."""
        found, events = run_express(self.interpreter, self._outcome, machine, input, self.arn, name=name)
        if self._on_event is not None:
            for event in events:
                self._on_event(found.execution_id, event)
        return found

    def _outcome(self, call: TaskCall, run: Run) -> Outcome:
        """A call of an Express execution, which waits right here for what it starts."""
        while True:
            try:
                return self._bench.outcome(call, run)
            except AwaitExecution as awaited:
                if not self.run(awaited.execution_id).is_over:
                    self.wait_for(awaited.execution_id, POLL_SECONDS)

    def describe(self, execution_id: str) -> Description:
        """How an execution stands. Raises ExecutionDoesNotExist."""
        return described(self._found(execution_id)[0], self.arn)

    def list_executions(
        self,
        machine: str | None = None,
        status: str | None = None,
        map_run: str | None = None,
        limit: int = 100,
    ) -> Sequence[Description]:
        """Executions, the newest first; with `map_run`, the child executions of a distributed Map."""
        records = self.journal.records(machine, status, map_run, limit)
        if map_run is not None and status in (None, RUNNING):
            records = self._children.before(records, map_run, limit)
        return [described(row, self.arn) for row in records]

    def history(self, execution_id: str) -> list[dict[str, JSON]]:
        """The events, shaped as GetExecutionHistory's. Raises ExecutionDoesNotExist."""
        return [event_as_aws(event) for event in self.events(execution_id)]

    def events(self, execution_id: str) -> Sequence[Event]:
        """The events. Raises ExecutionDoesNotExist."""
        record, running = self._found(execution_id)
        return self.journal.events(record.id) if running is None else running

    def machine_of(self, execution_id: str) -> Machine:
        """The definition that an execution runs on."""
        return self.registry.machine(self._found(execution_id)[0].machine)

    def map_runs(self, execution_id: str) -> Sequence[map_description.MapRunDescription]:
        """The Map runs of an execution's distributed Maps."""
        return map_description.described_map_runs(self.journal, execution_id)

    def describe_map_run(self, arn: str) -> map_description.MapRunDescription:
        """How a Map run stands. Raises ExecutionDoesNotExist."""
        return map_description.described_map_run(self.journal, arn)

    def forget(self, before: datetime) -> int:
        """Delete executions that ended before an instant, with their histories; how many. Their names are free again.

        AWS does so after 90 days. The file keeps its size and fills the room again; SQLite's VACUUM gives it back.
        """
        count = 0
        while forgotten := self.journal.forget(before.timestamp(), FORGOTTEN_AT_ONCE):
            count += forgotten
        return count

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

    def deliver(self, signal: Signal) -> None:
        """Have a signal that the journal keeps taken up by its execution."""
        self._bench.receive(signal)

    def stop(self, execution_id: str, error: str | None = None, cause: str | None = None) -> None:
        """Abort an execution; nothing happens to one that has ended. Raises ExecutionDoesNotExist."""
        signal = self.journal.stop_signal(execution_id, {"error": error, "cause": cause})
        if signal is not None:
            self.deliver(signal)

    def update_map_run(
        self,
        arn: str,
        *,
        concurrency: int | None = None,
        tolerated_count: int | None = None,
        tolerated_percentage: float | None = None,
    ) -> bool:
        """Other limits for a Map run; False when it is over. Raises ExecutionDoesNotExist."""
        run = self.describe_map_run(arn)
        counts = {"concurrency": concurrency, "tolerated_count": tolerated_count}
        told = {**counts, "tolerated_percentage": tolerated_percentage}
        limits: dict[str, JSON] = {name: value for name, value in told.items() if value is not None}
        signal = self.journal.stop_signal(run.execution_id, {"arn": arn, **limits}, "limits")
        if signal is None or run.status != RUNNING:
            return False
        map_description.limits_changed(self.journal, arn, limits)
        self.deliver(signal)
        return True

    def redrive(self, execution_id: str) -> None:
        """Repeat a failed execution from the state that failed. Raises ExecutionDoesNotExist, NotRedrivable."""
        status = self._found(execution_id)[0].status
        if not self._bench.reopen(execution_id):
            raise NotRedrivable(f"{execution_id} is {status}; only a failed one can be redriven.")

    # -- running

    def resume(self) -> int:
        """Pick up every unfinished execution that no other living process runs; how many can go on by themselves.

        Call it once, before running.
        """
        waiting = self.journal.waiting()
        for at, execution_id in waiting:
            if not self._bench.holds(execution_id):
                self._agenda.set_alarm(at, execution_id)
        self._agenda.wake_all()
        return len(waiting)

    def run(self, execution_id: str, *, until: Callable[[], bool] | None = None) -> Description:
        """Work in this thread until the execution has ended or waits for the outside; how it stands then.

        Other executions that can go on are worked on too. Time passes by the clock's `sleep`; before it does,
        `until` may say that what is wanted has come, such as a task that waits for a person. One that another
        process runs is not waited for.
        """
        if not self._bench.holds(execution_id):
            self._agenda.put(execution_id)
        while True:
            worked = self._bench.work()
            if worked is None:
                if not self._bench.hear() and not self._wait_for_progress(execution_id, until):
                    break
            elif worked == execution_id and not self._bench.holds(execution_id):
                found = self.describe(execution_id)
                if found.is_over:
                    return found
        return self.describe(execution_id)

    def _wait_for_progress(self, execution_id: str, until: Callable[[], bool] | None) -> bool:
        if self._agenda.is_moving(execution_id):  # by another thread
            self._agenda.watch(POLL_SECONDS)
            return True
        if not self._agenda.has_alarm(execution_id):
            return self._agenda.seconds_to_alarm() == 0
        return not (until is not None and until()) and self._sleep_until_alarm()

    def run_until_idle(self, *, wait: bool = True) -> int:
        """Work in this thread until nothing can be done any more; how many pieces of work were done.

        With `wait`, alarms are slept through (at once with a virtual clock); without, it returns when all
        that is left lies in the future.
        """
        done = 0
        while True:
            while self._bench.work() is not None:
                done += 1
            if not self._bench.hear() and not (wait and self._sleep_until_alarm()):
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
            self._agenda.wake_all()
            for thread in pool:
                thread.join()

    def _worker(self, halt: threading.Event) -> None:
        while not halt.is_set():
            try:
                if self._bench.work() is None and not self._bench.hear():
                    self._agenda.rest(halt)
            except Exception:  # the journal failed, say: the execution goes on from its last record
                _log.exception("An execution could not be advanced; it is tried again in a second.")
                halt.wait(POLL_SECONDS)

    def wait_for_change(self, seconds: float) -> None:
        """Wait until something may have happened, or until time is up."""
        self._agenda.watch(seconds)

    def wait_for(self, execution_id: str, seconds: float) -> Description:
        """Wait, while workers work, until an execution has ended; how it stands then."""
        until = time.monotonic() + seconds
        with self._agenda.lock:  # so that the end cannot come between a look and the wait
            while True:
                found = self.describe(execution_id)
                left = until - time.monotonic()
                if found.is_over or left <= 0:
                    return found
                self._agenda.watch(left)

    # -- time

    def _sleep_until_alarm(self) -> bool:
        """Let time pass until the next alarm; False when there is none."""
        seconds = self._agenda.seconds_to_alarm()
        if seconds:
            self._sleep(max(seconds, CLOCK_TICK))  # less, and a clock in microseconds stands still
        return seconds is not None

    def _sleep(self, seconds: float) -> None:
        """Sleep on a virtual clock; on a real one for a moment only, since other threads may bring work."""
        moment = min(seconds, POLL_SECONDS)
        began = time.monotonic()
        self.clock.sleep(moment)
        if time.monotonic() - began < moment / 2:
            self.clock.sleep(seconds - moment)

    def _found(self, execution_id: str) -> tuple[Execution, Sequence[Event] | None]:
        """The record, and the events of a child execution that is under way, perhaps for the second time."""
        record = self.journal.record(execution_id)
        if record is None or (record.parent is not None and record.status != "SUCCEEDED"):
            running = self._children.find(execution_id)
            if running is not None:
                return running
        if record is None:
            raise ExecutionDoesNotExist(f"No execution has the id {execution_id}.")
        return record, None
