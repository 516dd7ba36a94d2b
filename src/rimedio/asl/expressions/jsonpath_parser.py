"""Reads the text of JSONPaths, filters included."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias, cast

from rimedio.asl.expressions.jsonpath import AGGREGATES, JsonPath, Step, Test, search
from rimedio.asl.expressions.query import MISSING, Missing
from rimedio.asl.jsontext import JSON

Operand: TypeAlias = Callable[[JSON, JSON], "JSON | Missing"]


class PathSyntaxError(ValueError):
    """The text is no JSONPath."""


_NAME = re.compile(r"(?:\\.|[^\s.\[\]()'\"*?@,:|=<>!\\])+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ORIGIN = re.compile(r"\$(\$|[A-Za-z_À-￿][\wÀ-￿]*)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_INTEGER = re.compile(r"-?\d+")
_COMPARISON = re.compile(r"==|!=|<=|>=|<|>|=~|(?:in|nin|anyof|noneof|subsetof|size|empty)\b")
_LAST = re.compile(r"@\.length(?:\(\))?\s*-\s*(\d+)")


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
    if steps and steps[-1].kind == "names":
        steps = (*steps[:-1], replace(steps[-1], kind="pick"))
    definite = all(
        s.kind in AGGREGATES or (s.kind in ("name", "index", "pick") and not s.deep) for s in steps
    )
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
    if name in AGGREGATES and reader.text.startswith("()", reader.at):
        reader.at += 2
        return Step(name)
    return Step("name", names=(_ESCAPED.sub(r"\1", name),), deep=deep)


def _bracket(reader: PathReader, *, deep: bool) -> Step:
    reader.need("[")
    if reader.take("*"):
        step = Step("wildcard", deep=deep)
    elif reader.take("("):
        step = _from_the_end(reader, deep=deep)
    elif reader.take("?"):
        reader.need("(")
        step = Step("filter", test=_disjunction(reader), deep=deep)
        reader.need(")")
    else:
        step = _names_or_indexes(reader, deep=deep)
    reader.need("]")
    return step


def _from_the_end(reader: PathReader, *, deep: bool) -> Step:
    """`[(@.length-1)]`, the old way to say `[-1]`."""
    found = _LAST.match(reader.text, reader.at)
    if not found or int(found[1]) < 1:
        raise reader.fail("Expected @.length-1")
    reader.at = found.end()
    reader.need(")")
    return Step("index", indexes=(-int(found[1]),), deep=deep)


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
    if reader.take("["):
        return _listed(reader)
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


def _listed(reader: PathReader) -> Operand:
    """An array of operands, as in `@.a in ['x', 'y']`."""
    members: list[Operand] = []
    while not reader.take("]"):
        if members:
            reader.need(",")
        members.append(_operand(reader))
    return lambda item, root: [_or_null(member(item, root)) for member in members]


def _or_null(value: JSON | Missing) -> JSON:
    return None if isinstance(value, Missing) else value


def _first(steps: tuple[Step, ...], item: JSON) -> JSON | Missing:
    return next(search(steps, item, item), MISSING)


def _same(left: JSON | Missing, right: JSON | Missing) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _compare_sets(operator: str, left: JSON | Missing, right: JSON | Missing) -> bool:
    """Jayway's operators on arrays."""
    if operator in ("in", "nin"):
        held = isinstance(right, list) and any(_same(left, member) for member in right)
        return held == (operator == "in")
    if operator == "empty":
        return isinstance(left, (list, str, dict)) and (not left) == right
    if operator == "size":
        return isinstance(left, (list, str)) and len(left) == right
    if not isinstance(left, list) or not isinstance(right, list):
        return False
    shared = [any(_same(member, other) for other in right) for member in left]
    return {"anyof": any(shared), "noneof": not any(shared), "subsetof": all(shared)}[operator]


def _compare(operator: str, left: JSON | Missing, right: JSON | Missing) -> bool:
    if operator.isalpha():
        return _compare_sets(operator, left, right)
    if operator in ("==", "!="):
        return _same(left, right) == (operator == "==")
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        return False
    low, high = cast("float", left), cast("float", right)
    return {"<": low < high, "<=": low <= high, ">": low > high, ">=": low >= high}[operator]
