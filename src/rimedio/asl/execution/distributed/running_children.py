"""Child executions that are under way: the frames of the execution around them hold them until they end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rimedio.asl.execution.distributed.child_executions import ChildExecutions
from rimedio.asl.execution.frames import restored
from rimedio.asl.journal.port import RUNNING, Event, Execution, Journal
from rimedio.asl.journal.registry import Registry

EVERY = 10**9


@dataclass(frozen=True)
class RunningChildren:
    """Finds them in a journal, whichever process runs them."""

    journal: Journal
    registry: Registry
    children: ChildExecutions

    def before(self, ended: Sequence[Execution], map_run: str, limit: int) -> Sequence[Execution]:
        """The child executions of a Map run: those that are under way, and of the ended ones all others."""
        running = [record for record, _ in self._of(map_run)][::-1]
        again = {record.id for record in running}
        return [*running, *(record for record in ended if record.id not in again)][:limit]

    def find(self, execution_id: str) -> tuple[Execution, Sequence[Event]] | None:
        """The child execution with an ARN, and its history so far; None when none like it is under way."""
        parts = execution_id.split(":")
        machine, _, label = parts[6].partition("/") if len(parts) > 6 else ("", "", "")
        if not label:
            return None
        for outer in self.journal.records(machine, RUNNING, None, EVERY):
            for run in self.journal.records(None, RUNNING, outer.id, EVERY):
                for found in self._of(run.id) if run.id.split(":")[6] == parts[6] else ():
                    if found[0].id == execution_id:
                        return found
        return None

    def _of(self, map_run: str) -> Iterator[tuple[Execution, Sequence[Event]]]:
        record = self.journal.record(map_run)
        outer = self.journal.record(str(record.parent)) if record and record.status == RUNNING else None
        if outer is None:
            return
        frames = self.journal.frames(outer.id)
        run = restored(outer, frames, self.registry.machine(outer.machine))
        label = map_run.rpartition(":")[2]
        for frame in run.frames.values():
            if frame.log and frame.parent is not None and frame.parent.run_label == label:
                yield self.children.record_of(run, frame), frame.log
