"""What an execution did in each state, summed up for a picture."""

from collections import Counter
from dataclasses import dataclass, field

from rimedio.asl.trace import History, Mark, Trace, Visit

WORST_FIRST = (
    Mark.FAILED, Mark.WAITING, Mark.RETRYING, Mark.RUNNING, Mark.CAUGHT, Mark.ABORTED, Mark.SUCCEEDED,
)  # fmt: skip


@dataclass
class StateMarks:
    """All visits to one state."""

    counts: Counter[Mark] = field(default_factory=Counter)
    retries: int = 0
    over: int = 0
    total: int = 0
    error: str = ""

    def count(self, visit: Visit) -> None:
        """Take one visit in."""
        self.counts[visit.mark] += 1
        self.retries += visit.attempts - 1
        if visit.type == "Map":
            ended, failed, total = visit.item_counts
            self.over += ended - failed
            self.total += total
        self.error = visit.error or self.error

    @property
    def mark(self) -> Mark:
        """The one to show: the worst."""
        return next(mark for mark in WORST_FIRST if self.counts[mark])

    @property
    def items(self) -> str:
        """`98/100` items of a Map that succeeded."""
        return f"{self.over}/{self.total}" if self.total else ""

    @property
    def note(self) -> str:
        """In words: `2 succeeded, 1 failed, 3 retries`."""
        told = [f"{self.counts[mark]} {mark}" for mark in WORST_FIRST if self.counts[mark]]
        if sum(self.counts.values()) == 1:
            told = [str(self.mark)]
        if self.retries:
            told.append("1 retry" if self.retries == 1 else f"{self.retries} retries")
        return ", ".join(told)


def marks_of(trace: Trace) -> dict[str, StateMarks]:
    """By the name of the state."""
    found: dict[str, StateMarks] = {}
    for visit in trace.visits():
        found.setdefault(visit.name, StateMarks()).count(visit)
    return found


def progress(history: History) -> dict[str, str]:
    """State name → succeeded, failed, caught, running, retrying, waiting or aborted, out of a history."""
    return {name: str(marks.mark) for name, marks in marks_of(Trace.of(history)).items()}
