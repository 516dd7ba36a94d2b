"""A machine as a Mermaid flowchart, which GitHub, GitLab and most wikis draw."""

import re
from collections.abc import Iterator, Mapping

from rimedio.asl.definition.model import Graph, Machine, State
from rimedio.asl.graph.edges import Object, definitions, edges
from rimedio.asl.graph.marks import StateMarks, marks_of
from rimedio.asl.testing.coverage import inner_graphs
from rimedio.asl.trace import History, Trace

SHAPES = {
    "Choice": ("{", "}"),
    "Map": ("[[", "]]"),
    "Parallel": ("[[", "]]"),
    "Succeed": ("([", "])"),
    "Fail": ("([", "])"),
    "Wait": ("[/", "/]"),
}
CLASSES = {
    "succeeded": "fill:#d7f0dd,stroke:#1a7f37,color:#0b3d1a",
    "failed": "fill:#ffd9d6,stroke:#b3261e,stroke-width:3px,color:#5f0f0a",
    "caught": "fill:#ffe5c2,stroke:#a85400,color:#4a2500",
    "running": "fill:#d6e8ff,stroke:#0b57d0,color:#04285f",
    "retrying": "fill:#fff3bf,stroke:#8a6d00,color:#3d3000",
    "waiting": "fill:#e8dcff,stroke:#6a3fc4,color:#2d1860",
    "aborted": "fill:#e3e6ea,stroke:#5b6570,color:#22272d",
}
LABEL_MAX = 60


def mermaid(machine: Machine, history: History | Trace = ()) -> str:
    """A flowchart. Names stand in quotes, so that `end`, brackets and any script are safe."""
    marks = marks_of(Trace.of(history))
    drawing = _Flowchart(definitions(machine), marks)
    level = list(drawing.level(machine.graph, "  "))
    lines = ["flowchart TD", f'  start(("start")) --> {drawing.nodes[machine.graph.start_at]}', *level]
    lines += [
        f"  class {drawing.nodes[name]} {found.mark}"
        for name, found in marks.items()
        if name in drawing.nodes
    ]
    used = {str(found.mark) for found in marks.values()}
    lines += [f"  classDef {mark} {style}" for mark, style in CLASSES.items() if mark in used]
    return "\n".join(lines) + "\n"


def quoted(text: str, length: int = 200) -> str:
    """A label between quotes; what Mermaid would read as its own is written as its entity codes."""
    text = text if len(text) <= length else f"{text[: length - 1]}…"
    safe = re.sub(r"""[#&<>"`\\;]""", lambda found: f"#{ord(found[0])};", " ".join(text.split()))
    return f'"{safe}"'


class _Flowchart:
    """Numbers the states: a name is a label, never an identifier.

    A Map or Parallel is a box like any other, with a thick arrow to what runs inside: Mermaid lays lines between
    boxes out well, lines to whole subgraphs badly.
    """

    def __init__(self, written: Mapping[str, Object], marks: Mapping[str, StateMarks]) -> None:
        self._written, self._marks = written, marks
        self.nodes: dict[str, str] = {}

    def level(self, graph: Graph, indent: str) -> Iterator[str]:
        """The lines of one level, and those of what is inside its states."""
        for state in graph.states.values():
            self.nodes[state.name] = node = f"s{len(self.nodes)}"
            found = self._marks.get(state.name)
            label = quoted(state.name if found is None else f"{found.mark.sign} {state.name}")
            left, right = SHAPES.get(state.type, ("[", "]"))
            yield f"{indent}{node}{left}{label}{right}"
        for edge in edges(graph, self._written):
            arrow = "-.->" if edge.kind == "catch" else "-->"
            text = f"|{quoted(edge.label, LABEL_MAX)}|" if edge.label else ""
            yield f"{indent}{self.nodes[edge.source]} {arrow}{text} {self.nodes[edge.target]}"
        for state in graph.states.values():
            yield from self._inside(state, indent)

    def _inside(self, state: State, indent: str) -> Iterator[str]:
        node = self.nodes[state.name]
        for number, graph in enumerate(inner_graphs(state)):
            title = "each item" if state.type == "Map" else f"branch {number + 1}"
            yield f'{indent}subgraph {node}_{number}[" "]'
            yield from self.level(graph, f"{indent}  ")
            yield f"{indent}end"
            yield f'{indent}{node} ==>|"{title}"| {self.nodes[graph.start_at]}'
