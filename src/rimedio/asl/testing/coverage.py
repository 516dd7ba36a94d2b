"""Which states and transitions of a machine executions have gone through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rimedio.asl.definition.model import ChoicePart, Graph, Machine, MapPart, ParallelPart, State
from rimedio.asl.trace import History, Mark, Thread, Trace

Transition = tuple[str, str, bool]


@dataclass
class Coverage:
    """Of one machine. A transition is source, target, and whether an error leads there."""

    machine: Machine
    _states: set[str] = field(default_factory=set)
    _transitions: set[Transition] = field(default_factory=set)

    def add(self, history: History | Trace) -> None:
        """Count an execution in."""
        trace = Trace.of(history)
        self._states.update(visit.name for visit in trace.visits())
        for thread in [trace.root, *(thread for visit in trace.visits() for thread in visit.threads)]:
            self._transitions.update(taken(thread))

    @property
    def states(self) -> dict[str, bool]:
        """Every state, and whether it was entered."""
        return {state.name: state.name in self._states for state in every_state(self.machine.graph)}

    @property
    def transitions(self) -> dict[Transition, bool]:
        """Every transition, and whether it was taken."""
        return {
            key: key in self._transitions
            for state in every_state(self.machine.graph)
            for key in _leading(state)
        }

    def lines(self) -> Iterator[str]:
        """A summary, and what is missing."""
        for what, found in (("states", self.states), ("transitions", self.transitions)):
            share = 100 * sum(found.values()) // max(1, len(found))
            yield f"{what:<12}{sum(found.values())} of {len(found)} ({share} %)"
        missing = [name for name, reached in self.states.items() if not reached]
        if missing:
            yield f"not entered  {', '.join(missing)}"
        for (source, target, caught), reached in self.transitions.items():
            if not reached and target not in missing and source not in missing:
                yield f"not taken    {source} → {target}{' after an error' if caught else ''}"


def inner_graphs(state: State) -> Sequence[Graph]:
    """The branches of a Parallel, the processor of a Map."""
    if isinstance(state.part, ParallelPart):
        return state.part.branches
    return [state.part.processor] if isinstance(state.part, MapPart) else []


def every_state(graph: Graph) -> Iterator[State]:
    """All states, those inside after the one around them."""
    for state in graph.states.values():
        yield state
        for inner in inner_graphs(state):
            yield from every_state(inner)


def _leading(state: State) -> Iterator[Transition]:
    if isinstance(state.part, ChoicePart):
        for target in [*(rule.next for rule in state.part.rules), state.part.default]:
            if target:
                yield state.name, target, False
    if state.next:
        yield state.name, state.next, False
    for catcher in state.catch:
        yield state.name, catcher.next, True


def taken(thread: Thread) -> Iterator[Transition]:
    """The transitions of one thread of an execution."""
    for visit, following in zip(thread.visits, thread.visits[1:], strict=False):
        yield visit.name, following.name, visit.mark is Mark.CAUGHT
