"""Where the boxes and lines of a directed graph go, so that nothing overlaps and few lines cross.

Sugiyama's method in its usual four steps (Sugiyama, Tagawa and Toda 1981): lines that close a loop are turned
round; every box gets a layer below all that lead to it; the boxes of each layer are ordered by the barycentre
of their neighbours; and places are found as by Brandes and Koepf (2001), who keep long lines straight. A line
that passes a layer has a place of its own there, a lane, shared by the lines of one kind to the same target; so
has its label. Lengths are in pixels.
"""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

GAP_X, GAP_Y, PORT_GAP = 26.0, 34.0, 16.0
SWEEPS, NODES_MANY = 16, 1_000
START = ""


class Size(NamedTuple):
    """Of a box or a label."""

    width: float
    height: float


@dataclass(frozen=True)
class Link:
    """A line between two boxes; those of the same `kind` to the same target may run together."""

    source: str
    target: str
    kind: str = "next"
    label: Size | None = None


@dataclass(frozen=True)
class Stroke:
    """A piece of a line: an SVG path, the numbers of the links that run along it, and whether it ends in a tip."""

    path: str
    links: frozenset[int]
    tip: bool = False


@dataclass
class Layout:
    """Left upper corners of the boxes and labels, and the strokes between them."""

    size: Size
    boxes: dict[str, tuple[float, float]]
    labels: dict[int, tuple[float, float]]
    strokes: list[Stroke]


@dataclass(eq=False, slots=True)
class _Node:
    """A box, a label, a lane, or a point where a line turns round."""

    role: str
    layer: int
    width: float = 0.0
    height: float = 0.0
    x: float = 0.0
    above: "list[_Node]" = field(default_factory=list)
    below: "list[_Node]" = field(default_factory=list)


def lay_out(sizes: Mapping[str, Size], links: Sequence[Link]) -> Layout:
    """Place boxes of these sizes. The box `START` comes first."""
    drawing = _Drawing(sizes, links)
    drawing.order()
    drawing.spread()
    return drawing.finished()


class _Drawing:
    """A layout in the making."""

    def __init__(self, sizes: Mapping[str, Size], links: Sequence[Link]) -> None:
        self._sizes, self._links = sizes, links
        self._ranks = _ranks(list(sizes), links)
        self._boxes = {name: _Node("box", self._ranks[name], *size) for name, size in sizes.items()}
        self._lanes: dict[tuple[str, str, int], _Node] = {}
        self._labels: dict[int, _Node] = {}
        self._segments: dict[tuple[_Node, _Node], set[int]] = {}
        self._layers: list[list[_Node]] = []
        for node in self._boxes.values():
            self._add(node)
        for number, link in enumerate(links):
            if link.source == link.target:
                self._boxes[link.source].width += 2 * PORT_GAP
            elif self._ranks[link.source] < self._ranks[link.target]:
                self._chain(number, link)
            else:
                self._chain_back(number, link)

    def _add(self, node: _Node) -> _Node:
        while len(self._layers) <= node.layer:
            self._layers.append([])
        self._layers[node.layer].append(node)
        return node

    def _lane(self, kind: str, target: str, layer: int, role: str = "lane") -> _Node:
        key = (kind, target, layer)
        if key not in self._lanes:
            self._lanes[key] = self._add(_Node(role, layer))
        return self._lanes[key]

    def _join(self, nodes: Sequence[_Node], number: int) -> None:
        for upper, lower in pairwise(nodes):
            if (upper, lower) not in self._segments:
                self._segments[upper, lower] = set()
                upper.below.append(lower)
                lower.above.append(upper)
            self._segments[upper, lower].add(number)

    def _label(self, number: int, layer: int, role: str) -> _Node:
        size = self._links[number].label or Size(0, 0)
        self._labels[number] = node = self._add(_Node(role, layer, *size))
        return node

    def _chain(self, number: int, link: Link) -> None:
        first, last = self._ranks[link.source] + 1, self._ranks[link.target]
        chain = [self._boxes[link.source]]
        if link.label is not None:
            chain.append(self._label(number, first, "label"))
            first += 1
        chain += [self._lane(link.kind, link.target, layer) for layer in range(first, last)]
        self._join([*chain, self._boxes[link.target]], number)

    def _chain_back(self, number: int, link: Link) -> None:
        """Down from the source, round, up beside both, round, and down to the target."""
        low, high = self._ranks[link.source], self._ranks[link.target]
        kind = f"back {link.kind}"
        bottom = self._label(number, low + 1, "turn")
        top = self._lane(kind, link.target, high - 1, "turn")
        lanes = [self._lane(kind, link.target, layer) for layer in range(high, low + 1)]
        self._join([self._boxes[link.source], bottom], number)
        self._join([top, *lanes, bottom], number)
        self._join([top, self._boxes[link.target]], number)

    # -- order within the layers

    def order(self) -> None:
        """Sort every layer so that few lines cross; the best of some sweeps is kept."""
        place = {node: float(i) for layer in self._layers for i, node in enumerate(layer)}
        best, fewest = [list(layer) for layer in self._layers], self._crossings(place)
        for sweep in range(SWEEPS if len(place) < NODES_MANY else SWEEPS // 4):
            down = sweep % 2 == 0
            for layer in self._layers if down else reversed(self._layers):
                _sort(layer, place, down=down)
            for layer in self._layers:
                _swap_neighbours(layer, place)
            crossings = self._crossings(place)
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self._layers], crossings
        self._layers = best

    def _crossings(self, place: Mapping[_Node, float]) -> int:
        """Pairs of lines in the wrong order: for each, those before it that end further right."""
        crossings = 0
        for layer in self._layers:
            ends: list[float] = []
            for node in layer:
                mine = sorted(place[other] for other in node.below)
                crossings += sum(len(ends) - bisect_right(ends, end) for end in mine)
                for end in mine:
                    insort(ends, end)
        return crossings

    # -- places

    def spread(self) -> None:
        """Give every node its x: the middle of four drawings, each pressed towards another corner."""
        conflicts = self._conflicts()
        drawings = []
        for upwards in (False, True):
            for mirrored in (False, True):
                layers = [layer[::-1] if mirrored else layer for layer in self._layers]
                places = _pressed(layers[::-1] if upwards else layers, conflicts, up=not upwards)
                drawings.append({node: -x if mirrored else x for node, x in places.items()})
        edges = [_edges(places) for places in drawings]
        left, right = min(edges, key=lambda edge: edge[1] - edge[0])
        for number, places in enumerate(drawings):
            shift = right - edges[number][1] if number % 2 else left - edges[number][0]
            drawings[number] = {node: x + shift for node, x in places.items()}
        for node in drawings[0]:
            node.x = sum(sorted(places[node] for places in drawings)[1:3]) / 2
        left = min(node.x - node.width / 2 for node in drawings[0])
        for node in drawings[0]:
            node.x -= left

    def _conflicts(self) -> set[tuple[_Node, _Node]]:
        """Segments that cross a lane: the lane stays straight, they do not."""
        place = {node: i for layer in self._layers for i, node in enumerate(layer)}
        lanes: dict[int, list[tuple[int, int]]] = {}
        for a, b in filter(lambda key: _is_lane(*key), self._segments):
            lanes.setdefault(a.layer, []).append((place[a], place[b]))
        return {
            (a, b)
            for a, b in self._segments
            if not _is_lane(a, b)
            and any((place[a] - c) * (place[b] - d) < 0 for c, d in lanes.get(a.layer, ()))
        }

    # -- lines

    def finished(self) -> Layout:
        """The layout, with its lines drawn."""
        tops, bottoms, y = [], [], 0.0
        for layer in self._layers:
            tops.append(y)
            y += max((node.height for node in layer), default=0.0)
            bottoms.append(y)
            y += GAP_Y if any(node.role == "box" for node in layer) else GAP_Y * 0.7
        ports = self._ports()
        strokes = [
            stroke
            for (upper, lower), links in self._segments.items()
            for stroke in [_curve((upper, lower), ports[upper, lower], tops, bottoms, frozenset(links))]
        ]
        strokes += self._uprights(ports, tops, bottoms)
        strokes += self._loops(tops)
        width = max(node.x + node.width / 2 for layer in self._layers for node in layer)
        return Layout(
            Size(width, bottoms[-1]),
            {name: (n.x - self._sizes[name].width / 2, tops[n.layer]) for name, n in self._boxes.items()},
            {number: (n.x - n.width / 2, tops[n.layer]) for number, n in self._labels.items()},
            strokes,
        )

    def _ports(self) -> dict[tuple[_Node, _Node], tuple[float, float]]:
        """For each segment, where it leaves the upper node and where it reaches the lower one."""
        leave: dict[tuple[_Node, _Node], float] = {}
        reach: dict[tuple[_Node, _Node], float] = {}
        for layer in self._layers:
            for node in layer:
                for other, x in _fan(node, node.below):
                    leave[node, other] = x
                for other, x in _fan(node, node.above):
                    reach[other, node] = x
        return {key: (leave[key], reach[key]) for key in self._segments}

    def _uprights(
        self,
        ports: Mapping[tuple[_Node, _Node], tuple[float, float]],
        tops: list[float],
        bottoms: list[float],
    ) -> Iterator[Stroke]:
        """Lanes through their layer, and the turns of lines that go round."""
        for node in [*self._lanes.values(), *self._labels.values()]:
            down = frozenset(n for other in node.below for n in self._segments[node, other])
            up = frozenset(n for other in node.above for n in self._segments[other, node])
            top, bottom = tops[node.layer], bottoms[node.layer]
            if node.role == "lane" and bottom > top:
                yield Stroke(f"M{node.x:.1f} {top:.1f}V{bottom:.1f}", down | up)
            elif node.role == "turn" and len(node.above) > 1:
                a, b = sorted(ports[other, node][1] for other in node.above)
                yield Stroke(
                    f"M{a:.1f} {top:.1f}C{a:.1f} {top + 9:.1f} {b:.1f} {top + 9:.1f} {b:.1f} {top:.1f}", up
                )
            elif node.role == "turn" and len(node.below) > 1:
                a, b = sorted(ports[node, other][0] for other in node.below)
                y = bottom
                yield Stroke(
                    f"M{a:.1f} {y:.1f}C{a:.1f} {y - 9:.1f} {b:.1f} {y - 9:.1f} {b:.1f} {y:.1f}", down
                )

    def _loops(self, tops: list[float]) -> Iterator[Stroke]:
        """Boxes that lead to themselves: a loop at the right, inside the box's place."""
        for number, link in enumerate(self._links):
            if link.source == link.target:
                node = self._boxes[link.source]
                x, y = node.x + node.width / 2 - PORT_GAP, tops[node.layer]
                low, high = y + node.height * 0.75, y + node.height * 0.25
                bend = x + PORT_GAP * 1.6
                path = f"M{x:.1f} {low:.1f}C{bend:.1f} {low:.1f} {bend:.1f} {high:.1f} {x:.1f} {high:.1f}"
                yield Stroke(path, frozenset([number]), tip=True)


def _ranks(names: list[str], links: Sequence[Link]) -> dict[str, int]:
    """A layer for every box, below all that lead to it; lines that close a loop do not count."""
    targets: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
    for link in links:
        if link.source != link.target:
            targets[link.source].append((link.target, 1 if link.label is None else 2))
    order: list[str] = []
    on_path: set[str] = set()
    seen: set[str] = set()
    forward: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
    for root in names:
        stack = [] if root in seen else [(root, iter(targets[root]))]
        seen.add(root)
        on_path.add(root)
        while stack:
            name, rest = stack[-1]
            target, length = next(rest, (None, 0))
            if target is None:
                stack.pop()
                on_path.discard(name)
                order.append(name)
            elif target not in on_path:
                forward[name].append((target, length))
                if target not in seen:
                    seen.add(target)
                    on_path.add(target)
                    stack.append((target, iter(targets[target])))
        on_path.discard(root)
    ranks = dict.fromkeys(names, 0)
    for name in reversed(order):
        for target, length in forward[name]:
            ranks[target] = max(ranks[target], ranks[name] + length)
    return ranks


def _sort(layer: list[_Node], place: dict[_Node, float], *, down: bool) -> None:
    def centre(node: _Node) -> float:
        others = (node.above if down else node.below) or (node.below if down else node.above)
        return sum(place[other] for other in others) / len(others) if others else place[node]

    layer.sort(key=centre)
    place.update((node, float(i)) for i, node in enumerate(layer))


def _swap_neighbours(layer: list[_Node], place: dict[_Node, float]) -> None:
    for i in range(len(layer) - 1):
        left, right = layer[i], layer[i + 1]
        if _crossed(right, left, place) < _crossed(left, right, place):
            layer[i], layer[i + 1] = right, left
            place[left], place[right] = place[right], place[left]


def _crossed(left: _Node, right: _Node, place: Mapping[_Node, float]) -> int:
    """How many lines of two neighbours cross, when they stand in this order."""
    sides = ((left.below, right.below), (left.above, right.above))
    return sum(place[a] > place[b] for mine, others in sides for a in mine for b in others)


def _is_lane(upper: _Node, lower: _Node) -> bool:
    return upper.role != "box" and lower.role != "box"


def _edges(places: Mapping[_Node, float]) -> tuple[float, float]:
    """Where a drawing begins and ends."""
    return (
        min(x - node.width / 2 for node, x in places.items()),
        max(x + node.width / 2 for node, x in places.items()),
    )


def _pressed(
    layers: Sequence[Sequence[_Node]], conflicts: set[tuple[_Node, _Node]], *, up: bool
) -> dict[_Node, float]:
    """One drawing: nodes in one line with their median neighbour above form blocks, pressed to the left."""
    blocks = _aligned(layers, conflicts, up=up)
    after: dict[_Node, list[tuple[_Node, float]]] = {root: [] for root in blocks.values()}
    before: dict[_Node, list[tuple[_Node, float]]] = {root: [] for root in blocks.values()}
    for layer in layers:
        for left, right in pairwise(layer):
            room = left.width / 2 + GAP_X + right.width / 2
            after[blocks[left]].append((blocks[right], room))
            before[blocks[right]].append((blocks[left], room))
    order = _in_order(after)
    x: dict[_Node, float] = {}
    for root in order:
        x[root] = max((x[other] + room for other, room in before[root]), default=0.0)
    for root in reversed(order):
        if after[root]:
            x[root] = max(x[root], min(x[other] - room for other, room in after[root]))
    return {node: x[root] for node, root in blocks.items()}


def _aligned(
    layers: Sequence[Sequence[_Node]], conflicts: set[tuple[_Node, _Node]], *, up: bool
) -> dict[_Node, _Node]:
    """For every node the first one of its block."""
    place = {node: i for layer in layers for i, node in enumerate(layer)}
    root = {node: node for node in place}
    for layer in layers:
        last = -1
        for node in layer:
            others = node.above if up else node.below
            straight = [other for other in others if _is_lane(node, other)]
            others = sorted(straight or others, key=lambda o: place[o])
            for other in others[(len(others) - 1) // 2 : len(others) // 2 + 1]:
                pair = (other, node) if up else (node, other)
                if root[node] is node and place[other] > last and pair not in conflicts:
                    root[node] = root[other]
                    last = place[other]
    return root


def _in_order(after: Mapping[_Node, Sequence[tuple[_Node, float]]]) -> list[_Node]:
    """Blocks from the left to the right."""
    waits = Counter(other for others in after.values() for other, _ in others)
    order = [root for root in after if not waits[root]]
    for root in order:
        for other, _ in after[root]:
            waits[other] -= 1
            if not waits[other]:
                order.append(other)
    return order


def _fan(node: _Node, others: Sequence[_Node]) -> Iterator[tuple[_Node, float]]:
    """Spread the ends of lines over a node's edge, in the order of where they go."""
    if node.role == "turn":  # the lane stays straight, the other end turns towards its box
        for other in others:
            side = PORT_GAP if other.x > node.x else -PORT_GAP
            yield other, node.x + (side if other.role == "box" else 0.0)
        return
    gap = min(PORT_GAP, node.width * 0.7 / max(1, len(others) - 1)) if node.role == "box" else 0.0
    for number, other in enumerate(sorted(others, key=lambda o: o.x)):
        yield other, node.x + gap * (number - (len(others) - 1) / 2)


def _curve(
    ends: tuple[_Node, _Node],
    ports: tuple[float, float],
    tops: list[float],
    bottoms: list[float],
    links: frozenset[int],
) -> Stroke:
    """A line from one layer to the next."""
    (upper, lower), (x1, x2) = ends, ports
    y1 = tops[upper.layer] + upper.height if upper.role in ("box", "label") else bottoms[upper.layer]
    edge, y2 = bottoms[upper.layer], tops[lower.layer]
    tip = lower.role == "box"
    middle = (edge + y2) / 2
    start = f"M{x1:.1f} {y1:.1f}" + (f"V{edge:.1f}" if edge > y1 else "")
    path = (
        f"V{y2:.1f}"
        if abs(x1 - x2) < 0.5
        else f"C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}"
    )
    return Stroke(start + path, links, tip)
