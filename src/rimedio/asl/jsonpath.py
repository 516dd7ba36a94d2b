"""JSONPath in the dialect that Step Functions speaks (Jayway's), and reference paths.

`$` the field's input, `$$` the context object, `$name` a variable; `.name`, `['name']`, `[0]`, `[-1]`,
`[1,2]`, `[1:3]`, `*`, `..name`, `[?(@.a == 1 && @.b)]`, and `.length()` with its like. A path of names
and single indexes is definite: it has one value or fails. Any other gives the list of what it found.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

from rimedio.asl.errors import PathNotFound
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.query import MISSING, Missing, Scope

Test: TypeAlias = Callable[[JSON, JSON], bool]
Operand: TypeAlias = Callable[[JSON, JSON], "JSON | Missing"]


class PathSyntaxError(ValueError):
    """The text is no JSONPath."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `kind` is name, index, names, indexes, slice, wildcard, filter, length…"""

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

    def find(self, root: JSON) -> JSON | Missing:
        """The value, or for an indefinite path the list of values; MISSING when a definite one has none."""
        if self.definite:
            return _follow(self.steps, root)
        return list(_search(self.steps, root, root))

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
        else:
            found = _AGGREGATES[step.kind](found)
        if found is MISSING:
            return MISSING
    return found


def _item(value: JSON | Missing, index: int) -> JSON | Missing:
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return MISSING
    return value[index]


def _search(steps: tuple[Step, ...], value: JSON, root: JSON) -> Iterator[JSON]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step.kind in _AGGREGATES:
        found = _AGGREGATES[step.kind](value)
        if not isinstance(found, Missing):
            yield from _search(rest, found, root)
        return
    for start in _descendants(value) if step.deep else (value,):
        for member in _matches(step, start, root):
            yield from _search(rest, member, root)


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


_AGGREGATES: dict[str, Callable[[JSON | Missing], JSON | Missing]] = {
    "length": _length,
    "size": _length,
    "min": _over(min),
    "max": _over(max),
    "sum": _over(sum),
    "avg": _over(lambda numbers: sum(numbers) / len(numbers)),
    "keys": lambda value: list(value) if isinstance(value, dict) else MISSING,
}


_NAME = re.compile(r"(?:\\.|[^\s.\[\]()'\"*?@,:|=<>!\\])+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ORIGIN = re.compile(r"\$(\$|[A-Za-z_À-￿][\wÀ-￿]*)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_INTEGER = re.compile(r"-?\d+")
_COMPARISON = re.compile(r"==|!=|<=|>=|<|>|=~")


class PathReader:
    """A cursor over the text of a path."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def fail(self, what: str) -> PathSyntaxError:
        return PathSyntaxError(f"{what} at position {self.at} of {self.text!r}")

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t\n\r":
            self.at += 1

    def take(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self.fail(f"Expected {token!r}")

    def match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.at)
        if found and found[0]:
            self.at = found.end()
            return found[0]
        return None

    def quoted(self) -> str | None:
        """A string in single or double quotes; a backslash escapes the quote and itself."""
        self.skip()
        quote = self.text[self.at : self.at + 1]
        if quote not in ("'", '"') or not quote:
            return None
        end, taken = self.at + 1, []
        while end < len(self.text) and self.text[end] != quote:
            if self.text[end] == "\\" and self.text[end + 1 : end + 2] in (quote, "\\"):
                end += 1
            taken.append(self.text[end])
            end += 1
        if end >= len(self.text):
            raise self.fail("Unterminated string")
        self.at = end + 1
        return "".join(taken)


@lru_cache(maxsize=4096)
def parse_path(text: str) -> JsonPath:
    """Parse a whole text as a path. Raises PathSyntaxError."""
    reader = PathReader(text)
    path = read_path(reader)
    if reader.at != len(text):
        raise reader.fail("Unexpected text")
    return path


def read_path(reader: PathReader) -> JsonPath:
    """Read the path that starts at the cursor."""
    start = reader.at
    origin = reader.match(_ORIGIN)
    if origin is None:
        raise reader.fail("A path starts with '$'")
    steps = tuple(_read_steps(reader))
    definite = all(s.kind in _AGGREGATES or (s.kind in ("name", "index") and not s.deep) for s in steps)
    name = origin if origin in ("$", "$$") else origin[1:]
    return JsonPath(reader.text[start : reader.at], name, steps, definite)


def _read_steps(reader: PathReader) -> Iterator[Step]:
    while reader.at < len(reader.text):
        if reader.text.startswith("..", reader.at):
            reader.at += 2
            yield (
                _bracket(reader, deep=True)
                if reader.text[reader.at : reader.at + 1] == "["
                else _dotted(reader, deep=True)
            )
        elif reader.text[reader.at] == ".":
            reader.at += 1
            following = reader.text[reader.at : reader.at + 1]
            yield _bracket(reader, deep=False) if following == "[" else _dotted(reader, deep=False)
        elif reader.text[reader.at] == "[":
            yield _bracket(reader, deep=False)
        else:
            return


def _dotted(reader: PathReader, *, deep: bool) -> Step:
    if reader.text[reader.at : reader.at + 1] == "*":
        reader.at += 1
        return Step("wildcard", deep=deep)
    name = reader.match(_NAME)
    if name is None:
        raise reader.fail("Expected a name")
    if name in _AGGREGATES and reader.text.startswith("()", reader.at):
        reader.at += 2
        return Step(name)
    return Step("name", names=(_ESCAPED.sub(r"\1", name),), deep=deep)


def _bracket(reader: PathReader, *, deep: bool) -> Step:
    reader.need("[")
    if reader.take("*"):
        step = Step("wildcard", deep=deep)
    elif reader.take("?"):
        reader.need("(")
        step = Step("filter", test=_disjunction(reader), deep=deep)
        reader.need(")")
    else:
        step = _names_or_indexes(reader, deep=deep)
    reader.need("]")
    return step


def _names_or_indexes(reader: PathReader, *, deep: bool) -> Step:
    name = reader.quoted()
    if name is not None:
        names = [name]
        while reader.take(","):
            more = reader.quoted()
            if more is None:
                raise reader.fail("Expected a quoted name")
            names.append(more)
        return Step("name" if len(names) == 1 else "names", names=tuple(names), deep=deep)
    first = _integer(reader)
    if reader.take(":"):
        stop = _integer(reader)
        step = _integer(reader) if reader.take(":") else None
        return Step("slice", bounds=(first, stop, step), deep=deep)
    if first is None:
        raise reader.fail("Expected a name or an index")
    indexes = [first]
    while reader.take(","):
        following = _integer(reader)
        if following is None:
            raise reader.fail("Expected an index")
        indexes.append(following)
    return Step("index" if len(indexes) == 1 else "indexes", indexes=tuple(indexes), deep=deep)


def _integer(reader: PathReader) -> int | None:
    reader.skip()
    text = reader.match(_INTEGER)
    return int(text) if text else None


def _disjunction(reader: PathReader) -> Test:
    tests = [_conjunction(reader)]
    while reader.take("||"):
        tests.append(_conjunction(reader))
    return lambda item, root: any(test(item, root) for test in tests)


def _conjunction(reader: PathReader) -> Test:
    tests = [_negation(reader)]
    while reader.take("&&"):
        tests.append(_negation(reader))
    return lambda item, root: all(test(item, root) for test in tests)


def _negation(reader: PathReader) -> Test:
    if reader.take("!"):
        inner = _negation(reader)
        return lambda item, root: not inner(item, root)
    if reader.take("("):
        inner = _disjunction(reader)
        reader.need(")")
        return inner
    return _comparison(reader)


def _comparison(reader: PathReader) -> Test:
    left = _operand(reader)
    reader.skip()
    operator = reader.match(_COMPARISON)
    if operator is None:
        return lambda item, root: left(item, root) is not MISSING
    if operator == "=~":
        return _regular(reader, left)
    right = _operand(reader)
    return lambda item, root: _compare(operator, left(item, root), right(item, root))


def _regular(reader: PathReader, left: Operand) -> Test:
    reader.need("/")
    end = reader.text.find("/", reader.at)
    if end < 0:
        raise reader.fail("Unterminated regular expression")
    flags = re.IGNORECASE if reader.text[end + 1 : end + 2] == "i" else 0
    try:
        pattern = re.compile(reader.text[reader.at : end], flags)
    except re.error as error:
        raise reader.fail(f"Bad regular expression ({error})") from error
    reader.at = end + (2 if flags else 1)

    def test(item: JSON, root: JSON) -> bool:
        value = left(item, root)
        return isinstance(value, str) and pattern.fullmatch(value) is not None

    return test


def _operand(reader: PathReader) -> Operand:
    reader.skip()
    text = reader.quoted()
    if text is not None:
        return lambda _item, _root: text
    for word, value in (("true", True), ("false", False), ("null", None)):
        if reader.take(word):
            return lambda _item, _root, value=value: value  # type: ignore[misc]
    if reader.take("@"):
        steps = tuple(_read_steps(reader))
        return lambda item, _root: _first(steps, item)
    if reader.text[reader.at : reader.at + 1] == "$":
        path = read_path(reader)
        return lambda _item, root: path.find(root)
    number = reader.match(_NUMBER)
    if number is None:
        raise reader.fail("Expected a value")
    parsed = float(number) if any(c in number for c in ".eE") else int(number)
    return lambda _item, _root: parsed


def _first(steps: tuple[Step, ...], item: JSON) -> JSON | Missing:
    return next(_search(steps, item, item), MISSING)


def _compare(operator: str, left: JSON | Missing, right: JSON | Missing) -> bool:
    if operator in ("==", "!="):
        same = isinstance(left, bool) == isinstance(right, bool) and left == right
        return same == (operator == "==")
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        return False
    low, high = cast("float", left), cast("float", right)
    return {"<": low < high, "<=": low <= high, ">": low > high, ">=": low >= high}[operator]


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
