"""The executions that are in memory while they are worked on. What they did is on disk before it is acted upon."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from rimedio.asl.definition.model import Machine
from rimedio.asl.errors import NotRedrivable, StateMachineDoesNotExist, TaskTimedOut
from rimedio.asl.execution.agenda import Agenda
from rimedio.asl.execution.frames import Outcome, Run, TaskCall, restored
from rimedio.asl.execution.handlers import AwaitExecution, Handlers, outcome_of
from rimedio.asl.execution.interpreter import Interpreter
from rimedio.asl.journal.port import (
    RUNNING,
    STARTED_NOTE,
    Changes,
    Event,
    Execution,
    Journal,
    Signal,
    reopened,
)
from rimedio.asl.journal.registry import Registry
from rimedio.asl.jsontext import JSON

FRESH_RUNS_MAX = 1_000
RETRY_SECONDS = 1.0
EVERY = 10**9
UNREADABLE = (StateMachineDoesNotExist, ValueError, TypeError, LookupError, AttributeError)
FAULT = "The engine itself failed"

_log = logging.getLogger("rimedio.asl")

Observer: TypeAlias = Callable[[str, Event], None]


@dataclass
class Workbench:
    """Advances executions and calls their handlers; several threads may do both.

    What changes between the agenda and `_runs` changes under the agenda's lock.
    """

    journal: Journal
    registry: Registry
    interpreter: Interpreter
    agenda: Agenda
    handlers: Handlers
    on_event: Observer | None
    _runs: dict[str, Run] = field(default_factory=dict)
    _heard: int = 0

    def holds(self, execution_id: str) -> bool:
        """Whether an execution is in memory: it has work to do, or waits for a handler to return."""
        return execution_id in self._runs

    def lay_out(self, execution: Execution, machine: Machine, noted: str | None = None) -> None:
        """Begin with a new execution; where many wait already, it is read from the journal in its turn."""
        with self.agenda.lock:
            if len(self._runs) < FRESH_RUNS_MAX:
                run = self._runs[execution.id] = Run(execution, machine, noted)
                self.interpreter.begin(run)
            self.agenda.put(execution.id)

    def reopen(self, execution_id: str) -> bool:
        """Take up an execution that failed, where it failed; False when it is not one. Raises NotRedrivable."""
        with self.agenda.lock:
            saved = self.journal.load(execution_id)
            if saved is None or saved.execution.status in (RUNNING, "SUCCEEDED") or "" not in saved.frames:
                return False
            try:
                machine = self.registry.machine(saved.execution.machine)
                run = restored(reopened(saved.execution), saved.frames, machine)
            except UNREADABLE as error:
                raise NotRedrivable(f"{execution_id}: its record cannot be read: {error!r}.") from error
            late = [signal.id for signal in self.journal.signals(execution_id)]
            run.changes.spent_signals.extend(late)  # such as a stop that came when it had just failed
            self.interpreter.redrive(run)
            self._commit(run, paused=True)
            self._runs[execution_id] = run
            self.agenda.put(execution_id)
            return True

    def work(self) -> str | None:
        """Do one piece of work; whose it was, or None when there is nothing to do now."""
        work = self.agenda.take()
        if work is None:
            return None
        execution_id = work if isinstance(work, str) else work.execution_id
        try:
            if isinstance(work, str):
                self._advance(work)
            else:
                self._call(work)
        except BaseException:
            self._drop(execution_id)
            raise
        finally:
            self.agenda.done(work)
        return execution_id

    def _drop(self, execution_id: str) -> None:
        """Forget what memory holds, which is ahead of the journal or unsound; read it again later."""
        with self.agenda.lock:
            self._runs.pop(execution_id, None)
            later = self.interpreter.now() + RETRY_SECONDS
            self.agenda.set_alarm(later, execution_id)

    # -- advancing

    def _advance(self, execution_id: str) -> None:
        run = self._runs.get(execution_id) or self._load(execution_id)
        if run is None:
            return
        try:
            paused = self.interpreter.advance(run)
        except Exception as error:  # a fault of this program, which would only happen again
            _log.exception("%s fails: the engine could not interpret it.", execution_id)
            cause = f"{FAULT}: {error!r}. Please report it; the execution can be redriven."
            self.interpreter.end(run, "FAILED", error="States.Runtime", cause=cause)
            paused = False
        written = self._commit(run, paused=paused)
        with self.agenda.lock:
            if not written:  # its start was rolled back
                self._runs.pop(execution_id, None)
                return
            calls, run.calls = run.calls, []
            if calls:
                self.agenda.put(*calls)
            if paused or run.outcomes or run.signals:
                self.agenda.put(execution_id)
            elif run.is_over or not run.in_flight:
                del self._runs[execution_id]
            self.agenda.set_alarm(None if run.is_over else self.interpreter.next_alarm(run), execution_id)
            if run.is_over:
                self.agenda.ended(execution_id)
            abandoned = self.agenda.abandoned(execution_id, run.awaits)
        for child in abandoned:  # timed out, caught or stopped: what the task had started is stopped too
            signal = self.journal.stop_signal(child, {"error": None, "cause": None})
            if signal is not None:
                self.receive(signal)

    def _load(self, execution_id: str) -> Run | None:
        saved = self.journal.load(execution_id)
        if saved is None or saved.execution.status != RUNNING:
            return None
        noted = None if saved.frames else self.journal.note(f"{STARTED_NOTE}{execution_id}")
        try:
            machine = self.registry.machine(saved.execution.machine)
            run = restored(saved.execution, saved.frames, machine, noted)
            self.interpreter.revive(run)
        except UNREADABLE as error:
            self._give_up(saved.execution, error)
            return None
        with self.agenda.lock:
            self._runs[execution_id] = run
        for signal in self.journal.signals(execution_id):  # what comes after this finds the run in memory
            run.receive(signal)
        return run

    def _give_up(self, execution: Execution, error: Exception) -> None:
        """End an execution that this release cannot read; what is kept of it stays for one that can."""
        _log.error("%s fails: what the journal holds of it cannot be read.", execution.id, exc_info=error)
        cause = f"{FAULT}: the journal's record cannot be read by this release: {error!r}."
        number, now = execution.next_event, self.interpreter.now()
        told: dict[str, JSON] = {"error": "States.Runtime", "cause": cause}
        event = Event(number, number - 1, now, "ExecutionFailed", "executionFailedEventDetails", told)
        failed = execution._replace(
            status="FAILED", error="States.Runtime", cause=cause, stopped=now, next_event=number + 1
        )
        map_runs = self.journal.records(None, RUNNING, execution.id, EVERY)
        changes = Changes(failed, events=[event], wake=None)
        changes.children.extend((each._replace(status="ABORTED", stopped=now), ()) for each in map_runs)
        self.journal.commit(changes)
        with self.agenda.lock:
            self.agenda.ended(execution.id)

    def _commit(self, run: Run, *, paused: bool) -> bool:
        changes = run.take_changes()
        if run.is_over:
            changes.wake = None
        else:
            changes.wake = 0.0 if paused or run.in_flight else self.interpreter.next_alarm(run)
        if not self.journal.commit(changes):
            return False
        if self.on_event is not None:
            for event in changes.events:
                self.on_event(run.execution.id, event)
        return True

    # -- calling

    def _call(self, call: TaskCall) -> None:
        run = self._runs.get(call.execution_id)
        if run is None or not run.awaits(call):
            return
        try:
            outcome = self.outcome(call, run)
        except AwaitExecution as awaited:
            self.agenda.park(call, awaited.execution_id)
            record = self.journal.record(awaited.execution_id)
            if record is None or record.status != RUNNING:
                self.agenda.ended(awaited.execution_id)
            return
        with self.agenda.lock:
            run.outcomes.append(outcome)
            self.agenda.put(call.execution_id, first=True)  # recorded before anything else is begun

    def outcome(self, call: TaskCall, run: Run) -> Outcome:
        """Call the handler. Raises AwaitExecution."""

        def heartbeat() -> None:
            if not run.awaits(call):
                raise TaskTimedOut(f"Nobody waits for {call.state!r} any more.")
            if call.token is not None:
                self.receive(self.journal.signal("heartbeat", call.token, None))

        return outcome_of(self.handlers, call, run.key_of(call), heartbeat)

    # -- from outside

    def receive(self, signal: Signal) -> None:
        """Have a signal that the journal keeps taken up by its execution."""
        with self.agenda.lock:
            run = self._runs.get(signal.execution_id)
            if run is not None:
                run.receive(signal)
            self.agenda.put(signal.execution_id)

    def hear(self) -> bool:
        """Take up what other processes have left in the journal; whether there was something."""
        news = self.journal.signals(after=self._heard)
        for signal in news:
            self._heard = max(self._heard, signal.id)
            self.receive(signal)
        return bool(news)
