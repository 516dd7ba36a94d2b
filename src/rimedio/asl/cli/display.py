"""How a running execution is shown: a live tree on a terminal, lines elsewhere, nothing with --json."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice, takewhile
from time import monotonic
from typing import TYPE_CHECKING

import typer

from rimedio.asl.cli.wording import items_of, label_of, state_line
from rimedio.asl.clock import Clock
from rimedio.asl.execution.engine import Engine
from rimedio.asl.journal.port import Event
from rimedio.asl.trace import Mark, Thread, Trace, Visit
from rimedio.asl.watching import count_items

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

THREADS_MAX = 8
COUNT_SECONDS = 0.5
STYLES = {
    Mark.SUCCEEDED: "green", Mark.FAILED: "bold red", Mark.CAUGHT: "yellow", Mark.RETRYING: "yellow",
    Mark.RUNNING: "cyan", Mark.WAITING: "magenta", Mark.ABORTED: "dim",
}  # fmt: skip


class Display:
    """Follows executions by the events that an engine tells, from any thread; shows nothing."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.traces: dict[str, Trace] = {}
        self.engine: Engine | None = None
        self._lock = threading.Lock()

    def follow(self, engine: Engine, execution_id: str) -> Trace:
        """Begin with an execution, from what has happened so far."""
        self.engine = engine
        with self._lock:
            self.traces[execution_id] = trace = Trace(engine.journal.events(execution_id))
        return trace

    def __call__(self, execution_id: str, event: Event) -> None:
        with self._lock:
            trace = self.traces.setdefault(execution_id, Trace())
            visit = trace.add(event)
        if visit is not None and visit.map_run and self.engine is not None:
            count_items(self.engine, visit)
        self.tell(trace, event, visit)  # without the lock: drawing takes the console's own

    def tell(self, trace: Trace, event: Event, visit: Visit | None) -> None:
        """Something has happened."""

    def note(self, line: str) -> None:
        """Say something beside the progress."""
        typer.echo(line, err=True)

    def shown(self) -> AbstractContextManager[object]:
        """Show it for as long as the context lasts."""
        return nullcontext()


class Lines(Display):
    """One line for everything that an operator wants to know of, when it has happened."""

    def tell(self, trace: Trace, event: Event, visit: Visit | None) -> None:
        """A line when a state is over, fails, waits, or opens up into branches and items."""
        ends_here = event.type == "ExecutionFailed" and visit is not None and visit.type == "Fail"
        if visit is None or (event.type.startswith(("Execution", "MapIteration")) and not ends_here):
            return
        opens = event.type in ("ParallelStateStarted", "MapStateStarted", "WaitStateEntered")
        if not opens and visit.mark is Mark.RUNNING:
            return
        if visit.mark is Mark.WAITING and event.type not in ("TaskSubmitted", "ActivityScheduled"):
            return
        if visit.mark is Mark.RETRYING and visit.threads:
            return
        indent = "  " * visit.thread.depth
        where = f"[{label_of(visit.thread)}] " if visit.thread.owner is not None else ""
        text = f"▸ {visit.name}  {items_of(visit)}".rstrip() if opens else state_line(visit, event.at)
        typer.echo(f"{event.at - trace.started:>9.3f}  {indent}{where}{text}", err=True)


class Tree(Display):
    """A tree that moves: what is over scrolls up, what goes on stands below, with spinner and durations."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._live: Live | None = None
        self._printed: Counter[int] = (
            Counter()
        )  # of each trace: states of the outermost level, which end in order
        self._counted = 0.0

    def tell(self, trace: Trace, event: Event, visit: Visit | None) -> None:
        """States of the outermost level that are over leave the moving part."""
        if self._live is None:
            return
        with self._lock:
            rest = islice(trace.root.visits, self._printed[id(trace)], None)
            over = list(takewhile(lambda each: not each.mark.is_open, rest))
            self._printed[id(trace)] += len(over)
            drawn = [_branch(each, self.clock.now().timestamp()) for each in over]
        for tree in drawn:
            self._console.print(tree)

    def note(self, line: str) -> None:
        """Say something above the moving part."""
        self._console.print(line, markup=False, soft_wrap=True)

    def shown(self) -> AbstractContextManager[object]:
        """Draw eight times a second; what is left on the screen at the end is what is still open."""
        from rich.live import Live

        self._live = Live(self, console=self._console, refresh_per_second=8, transient=True)
        return self._live

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """What is open now."""
        from rich.console import Group

        now = self.clock.now().timestamp()
        with self._lock:
            going = [v for trace in self.traces.values() for v in trace.root.visits if v.mark.is_open]
            self._count(going)
            yield Group(*(_branch(visit, now, spinning=True) for visit in going))

    def _count(self, going: list[Visit]) -> None:
        """Once in half a second: the items of distributed Maps, which tell no events."""
        if self.engine is None or monotonic() - self._counted < COUNT_SECONDS:
            return
        self._counted = monotonic()
        for visit in going:
            for each in (visit, *(inner for thread in visit.threads for inner in thread.visits)):
                if each.map_run and each.mark.is_open:
                    count_items(self.engine, each)


def _branch(visit: Visit, now: float, *, spinning: bool = False, label: str = "") -> "RichTree":
    """A state, and below it what is inside; a branch or item of one state takes one line."""
    from rich.spinner import Spinner
    from rich.text import Text
    from rich.tree import Tree as RichTree

    told = state_line(visit, now)
    if spinning and visit.mark is Mark.RUNNING:
        node = RichTree(
            Spinner("dots", Text(f"{label}{told.partition(' ')[2]}", style="cyan")), guide_style="dim"
        )
    else:
        line = Text(f"{label}{told}", style=STYLES[visit.mark], overflow="fold")
        node = RichTree(line, guide_style="dim")
    for text, threads in threads_shown(visit):
        for thread in threads:
            short = len(thread.visits) == 1
            at = node if short else node.add(Text(label_of(thread), style="dim"))
            for inner in thread.visits:
                at.add(_branch(inner, now, spinning=spinning, label=f"{label_of(thread)}  " if short else ""))
        if text:
            node.add(Text(text, style="dim"))
    return node


def threads_shown(visit: Visit) -> Iterator[tuple[str, list[Thread]]]:
    """The branches and items worth a look: all of a few; of many those that failed or go on, the rest counted."""
    if len(visit.threads) <= THREADS_MAX:
        yield "", visit.threads
        return
    order = sorted(visit.threads, key=lambda t: (t.mark is not Mark.FAILED, not t.mark.is_open))
    telling = [t for t in order if t.mark is not Mark.SUCCEEDED][:THREADS_MAX]
    rest = len(visit.threads) - len(telling)
    yield f"{Mark.SUCCEEDED.sign} and {rest} others", sorted(telling, key=lambda t: t.index)


if TYPE_CHECKING:
    from rich.tree import Tree as RichTree
