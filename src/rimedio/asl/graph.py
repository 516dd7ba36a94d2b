"""A machine as a picture: Mermaid text and SVG, coloured by what an execution did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rimedio.asl.definition.model import ChoicePart, Graph, Machine, MapPart, ParallelPart, State
from rimedio.asl.jsontext import JSON

COLOURS = {"succeeded": "#2e7d32", "failed": "#c62828", "running": "#1565c0", "caught": "#ef6c00"}
History = Sequence[Mapping[str, JSON]]


@dataclass(frozen=True)
class Edge:
    """A transition and why it is taken."""

    source: str
    target: str
    label: str = ""


def progress(history: History) -> dict[str, str]:
    """State name → succeeded, failed, caught or running, out of a history."""
    marks: dict[str, str] = {}
    entered: list[str] = []
    for event in history:
        kind = str(event["type"])
        details = next((value for key, value in event.items() if key.endswith("EventDetails")), None)
        name = str(details["name"]) if isinstance(details, dict) and "name" in details else ""
        if kind.endswith("StateEntered"):
            marks[name] = "running"
            entered.append(name)
        elif kind.endswith("StateExited"):
            marks[name] = "caught" if marks.get(name) == "failed" else "succeeded"
        elif kind.endswith(("Failed", "TimedOut", "Aborted")) and entered:
            for running in [state for state, mark in marks.items() if mark == "running"]:
                marks[running] = "failed"
    return marks


def edges(graph: Graph) -> Iterator[Edge]:
    """All transitions of one level."""
    for state in graph.states.values():
        if isinstance(state.part, ChoicePart):
            for number, rule in enumerate(state.part.rules, 1):
                yield Edge(state.name, rule.next, f"rule {number}")
            if state.part.default:
                yield Edge(state.name, state.part.default, "default")
        if state.next:
            yield Edge(state.name, state.next)
        for catcher in state.catch:
            yield Edge(state.name, catcher.next, " ".join(catcher.errors))


def _inner(state: State) -> Sequence[tuple[str, Graph]]:
    if isinstance(state.part, ParallelPart):
        return [(f"branch {number}", branch) for number, branch in enumerate(state.part.branches, 1)]
    if isinstance(state.part, MapPart):
        return [("each item", state.part.processor)]
    return []


def mermaid(machine: Machine, history: History = ()) -> str:
    """A Mermaid flowchart."""
    marks = progress(history)
    numbers: dict[str, str] = {}
    lines = ["flowchart TD", *_mermaid_level(machine.graph, numbers, "  ")]
    lines += [f"  classDef {mark} fill:{colour},color:#fff" for mark, colour in COLOURS.items()]
    lines += [f"  class {numbers[name]} {mark}" for name, mark in marks.items() if name in numbers]
    return "\n".join(lines) + "\n"


def _mermaid_level(graph: Graph, numbers: dict[str, str], indent: str) -> Iterator[str]:
    for state in graph.states.values():
        numbers[state.name] = node = f"s{len(numbers)}"
        label = state.name.replace('"', "#quot;")
        left, right = ("{", "}") if state.type == "Choice" else ("([", "])") if not state.next else ("[", "]")
        yield f'{indent}{node}{left}"{label}"{right}'
        for number, (title, inner) in enumerate(_inner(state)):
            yield f'{indent}subgraph {node}_{number}["{label}: {title}"]'
            yield from _mermaid_level(inner, numbers, f"{indent}  ")
            yield f"{indent}end"
            yield f"{indent}{node} -.-> {numbers[inner.start_at]}"
    for edge in edges(graph):
        label = f'|"{edge.label}"|' if edge.label else ""
        yield f"{indent}{numbers[edge.source]} -->{label} {numbers[edge.target]}"


BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 170, 40, 30, 50


def svg(machine: Machine, history: History = ()) -> str:
    """A drawing: states in layers from the start down, branches and item processors below their state."""
    marks = progress(history)
    places = dict(_places(machine.graph, 0, 0)[0])
    width = max(x for x, _ in places.values()) + BOX_WIDTH + GAP_X
    height = max(y for _, y in places.values()) + BOX_HEIGHT + GAP_Y
    body = [_arrow(places[e.source], places[e.target], e.label) for e in _all_edges(machine.graph)]
    body += [_box(name, *places[name], COLOURS.get(marks.get(name, ""), "#546e7a")) for name in places]
    marker = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#607d8b"/></marker></defs>'
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">'
    )
    return "\n".join([head, marker, *body, "</svg>"]) + "\n"


def _all_edges(graph: Graph) -> Iterator[Edge]:
    yield from edges(graph)
    for state in graph.states.values():
        for title, inner in _inner(state):
            yield Edge(state.name, inner.start_at, title)
            yield from _all_edges(inner)


def _places(graph: Graph, left: int, top: int) -> tuple[list[tuple[str, tuple[int, int]]], int, int]:
    """Places of all states below (left, top); how wide and how deep the drawing becomes."""
    placed: list[tuple[str, tuple[int, int]]] = []
    widest, y = left, top
    for layer in _layers(graph):
        x, deepest = left, y + BOX_HEIGHT
        for name in layer:
            placed.append((name, (x + GAP_X, y + GAP_Y // 2)))
            inner_left, right = x, x + BOX_WIDTH + GAP_X
            for _, inner in _inner(graph.states[name]):
                inside, inner_right, inner_bottom = _places(inner, inner_left, y + BOX_HEIGHT + GAP_Y)
                placed += inside
                inner_left, right = inner_right, max(right, inner_right)
                deepest = max(deepest, inner_bottom)
            x = right
        widest, y = max(widest, x), deepest + GAP_Y
    return placed, widest, y


def _layers(graph: Graph) -> list[list[str]]:
    """State names by their distance from the start."""
    targets: dict[str, list[str]] = {}
    for edge in edges(graph):
        targets.setdefault(edge.source, []).append(edge.target)
    seen, layers = {graph.start_at}, [[graph.start_at]]
    while layers[-1]:
        following = [t for name in layers[-1] for t in targets.get(name, []) if t not in seen]
        layers.append(list(dict.fromkeys(following)))
        seen.update(following)
    return layers[:-1]


def _box(name: str, x: int, y: int, colour: str) -> str:
    text = escape(name if len(name) <= 22 else f"{name[:21]}…")
    return (
        f'<g><title>{escape(name)}</title><rect x="{x}" y="{y}" width="{BOX_WIDTH - GAP_X}" '
        f'height="{BOX_HEIGHT}" rx="8" fill="{colour}"/><text x="{x + (BOX_WIDTH - GAP_X) // 2}" '
        f'y="{y + 25}" fill="#fff" font-size="12" text-anchor="middle">{text}</text></g>'
    )


def _arrow(source: tuple[int, int], target: tuple[int, int], label: str) -> str:
    middle = (BOX_WIDTH - GAP_X) // 2
    x1, y1 = source[0] + middle, source[1] + BOX_HEIGHT
    x2, y2 = target[0] + middle, target[1]
    text = (
        f'<text x="{(x1 + x2) // 2}" y="{(y1 + y2) // 2}" font-size="10" fill="#607d8b">'
        f"{escape(label)}</text>"
        if label
        else ""
    )
    line = f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#607d8b" marker-end="url(#tip)"/>'
    return line + text
