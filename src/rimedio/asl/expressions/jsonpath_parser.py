"""Reads the text of JSONPaths, filters included."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from rimedio.asl.expressions.jsonpath import FUNCTIONS, SINGLE, Found, JsonPath, Step, Test, Walk
from rimedio.asl.expressions.jsonpath_filter import OPERATOR, OPERATORS, Pattern, weight
from rimedio.asl.expressions.query import Missing
from rimedio.asl.expressions.reader import PathSyntaxError, TextReader
from rimedio.asl.jsontext import JSON

Operand: TypeAlias = Callable[[JSON, Walk], Found]

_NAME = re.compile(r"(?:\\.|[^\s.\[\]()'\"*?@,:|=<>!\\])+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ORIGIN = re.compile(r"\$(\$|[A-Za-z_À-￿][\wÀ-￿]*)?")
_INDEX = re.compile(r"-?\d{1,9}")
_LAST = re.compile(r"\(@\.length(?:\(\))?\s*-\s*[1-9]\d{0,8}\)")
_FLAGS = re.compile("[imsux]*")


@lru_cache(maxsize=4096)
def parse_path(text: str) -> JsonPath:
    """Parse a whole text as a path. Raises PathSyntaxError."""
    reader = TextReader(text)
    path = read_path(reader)
    if reader.at != len(text):
        raise reader.fail("Unexpected text")
    return path


def read_path(reader: TextReader) -> JsonPath:
    """Read the path that starts at the cursor."""
    start = reader.at
    origin = reader.match(_ORIGIN)
    if origin is None:
        raise reader.fail("A path starts with '$'")
    return _path(reader, start, origin if origin in ("$", "$$") else origin[1:])


def _path(reader: TextReader, start: int, origin: str) -> JsonPath:
    steps = list(_read_steps(reader))
    if steps and steps[-1].kind == "names":
        steps[-1] = replace(steps[-1], kind="pick")
    deep = next((at for at, step in enumerate(steps) if step.kind not in SINGLE), len(steps))
    return JsonPath(reader.text[start : reader.at], origin, tuple(steps), deep)


def _read_steps(reader: TextReader) -> Iterator[Step]:
    while reader.ahead(".") or reader.ahead("["):
        reader.count()
        if reader.ahead(".."):
            reader.at += 1
            yield Step("deep")
        if reader.ahead("."):
            reader.at += 1
        yield _bracket(reader) if reader.ahead("[") else _dotted(reader)


def _dotted(reader: TextReader) -> Step:
    if reader.ahead("*"):
        reader.at += 1
        return Step("all")
    name = reader.match(_NAME)
    if name is None:
        raise reader.fail("Expected a name")
    if reader.ahead("()") and name in FUNCTIONS:
        reader.at += 2
        return Step(name)
    return Step("name", names=(_ESCAPED.sub(r"\1", name),))


def _bracket(reader: TextReader) -> Step:
    reader.need("[")
    if reader.take("*"):
        step = Step("all")
    elif reader.take("?"):
        reader.need("(")
        step = Step("where", test=_filter(reader))
        reader.need(")")
    else:
        step = _names(reader) or _from_the_end(reader) or _indexes(reader)
    reader.need("]")
    return step


def _names(reader: TextReader) -> Step | None:
    name = reader.quoted()
    if name is None:
        return None
    names = [name]
    while reader.take(","):
        more = reader.quoted()
        if more is None:
            raise reader.fail("Expected a quoted name")
        names.append(more)
    return Step("name" if len(names) == 1 else "names", names=tuple(names))


def _from_the_end(reader: TextReader) -> Step | None:
    """`[(@.length-1)]`, the old way to say `[-1]`."""
    found = reader.match(_LAST)
    return Step("index", indexes=(-int(found.strip("()").split("-")[1]),)) if found else None


def _indexes(reader: TextReader) -> Step:
    """Indexes or a slice. A slice's third part is read but, as in Jayway, means nothing."""
    first = _integer(reader)
    if reader.take(":"):
        stop = _integer(reader)
        if reader.take(":"):
            _integer(reader)
        if first is None and stop is None:
            raise reader.fail("A slice needs a bound")
        return Step("slice", bounds=(first, stop))
    indexes = [first]
    while reader.take(","):
        indexes.append(_integer(reader))
    found = tuple(index for index in indexes if index is not None)
    if len(found) < len(indexes):
        raise reader.fail("Expected an index, or a name in quotes")
    return Step("index" if len(found) == 1 else "indexes", indexes=found)


def _integer(reader: TextReader) -> int | None:
    reader.skip()
    text = reader.match(_INDEX)
    return int(text) if text else None


def _filter(reader: TextReader) -> Test:
    """Read conditions joined by `||`, `&&` and `!`."""
    with reader.nested():
        tests = [_conjunction(reader)]
        while reader.take("||"):
            tests.append(_conjunction(reader))
    return tests[0] if len(tests) == 1 else lambda item, walk: any(test(item, walk) for test in tests)


def _conjunction(reader: TextReader) -> Test:
    tests = [_condition(reader)]
    while reader.take("&&"):
        tests.append(_condition(reader))
    return tests[0] if len(tests) == 1 else lambda item, walk: all(test(item, walk) for test in tests)


def _condition(reader: TextReader) -> Test:
    reader.count()
    negated = False
    while reader.take("!"):
        negated = not negated
    if reader.take("("):
        test = _filter(reader)
        reader.need(")")
    else:
        test = _comparison(reader)
    return (lambda item, walk: not test(item, walk)) if negated else test


def _comparison(reader: TextReader) -> Test:
    left = _operand(reader)
    reader.skip()
    name = reader.match(OPERATOR)
    if name is None:
        return lambda item, walk: not isinstance(left(item, walk), Missing)
    if name == "=~":
        return _matching(reader, left)
    compare, right = OPERATORS[name.lower()], _operand(reader)

    def test(item: JSON, walk: Walk) -> bool:
        first, second = left(item, walk), right(item, walk)
        walk.visit(weight(first) * weight(second))
        return compare(first, second)

    return test


def _operand(reader: TextReader) -> Operand:
    reader.count()
    text = reader.quoted()
    if text is not None:
        return lambda _item, _walk: text
    if reader.take("["):
        return _listed(reader)
    if reader.take("@"):
        return _path(reader, reader.at - 1, "@").look
    if reader.ahead("$"):
        return _from_root(reader, read_path(reader))
    value = reader.literal()
    return lambda _item, _walk: value


def _from_root(reader: TextReader, path: JsonPath) -> Operand:
    if path.origin != "$":
        raise reader.fail("A filter reads paths that begin with '@' or '$'")
    return lambda _item, walk: path.look(walk.root, walk)


def _listed(reader: TextReader) -> Operand:
    """An array of operands, as in `@.a in ['x', 'y']`."""
    members: list[Operand] = []
    with reader.nested():
        while not reader.take("]"):
            if members:
                reader.need(",")
            members.append(_operand(reader))

    def listed(item: JSON, walk: Walk) -> Found:
        found = (member(item, walk) for member in members)
        return [None if isinstance(value, Missing) else value for value in found]

    return listed


def _matching(reader: TextReader, left: Operand) -> Test:
    """`@.name =~ /ab.*/i`; the whole text must match."""
    reader.need("/")
    start = end = reader.at
    while end < len(reader.text) and reader.text[end] != "/":
        end += 2 if reader.text[end] == "\\" else 1
    if end >= len(reader.text):
        raise reader.fail("Unterminated regular expression")
    reader.at = end + 1
    try:
        pattern = Pattern(reader.text[start:end], reader.match(_FLAGS) or "")
    except ValueError as error:
        raise reader.fail(f"Bad regular expression ({error})") from error
    return lambda item, walk: pattern.matches(left(item, walk), walk)


__all__ = ["PathSyntaxError", "parse_path", "read_path"]
