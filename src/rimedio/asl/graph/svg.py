"""A machine as an SVG picture that stands alone: readable in light and dark, and by a screen reader."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from rimedio.asl.definition.model import Graph, Machine, State, TaskPart
from rimedio.asl.graph.edges import Edge, Object, definitions, edges
from rimedio.asl.graph.layers import START, Layout, Link, Size, lay_out
from rimedio.asl.graph.marks import StateMarks, marks_of
from rimedio.asl.testing.coverage import inner_graphs, taken
from rimedio.asl.trace import History, Mark, Trace

NAME_PX, NOTE_PX, LABEL_PX = 13.0, 10.5, 10.5
NAME_WIDTH_MAX, LABEL_CHARS_MAX = 190.0, 34
PAD, LINE, HEAD = 12.0, 16.0, 34.0
NARROW, WIDE = "iljtfrI.,:;'|!()[]{}/ -", "mwMWQOGD@%&—…"

LIGHT = {
    "ink": "#1f2328", "soft": "#59636e", "line": "#818b98", "paper": "#fff", "box": "#f6f8fa", "edge": "#8c959f",
    "succeeded": "#d7f0dd", "succeeded-line": "#1a7f37", "failed": "#ffd9d6", "failed-line": "#b3261e",
    "caught": "#ffe5c2", "caught-line": "#a85400", "running": "#d6e8ff", "running-line": "#0b57d0",
    "retrying": "#fff3bf", "retrying-line": "#8a6d00", "waiting": "#e8dcff", "waiting-line": "#6a3fc4",
    "aborted": "#e3e6ea", "aborted-line": "#5b6570", "taken": "#1f2328",
}  # fmt: skip
DARK = {
    "ink": "#f0f3f6", "soft": "#b1bac4", "line": "#7d8590", "paper": "#0d1117", "box": "#1c2129", "edge": "#6e7681",
    "succeeded": "#12361f", "succeeded-line": "#4ac26b", "failed": "#4a1512", "failed-line": "#ff8078",
    "caught": "#44290a", "caught-line": "#f0a050", "running": "#0f2c55", "running-line": "#6cb0ff",
    "retrying": "#3b3205", "retrying-line": "#e3c04a", "waiting": "#2f2157", "waiting-line": "#b898ff",
    "aborted": "#2d333b", "aborted-line": "#9aa4af", "taken": "#f0f3f6",
}  # fmt: skip
RULES = """
svg{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
text{fill:var(--ink)}.note,.label{fill:var(--soft)}.paper{fill:var(--paper)}
.box{fill:var(--box);stroke:var(--edge);stroke-width:1.2}
.nest{fill-opacity:.4;stroke-dasharray:2 3}.end{fill:none;stroke:var(--edge);stroke-width:1.2}
.dot{fill:var(--ink)}.line{fill:none;stroke:var(--line);stroke-width:1.3}
.catch{stroke:var(--caught-line);stroke-dasharray:5 3}
.taken{stroke:var(--taken);stroke-width:2.2}.catch.taken{stroke:var(--caught-line)}
.untaken{opacity:.55}.untaken .untaken{opacity:1}
.tip{fill:var(--line)}.tip-catch{fill:var(--caught-line)}.tip-taken{fill:var(--taken)}
""" + "".join(
    f".{mark}>.box,.{mark}>.end{{stroke:var(--{mark}-line);stroke-width:2}}.{mark}>.box{{fill:var(--{mark})}}"
    f".{mark}>.sign{{fill:var(--{mark}-line)}}\n"
    for mark in Mark
)


def svg(machine: Machine, history: History | Trace = ()) -> str:
    """A drawing of the whole machine; with a history, of what an execution did in it."""
    trace = Trace.of(history)
    threads = [trace.root, *(thread for visit in trace.visits() for thread in visit.threads)]
    went = {transition for thread in threads for transition in taken(thread)}
    went.update((START, thread.visits[0].name, False) for thread in threads if thread.visits)
    painter = _Painter(definitions(machine), marks_of(trace), went, coloured=bool(trace.root.visits))
    level = painter.level(machine.graph)
    legend = list(painter.legend())
    legend_width = sum(width for _, width in legend) + 2 * PAD
    width = max(level.size.width + 2 * PAD, min(legend_width, 560.0))
    rows, legend_height = _legend_rows(legend, width)
    height = level.size.height + legend_height + 2 * PAD
    left = (width - level.size.width) / 2
    title = f"State machine {machine.name}"
    told = painter.summary(trace, machine)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="asl-title asl-desc" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    parts = [
        head,
        f'<title id="asl-title">{escape(title)}</title><desc id="asl-desc">{escape(told)}</desc>',
        f"<style>{_style()}</style>",
        _markers(),
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        f'<g transform="translate({left:.1f} {PAD})">',
        *level.parts,
        "</g>",
        f'<g transform="translate(0 {level.size.height + 2 * PAD:.1f})">',
        *rows,
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _style() -> str:
    light, dark = (";".join(f"--{key}:{value}" for key, value in theme.items()) for theme in (LIGHT, DARK))
    return f"svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}{RULES}"


@dataclass
class _Level:
    """The drawing of one level."""

    size: Size
    parts: list[str] = field(default_factory=list)


@dataclass
class _Box:
    """A state, measured, and what stands in it."""

    state: State | None
    size: Size
    lines: list[str] = field(default_factory=list)
    note: str = ""
    inner: list[_Level] = field(default_factory=list)


class _Painter:
    """Draws levels from the inside out."""

    def __init__(
        self,
        written: Mapping[str, Object],
        marks: Mapping[str, StateMarks],
        went: set[tuple[str, str, bool]],
        *,
        coloured: bool,
    ) -> None:
        self._written, self._marks, self._went, self._coloured = written, marks, went, coloured
        self._kinds: set[str] = set()

    def level(self, graph: Graph) -> _Level:
        """Draw the states of one level and the lines between them."""
        boxes = {START: _Box(None, Size(12, 12))}
        boxes.update((state.name, self._measured(state)) for state in graph.states.values())
        found = [Edge(START, graph.start_at), *edges(graph, self._written)]
        texts = [_shortened(edge.label) for edge in found]
        links = [
            Link(edge.source, edge.target, "catch" if edge.kind == "catch" else "next", _label_size(text))
            for edge, text in zip(found, texts, strict=True)
        ]
        self._kinds.update(edge.kind for edge in found)
        layout = lay_out({name: box.size for name, box in boxes.items()}, links)
        parts = list(self._lines(layout, found))
        for name, box in boxes.items():
            parts += self._box(box, *layout.boxes[name])
        for number, text in enumerate(texts):
            if number in layout.labels and text:
                parts.append(_label(text, found[number], *layout.labels[number], links[number].label))
        return _Level(layout.size, parts)

    def _measured(self, state: State) -> _Box:
        inner = [self.level(graph) for graph in inner_graphs(state)]
        lines = _wrapped(
            state.name,
            max(NAME_WIDTH_MAX, *(level.size.width for level in inner)) if inner else NAME_WIDTH_MAX,
        )
        note = self._note(state)
        beside = (
            68 if state.type in ("Succeed", "Fail") else 52
        )  # room for a sign at the right, and round ends
        name_width = max(_width(line, NAME_PX) for line in lines) + beside
        width = max(name_width, _width(note, NOTE_PX) + 2 * PAD)
        height = len(lines) * LINE + LINE + PAD
        if inner:
            width = max(width, sum(level.size.width + PAD for level in inner) + PAD)
            height += max(level.size.height for level in inner) + PAD + (LINE if len(inner) > 1 else 0)
        return _Box(state, Size(round(width), round(height)), lines, note, inner)

    def _note(self, state: State) -> str:
        told = [state.type]
        if isinstance(state.part, TaskPart):
            told.append(_short_resource(state.part.resource))
        if state.retry:
            told.append("retries" if state.name not in self._marks else "")
        found = self._marks.get(state.name)
        if found is not None:
            told.append(found.note)
            if found.items:
                told.append(f"items {found.items}")
        return " · ".join(text for text in told if text)

    def _box(self, box: _Box, x: float, y: float) -> Iterator[str]:
        width, height = box.size
        if box.state is None:
            yield f'<circle class="dot" cx="{x + 6:.1f}" cy="{y + 6:.1f}" r="6"/>'
            return
        state, found = box.state, self._marks.get(box.state.name)
        kind = str(found.mark) if found else "untaken" if self._coloured else "plain"
        yield f'<g class="{kind}" transform="translate({x:.1f} {y:.1f})"><title>{escape(self._told(state))}</title>'
        radius = height / 2 if state.type in ("Succeed", "Fail") else 7
        shape = "nest box" if box.inner else "box"
        yield f'<rect class="{shape}" width="{width}" height="{height}" rx="{radius:.0f}"/>'
        if state.next is None and state.type not in ("Choice",):
            yield (
                f'<rect class="end" x="3.5" y="3.5" width="{width - 7}" height="{height - 7}" '
                f'rx="{max(4, radius - 3.5):.0f}"/>'
            )
        middle = width / 2
        for number, line in enumerate(box.lines):
            yield _text(line, middle, 20 + number * LINE, NAME_PX, weight=600)
        below = 20 + len(box.lines) * LINE
        yield _text(box.note, middle, below - 1, NOTE_PX, "note")
        if found is not None:
            yield _text(
                found.mark.sign,
                width - (14 if radius < 8 else 20),
                19 if radius < 8 else height / 2 + 5,
                15,
                "sign",
                weight=700,
            )
        yield from self._inside(box, below)
        yield "</g>"

    def _inside(self, box: _Box, below: float) -> Iterator[str]:
        top = below + 10
        room = box.size.width - sum(level.size.width for level in box.inner)
        gap = room / (len(box.inner) + 1) if box.inner else 0.0
        left = gap
        for number, level in enumerate(box.inner):
            shift = 0.0
            if len(box.inner) > 1:
                shift = LINE
                middle = left + level.size.width / 2
                yield _text(f"branch {number + 1}", middle, top + 6, LABEL_PX, "label")
            yield f'<g transform="translate({left:.1f} {top + shift:.1f})">'
            yield from level.parts
            yield "</g>"
            left += level.size.width + gap

    def _lines(self, layout: Layout, found: Sequence[Edge]) -> Iterator[str]:
        drawn = []
        for stroke in layout.strokes:
            mine = [found[number] for number in stroke.links]
            went = any((e.source, e.target, e.kind == "catch") in self._went for e in mine)
            kind = "catch" if all(edge.kind == "catch" for edge in mine) else ""
            tip = "taken" if went and not kind else kind or "plain"
            fate = "taken" if went else "untaken" if self._coloured else ""
            classes = " ".join(word for word in ("line", kind, fate) if word)
            end = f' marker-end="url(#asl-{tip})"' if stroke.tip else ""
            drawn.append((went, f'<path class="{classes}" d="{stroke.path}"{end}/>'))
        yield from (text for _, text in sorted(drawn))

    def _told(self, state: State) -> str:
        """What a pointer over the box, or a screen reader, tells."""
        found = self._marks.get(state.name)
        comment = self._written.get(state.name, {}).get("Comment")
        told = [f"{state.name} ({state.type})"]
        if found is not None:
            told.append(found.note + (f": {found.error}" if found.error else ""))
        elif self._coloured:
            told.append("not reached")
        return ". ".join([*told, str(comment)] if comment else told)

    def summary(self, trace: Trace, machine: Machine) -> str:
        """One sentence about the picture."""
        states = len(self._written)
        if not self._coloured:
            return f"{states} state{'s' * (states != 1)}, beginning with {machine.graph.start_at}."
        ended = f"An execution that is {trace.status}" + (f" with {trace.error}" if trace.error else "")
        return f"{ended}; it reached {len(self._marks)} of {states} states."

    def legend(self) -> Iterator[tuple[str, float]]:
        """Drawn entries with their widths."""
        swatch = '<rect class="box" y="-10" width="14" height="12" rx="3"/>'
        inner = '<rect class="end" x="2.5" y="-7.5" width="9" height="7" rx="2"/>'
        line = '<path class="line {}" d="M0 -4H20"/>'
        used = sorted({marks.mark for marks in self._marks.values()}, key=list(Mark).index)
        entries = [(str(mark), swatch, f"{mark.sign} {mark}") for mark in used]
        entries += [("", line.format("taken"), "path taken")] if self._coloured else []
        entries += [("", line.format("catch"), "when an error is caught")] if "catch" in self._kinds else []
        entries.append(("plain", swatch + inner, "may end here"))
        for kind, drawn, text in entries:
            written = _text(text, 26, 0, LABEL_PX, "label", anchor="start")
            yield f'<g class="{kind}">{drawn}{written}</g>', _width(text, LABEL_PX) + 46


def _legend_rows(entries: Sequence[tuple[str, float]], width: float) -> tuple[list[str], float]:
    """The legend, broken into as many rows as it takes; and its height."""
    parts, x, y = [], PAD, LINE
    for text, needed in entries:
        if x + needed > width and x > PAD:
            x, y = PAD, y + LINE
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{text}</g>')
        x += needed
    return parts, y + 4


def _markers() -> str:
    shape = '<path d="M0 0L8 4L0 8z" class="tip{}"/>'
    size = 'viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8"'
    head = '<marker id="asl-{}" ' + size + ' markerUnits="userSpaceOnUse" orient="auto">'
    kinds = (("plain", ""), ("catch", " tip-catch"), ("taken", " tip-taken"))
    return f"<defs>{''.join(head.format(kind) + shape.format(extra) + '</marker>' for kind, extra in kinds)}</defs>"


def _text(
    text: str, x: float, y: float, size: float, kind: str = "", *, weight: int = 400, anchor: str = "middle"
) -> str:
    class_ = f' class="{kind}"' if kind else ""
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{bold} text-anchor="{anchor}"'
    return f"<text{class_} {place}>{escape(text)}</text>"


def _label(text: str, edge: Edge, x: float, y: float, size: Size | None) -> str:
    width = 0.0 if size is None else size.width
    return (
        f"<g><title>{escape(edge.label)}</title>{_text(text, x + width / 2, y + 11, LABEL_PX, 'label')}</g>"
    )


def _label_size(text: str) -> Size | None:
    return Size(round(_width(text, LABEL_PX)) + 6, LINE) if text else None


def _shortened(text: str) -> str:
    """A label cut in its middle: conditions differ at their ends."""
    text = " ".join(text.split())
    if len(text) <= LABEL_CHARS_MAX:
        return text
    kept = LABEL_CHARS_MAX // 2
    return f"{text[: kept - 3]}…{text[-kept - 2 :]}"


def _short_resource(resource: str) -> str:
    """`lambda:invoke` out of an ARN, without what every one has."""
    if ":function:" in resource:
        return resource.partition(":function:")[2]
    return resource.rpartition(":::")[2].rpartition("activity:")[2]


def _width(text: str, size: float) -> float:
    """About how wide a text is drawn; rather too wide than too narrow."""
    units = sum(
        1.05
        if ord(c) > 0x2E7F
        else 0.36
        if c in NARROW
        else 0.92
        if c in WIDE
        else 0.7
        if c.isupper()
        else 0.58
        for c in text
    )
    return units * size


def _wrapped(name: str, width: float) -> list[str]:
    """A name in lines no wider than `width`, broken at spaces, signs and humps where there are any."""
    words = re.findall(r".+?(?:\s+|[-_.:/]|(?<=[a-z0-9])(?=[A-Z])|$)", name) or [name]
    lines = [""]
    for word in words:
        for piece in (
            [word] if _width(word, NAME_PX) <= width else [word[i : i + 20] for i in range(0, len(word), 20)]
        ):
            if lines[-1] and _width((lines[-1] + piece).rstrip(), NAME_PX) > width:
                lines.append("")
            lines[-1] += piece
    return [line.strip() for line in lines]
