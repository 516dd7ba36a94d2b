"""JSONPath in the dialect that Step Functions speaks (Jayway's), and reference paths.

`$` the field's input, `$$` the context object, `$name` a variable; `.name`, `['name']`, `[0]`, `[-1]`,
`[1,2]`, `[1:3]`, `*`, `..name`, `[?(@.a == 1 && @.b)]`, and `.length()` with its like. A path of names
and single indexes is definite: it has one value or fails. Any other gives the list of what it found, but
fails too when a name before its first choice is not there. `['a','b']` at the end picks an object's members.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

from rimedio.asl.errors import PathNotFound
from rimedio.asl.expressions.query import MISSING, Missing, Scope
from rimedio.asl.jsontext import JSON, dumps

Test: TypeAlias = Callable[[JSON, JSON], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `kind` is name, index, names, pick, indexes, slice, wildcard, filter, length…"""

    kind: str
    names: tuple[str, ...] = ()
    indexes: tuple[int, ...] = ()
    bounds: tuple[int | None, int | None, int | None] = (None, None, None)
    test: Test | None = None
    deep: bool = False


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed path; `origin` is '$', '$$' or the name of a variable."""

    text: str
    origin: str
    steps: tuple[Step, ...]
    definite: bool

    @property
    def is_reference(self) -> bool:
        """Whether it can name one place only: names and indexes, no functions."""
        return all(step.kind in ("name", "index") and not step.deep for step in self.steps)

    def find(self, root: JSON) -> JSON | Missing:
        """The value, or for an indefinite path the list of values; MISSING when a definite one has none."""
        if self.definite:
            return _follow(self.steps, root)
        return _search_below(self.steps, root)

    def normal(self) -> str:
        """The path in bracket notation, as AWS prints it: `$['a'][0]`."""
        parts = [
            "".join(f"['{name}']" for name in step.names) or "".join(f"[{i}]" for i in step.indexes)
            for step in self.steps
        ]
        return "$" + "".join(parts)


@dataclass(frozen=True, slots=True)
class JsonPathQuery:
    """A path as the value of a field."""

    path: JsonPath
    field: str
    whole: bool = False

    def evaluate(self, scope: Scope) -> JSON:
        """The value. Raises PathNotFound (States.Runtime)."""
        value = self.look_up(scope)
        if isinstance(value, Missing):
            raise PathNotFound("States.Runtime", self._cause(scope))
        return value

    def look_up(self, scope: Scope) -> JSON | Missing:
        """The value, or MISSING."""
        origin = self.path.origin
        if origin == "$":
            return self.path.find(scope.root)
        if origin == "$$":
            return self.path.find(scope.context)
        value = scope.variables.get(origin, MISSING)
        return MISSING if isinstance(value, Missing) else self.path.find(value)

    def _cause(self, scope: Scope) -> str:
        if self.whole:
            return f"Invalid path '{self.path.text}' : No results for path: {self.path.normal()}"
        root = scope.context if self.path.origin == "$$" else scope.root
        return (
            f"The JSONPath '{self.path.text}' specified for the field '{self.field}' "
            f"could not be found in the input '{dumps(root)}'"
        )


def _follow(steps: tuple[Step, ...], value: JSON) -> JSON | Missing:
    found: JSON | Missing = value
    for step in steps:
        if step.kind == "name":
            found = found.get(step.names[0], MISSING) if isinstance(found, dict) else MISSING
        elif step.kind == "index":
            found = _item(found, step.indexes[0])
        elif step.kind == "pick":
            found = _pick(found, step.names)
        else:
            found = AGGREGATES[step.kind](found)
        if found is MISSING:
            return MISSING
    return found


def _search_below(steps: tuple[Step, ...], root: JSON) -> JSON | Missing:
    """What an indefinite path finds. As in Jayway, an absent name before its first choice is a failure."""
    value: JSON | Missing = root
    for at, step in enumerate(steps):
        if step.deep or step.kind not in ("name", "index"):
            if (
                step.kind in ("slice", "indexes", "filter")
                and not step.deep
                and not isinstance(value, (list, dict))
            ):
                return MISSING
            return list(search(steps[at:], cast("JSON", value), root))
        if (
            step.kind == "index"
            and isinstance(value, list)
            and isinstance(_item(value, step.indexes[0]), Missing)
        ):
            return []
        value = _follow((step,), cast("JSON", value))
        if isinstance(value, Missing):
            return MISSING
    return value


def _pick(value: JSON | Missing, names: tuple[str, ...]) -> JSON | Missing:
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else MISSING


def _item(value: JSON | Missing, index: int) -> JSON | Missing:
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return MISSING
    return value[index]


def search(steps: tuple[Step, ...], value: JSON, root: JSON) -> Iterator[JSON]:
    """Everything that steps find below `value`; `root` is what filters call `$`."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step.kind == "pick":
        found = [_pick(start, step.names) for start in (_descendants(value) if step.deep else (value,))]
        yield from (picked for picked in found if not isinstance(picked, Missing) and picked)
        return
    if step.kind in AGGREGATES:
        total = AGGREGATES[step.kind](value)
        if not isinstance(total, Missing):
            yield from search(rest, total, root)
        return
    for start in _descendants(value) if step.deep else (value,):
        for member in _matches(step, start, root):
            yield from search(rest, member, root)


def _descendants(value: JSON) -> Iterator[JSON]:
    yield value
    for member in _members(value):
        yield from _descendants(member)


def _members(value: JSON) -> list[JSON]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _matches(step: Step, value: JSON, root: JSON) -> Iterator[JSON]:
    if step.kind in ("name", "names"):
        if isinstance(value, dict):
            yield from (value[name] for name in step.names if name in value)
    elif step.kind in ("index", "indexes"):
        found = (_item(value, index) for index in step.indexes)
        yield from (item for item in found if not isinstance(item, Missing))
    elif step.kind == "slice":
        if isinstance(value, list):
            yield from value[slice(*step.bounds)]
    elif step.kind == "wildcard":
        yield from _members(value)
    elif step.test is not None:
        candidates = value if isinstance(value, list) else [value]
        yield from (item for item in candidates if step.test(item, root))


def _numbers(value: JSON | Missing) -> list[float]:
    return [v for v in value if isinstance(v, (int, float))] if isinstance(value, list) else []


def _length(value: JSON | Missing) -> JSON | Missing:
    return len(value) if isinstance(value, (list, dict, str)) else MISSING


def _over(combine: Callable[[list[float]], float]) -> Callable[[JSON | Missing], JSON | Missing]:
    def aggregate(value: JSON | Missing) -> JSON | Missing:
        numbers = _numbers(value)
        return combine(numbers) if numbers else MISSING

    return aggregate


AGGREGATES: dict[str, Callable[[JSON | Missing], JSON | Missing]] = {
    "length": _length,
    "size": _length,
    "min": _over(min),
    "max": _over(max),
    "sum": _over(sum),
    "avg": _over(lambda numbers: sum(numbers) / len(numbers)),
    "keys": lambda value: list(value) if isinstance(value, dict) else MISSING,
}


def put_at(path: JsonPath, whole: JSON, value: JSON) -> JSON:
    """`whole` with `value` at a reference path; what lies on the way is copied, never changed.

    Raises PathNotFound when the way leads through something that is neither object nor array.
    """
    return _put(path.steps, whole, value, path)


def _put(steps: tuple[Step, ...], whole: JSON, value: JSON, path: JsonPath) -> JSON:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if step.kind == "index" and isinstance(whole, list) and step.indexes[0] < len(whole):
        copied = list(whole)
        copied[step.indexes[0]] = _put(rest, copied[step.indexes[0]], value, path)
        return copied
    if step.kind == "name" and isinstance(whole, dict):
        name = step.names[0]
        return {**whole, name: _put(rest, whole.get(name, {}), value, path)}
    cause = f'Unable to apply step "{path.text}" to input {dumps(whole)}. Point ResultPath into an object.'
    raise PathNotFound("States.ResultPathMatchFailure", cause)
