"""Which route a path belongs to: a tree of path segments, so that a look-up costs the path's length."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PARAMETER = "{}"


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    routes: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # method: template, names


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits: its template, such as /v1/tickets/{ticket_id}, and the values of its parameters."""

    resource: str
    parameters: Mapping[str, str]


class RouteTable:
    """Routes by method and path template. A fixed segment wins over a parameter."""

    def __init__(self, routes: Iterable[tuple[str, str]]) -> None:
        self._root = _Node()
        for method, template in routes:
            node, names = self._root, []
            for segment in template.strip("/").split("/"):
                free = segment.startswith("{")
                if free:
                    names.append(segment.strip("{}"))
                node = node.children.setdefault(PARAMETER if free else segment, _Node())
            node.routes[method] = (template, tuple(names))

    def find(self, method: str, path: str) -> Match | None:
        """The route of a decoded path, or None."""
        for node, values in self._walk(path):
            found = node.routes.get(method)
            if found is not None:
                return Match(found[0], dict(zip(found[1], values, strict=True)))
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """Methods that some route takes at this path."""
        return tuple(sorted({method for node, _ in self._walk(path) for method in node.routes}))

    def _walk(self, path: str) -> list[tuple[_Node, tuple[str, ...]]]:
        """Every node the path leads to, with the values met on the way; the most literal first."""
        level: list[tuple[_Node, tuple[str, ...]]] = [(self._root, ())]
        for segment in path[1:].split("/"):
            following: list[tuple[_Node, tuple[str, ...]]] = []
            for node, values in level:
                fixed = node.children.get(segment)
                if fixed is not None:
                    following.append((fixed, values))
                free = node.children.get(PARAMETER)
                if free is not None and segment:
                    following.append((free, (*values, segment)))
            if not following:
                return []
            level = following
        return level
