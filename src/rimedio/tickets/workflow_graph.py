"""The ticket's workflow as a graph, to be drawn: states, and the ways between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from rimedio.asl import Machine
from rimedio.asl.definition.model import ChoicePart, Graph, MapPart, ParallelPart, State
from rimedio.tickets.workflow import definition_text


class Kind(StrEnum):
    """Why one state follows another."""

    NEXT = "next"
    CHOICE = "choice"
    DEFAULT = "default"
    CATCH = "catch"
    INSIDE = "inside"  # from a Parallel or Map state into one of its lanes


@dataclass(frozen=True, slots=True)
class Node:
    """A state. `lane` says inside which Parallel or Map state it runs, and in which lane of it."""

    name: str
    type: str
    lane: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from one state to another."""

    source: str
    target: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class WorkflowGraph:
    """The whole machine, inner states included."""

    start: str
    nodes: tuple[Node, ...]
    edges: tuple[Transition, ...]


@cache
def workflow_graph() -> WorkflowGraph:
    """The graph of `workflow.asl.json`; the same file on AWS, so the same graph."""
    graph = Machine.parse(definition_text()).graph
    return WorkflowGraph(graph.start_at, tuple(_nodes(graph, None)), tuple(_edges(graph)))


def _nodes(graph: Graph, lane: str | None) -> Iterator[Node]:
    for state in graph.states.values():
        yield Node(state.name, state.type, lane)
        for number, inner in enumerate(_inner(state), 1):
            yield from _nodes(inner, f"{state.name}/{number}")


def _edges(graph: Graph) -> Iterator[Transition]:
    for state in graph.states.values():
        if isinstance(state.part, ChoicePart):
            for rule in state.part.rules:
                yield Transition(state.name, rule.next, Kind.CHOICE)
            if state.part.default:
                yield Transition(state.name, state.part.default, Kind.DEFAULT)
        if state.next:
            yield Transition(state.name, state.next, Kind.NEXT)
        for catcher in state.catch:
            yield Transition(state.name, catcher.next, Kind.CATCH)
        for inner in _inner(state):
            yield Transition(state.name, inner.start_at, Kind.INSIDE)
            yield from _edges(inner)


def _inner(state: State) -> tuple[Graph, ...]:
    if isinstance(state.part, ParallelPart):
        return tuple(state.part.branches)
    if isinstance(state.part, MapPart):
        return (state.part.processor,)
    return ()
