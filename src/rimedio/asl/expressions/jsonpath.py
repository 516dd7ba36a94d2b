"""JSONPath in the dialect that Step Functions speaks (Jayway's), and reference paths.

`$` the field's input, `$$` the context object, `$name` a variable; `.name`, `['name']`, `[0]`, `[-1]`,
`[1,2]`, `[1:3]`, `*`, `..name`, `[?(@.a == 1 && @.b)]`, and `.length()` with its like. A path of names
and single indexes is definite: it has one value or fails. Any other gives the list of what it found, but
fails too when a name before its first choice is not there. `['a','b']` at the end picks an object's members.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from rimedio.asl.errors import PathNotFound, StatesError
from rimedio.asl.expressions.query import MISSING, Missing, Scope
from rimedio.asl.jsontext import JSON, dumps

VISITS_MAX = 5_000_000  # of values in one evaluation: seconds; a payload has at most 130,000 values

BEYOND: Final = Missing()  # an element past the end of its array

Found: TypeAlias = JSON | Missing
Test: TypeAlias = Callable[[JSON, "Walk"], bool]


class Walk:
    """One evaluation of a path: the document, and how many values it may still visit."""

    __slots__ = ("left", "root")

    def __init__(self, root: JSON) -> None:
        self.root = root
        self.left = VISITS_MAX

    def visit(self, count: int = 1) -> None:
        """Count visited values. Raises States.Runtime when they are too many."""
        self.left -= count
        if self.left < 0:
            raise StatesError("States.Runtime", "The JSONPath visits too many values. Narrow it.")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a key of `SINGLE` has one value; names, indexes, slice, all, where and deep choose many."""

    kind: str
    names: tuple[str, ...] = ()
    indexes: tuple[int, ...] = ()
    bounds: tuple[int | None, int | None] = (None, None)
    test: Test | None = None

    def __str__(self) -> str:
        return "".join([*(f"['{name}']" for name in self.names), *(f"[{index}]" for index in self.indexes)])


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed path; `origin` is '$', '$$' or the name of a variable. The first `sure` steps are definite."""

    text: str
    origin: str
    steps: tuple[Step, ...]
    sure: int

    @property
    def is_reference(self) -> bool:
        """Whether it can name one place only: names and indexes, no functions."""
        return all(step.kind in ("name", "index") for step in self.steps)

    def find(self, root: JSON) -> Found:
        """The value, or for an indefinite path the list of values; MISSING or BEYOND when a definite one has none."""
        return _follow(self.steps, root) if self.sure == len(self.steps) else self.look(root, Walk(root))

    def look(self, start: JSON, walk: Walk) -> Found:
        """As `find`, from `start`, as part of a larger walk."""
        if self.sure == len(self.steps):
            return _follow(self.steps, start)
        if self.steps[0].kind == "deep" and self.steps[-1].kind in FUNCTIONS:
            return _over_all(self.steps, start, walk)
        value = _follow(self.steps[: self.sure], start)
        chosen = self.steps[self.sure :]
        kinds = object if chosen[0].kind in ("all", "deep") else CHOICES[chosen[0].kind][0]
        if value is MISSING or not isinstance(value, kinds):
            return MISSING
        found = list(search(chosen, None if isinstance(value, Missing) else value, walk))
        return MISSING if any(value is MISSING for value in found) else cast("JSON", found)

    def fails_at(self, root: JSON) -> tuple[int, JSON]:
        """Which definite step finds nothing, and in what value."""
        value = root
        for at, step in enumerate(self.steps[: self.sure]):
            found = SINGLE[step.kind](step, value)
            if isinstance(found, Missing):
                return at, value
            value = found
        return self.sure, value


@dataclass(frozen=True, slots=True)
class JsonPathQuery:
    """A path as the value of a field. `whole`: the field selects the state's whole input or output."""

    path: JsonPath
    field: str
    whole: bool = False

    def evaluate(self, scope: Scope) -> JSON:
        """The value; in a payload template null for an element beyond its array. Raises PathNotFound."""
        value = self.look_up(scope)
        if value is BEYOND and self.field.endswith(".$"):
            return None
        if isinstance(value, Missing):
            raise self._absent(scope.context if self.path.origin == "$$" else scope.root)
        return value

    def look_up(self, scope: Scope) -> Found:
        """The value; MISSING or BEYOND when there is none."""
        origin = self.path.origin
        if origin == "$":
            return self.path.find(scope.root)
        if origin == "$$":
            return self.path.find(scope.context)
        value = scope.variables.get(origin, MISSING)
        return MISSING if isinstance(value, Missing) else self.path.find(value)

    def _absent(self, root: JSON) -> PathNotFound:
        """What AWS says when the field's path finds nothing."""
        at, value = self.path.fails_at(root)
        steps = self.path.steps
        if self.field == "ItemsPath":
            return _conflict(steps[at : at + 1], value)
        cause = (
            f"The JSONPath '{self.path.text}' specified for the field '{self.field}' "
            f"could not be found in the input '{dumps(root)}'"
        )
        if self.whole:
            what = "No results for path:" if at >= len(steps) - 1 else "Missing property in path"
            cause = f"Invalid path '{self.path.text}' : {what} ${''.join(map(str, steps[: at + 1]))}"
        elif self.field in ("SecondsPath", "TimestampPath"):
            cause = f"The {self.field} parameter does not reference an input value: {self.path.text}"
        return PathNotFound("States.Runtime", cause)


def _conflict(steps: Sequence[Step], value: JSON) -> PathNotFound:
    """A reference path whose next step does not fit the value that it has reached."""
    step = "".join(map(str, (*steps[0].names, *steps[0].indexes))) if steps else ""
    return PathNotFound(
        "States.ReferencePathConflict", f'Unable to apply step "{step}" to input {dumps(value)}'
    )


def _follow(steps: Sequence[Step], value: JSON) -> Found:
    found: Found = value
    for step in steps:
        found = SINGLE[step.kind](step, found)
    return found


def _over_all(steps: tuple[Step, ...], start: JSON, walk: Walk) -> Found:
    """`$..price.sum()` is the sum of everything found; `$..item.length()` counts what all items hold."""
    function = steps[-1]
    members = (Step("all"),) if function.kind == "length" else ()
    found = list(search((*steps[:-1], *members), start, walk))
    return FUNCTIONS[function.kind](cast("JSON", found))


def search(steps: tuple[Step, ...], value: JSON, walk: Walk) -> Iterator[Found]:
    """Everything that steps find below `value`, in Jayway's order; MISSING where a function has no value."""
    if not steps:
        yield value
    elif steps[0].kind == "deep":
        for start, rest in _starts(steps[1:], value, walk):
            yield from search(rest, start, walk)
    else:
        for found in _choose(steps[0], value, walk):
            walk.visit()
            if len(steps) == 1 or isinstance(found, Missing):
                yield found
            else:
                yield from search(steps[1:], found, walk)


def _starts(steps: tuple[Step, ...], value: JSON, walk: Walk) -> Iterator[tuple[JSON, tuple[Step, ...]]]:
    """Where a deep scan goes on, and with which steps: at every object and array that the next step fits.

    As in Jayway, elements of a fitting array are taken one by one when more steps follow: `$..[0].a` finds
    the `a` of all elements.
    """
    waiting = [value]
    while waiting:
        node = waiting.pop()
        members = _members(node)
        walk.visit(1 + len(members))
        if isinstance(node, (dict, list)) and _fits(steps[0], node, walk):
            if isinstance(node, list) and len(steps) > 1:
                yield from ((element, steps[1:]) for element in node)
            else:
                yield node, steps
        waiting.extend(reversed(members))


def _fits(step: Step, node: JSON, walk: Walk) -> bool:
    if step.kind in ("name", "pick", "names"):
        return isinstance(node, dict) and (step.kind == "names" or all(name in node for name in step.names))
    if step.kind in ("index", "indexes", "slice"):
        return isinstance(node, list)
    return step.kind == "all" or (step.test is not None and step.test(node, walk))


def _choose(step: Step, value: JSON, walk: Walk) -> Iterable[Found]:
    """What a step takes from one value: nothing from a value that it does not fit."""
    single = SINGLE.get(step.kind)
    if single is not None:
        found = single(step, value)
        lost = found is MISSING and step.kind not in FUNCTIONS
        return () if lost else (None if found is BEYOND else found,)
    kinds, choose = CHOICES[step.kind]
    return choose(step, value, walk) if isinstance(value, kinds) else ()


def _where(step: Step, value: Any, walk: Walk) -> Iterable[JSON]:
    return (
        item
        for item in (value if isinstance(value, list) else [value])
        if step.test and step.test(item, walk)
    )


def _elements(value: list[JSON], indexes: Iterable[int]) -> Iterable[JSON]:
    return (value[index] if -len(value) <= index < len(value) else None for index in indexes)


def _sliced(first: int | None, stop: int | None, length: int) -> range:
    """The indexes of a slice. With both bounds given, negative ones count on through zero, as in Jayway."""
    if first is not None and stop is not None:
        return range(max(first, -length), min(stop, length))
    return range(*slice(first, stop).indices(length))


def _members(value: JSON) -> list[JSON]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _name(step: Step, value: Found) -> Found:
    return value.get(step.names[0], MISSING) if isinstance(value, dict) else MISSING


def _index(step: Step, value: Found) -> Found:
    if not isinstance(value, list):
        return MISSING
    index = step.indexes[0]
    return value[index] if -len(value) <= index < len(value) else BEYOND


def _pick(step: Step, value: Found) -> Found:
    return {name: value[name] for name in step.names if name in value} if isinstance(value, dict) else MISSING


def _over(combine: Callable[[list[float]], float]) -> Callable[[Found], Found]:
    """A function of an array's numbers, which is floating point, and no value without numbers."""

    def combined(value: Found) -> Found:
        members = value if isinstance(value, list) else []
        try:
            numbers = [float(v) for v in members if isinstance(v, (int, float)) and not isinstance(v, bool)]
            total = combine(numbers) if numbers else math.inf
        except OverflowError:
            return MISSING
        return total if math.isfinite(total) else MISSING

    return combined


def _element(index: int) -> Callable[[Found], Found]:
    return lambda value: value[index] if isinstance(value, list) and value else MISSING


def _length(value: Found) -> Found:
    if isinstance(value, (list, dict)):
        return len(value)
    return MISSING if isinstance(value, Missing) else None


FUNCTIONS: dict[str, Callable[[Found], Found]] = {
    "length": _length,
    "size": _length,
    "min": _over(min),
    "max": _over(max),
    "sum": _over(sum),
    "avg": _over(statistics.fmean),
    "stddev": _over(statistics.pstdev),
    "first": _element(0),
    "last": _element(-1),
    "keys": lambda value: list(value) if isinstance(value, dict) else MISSING,
}

SINGLE: dict[str, Callable[[Step, Found], Found]] = {
    "name": _name,
    "index": _index,
    "pick": _pick,
    **dict.fromkeys(FUNCTIONS, lambda step, value: FUNCTIONS[step.kind](value)),
}

# what steps that choose many choose from, and how
CHOICES: dict[str, tuple[type | tuple[type, ...], Callable[[Step, Any, Walk], Iterable[JSON]]]] = {
    "all": ((list, dict), lambda _step, value, _walk: _members(value)),
    "where": ((list, dict), _where),
    "names": (dict, lambda step, value, _walk: [value[name] for name in step.names if name in value]),
    "indexes": (list, lambda step, value, _walk: _elements(value, step.indexes)),
    "slice": (list, lambda step, value, _walk: _elements(value, _sliced(*step.bounds, len(value)))),
}


def put_at(path: JsonPath, whole: JSON, value: JSON) -> JSON:
    """`whole` with `value` at a reference path; what lies on the way is copied, never changed.

    Raises PathNotFound when the way leads through something that is neither object nor array.
    """
    if path.steps and not isinstance(whole, (dict, list)):
        cause = f"Unable to apply ReferencePath {path.text} to input {dumps(whole)}"
        raise PathNotFound("States.ReferencePathConflict", cause)
    return _put(path.steps, whole, value)


def _put(steps: tuple[Step, ...], whole: JSON, value: JSON) -> JSON:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if step.kind == "index" and isinstance(whole, list) and 0 <= step.indexes[0] < len(whole):
        copied = list(whole)
        copied[step.indexes[0]] = _put(rest, copied[step.indexes[0]], value)
        return copied
    if step.kind == "name" and isinstance(whole, dict):
        name = step.names[0]
        return {**whole, name: _put(rest, whole.get(name, {}), value)}
    raise _conflict(steps, whole)
