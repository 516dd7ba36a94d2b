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

STEPS_MAX, CHOICES_MAX = 200, 30  # in all, and from the first that chooses many values

_NAME = re.compile(r"(?:\\.|[^\s.\[\]()'\"*?@,:|=<>!\\])+", re.DOTALL)
_SHORTHAND = re.compile(r"[^\W\d]\w*")
_ORIGIN = re.compile(r"\$(\$|[A-Za-z_À-￿][\wÀ-￿]*)?")
_INDEX = re.compile(r"-?\d{1,9}")
_SLICE = re.compile(r"(-?\d{1,9})?\s*:\s*(-?\d{1,9})?(\s*:\s*-?\d*)?")
_LAST = re.compile(r"\(@\.length(?:\(\))?\s*-\s*([1-9]\d{0,8})\)")
_PATTERN = re.compile(r"/((?:[^/\\]|\\.)*)/([imsux]*)", re.DOTALL)


@lru_cache(maxsize=4096)
def parse_path(text: str) -> JsonPath:
    """Parse a whole text as a path. Raises PathSyntaxError."""
    return TextReader(text).whole(read_path)


def read_path(reader: TextReader) -> JsonPath:
    """Read the path that starts at the cursor."""
    start = reader.at
    origin = _ORIGIN.match(reader.text, start)
    if origin is None:
        raise reader.fail("A path starts with '$'")
    reader.at = origin.end()
    return _path(reader, start, origin[1] if origin[1] not in (None, "$") else origin[0])


def _path(reader: TextReader, start: int, origin: str) -> JsonPath:
    steps = list(_read_steps(reader))
    if steps and steps[-1].kind == "names":
        steps[-1] = replace(steps[-1], kind="pick")
    sure = next((at for at, step in enumerate(steps) if step.kind not in SINGLE), len(steps))
    if len(steps) > STEPS_MAX or len(steps) - sure > CHOICES_MAX:
        raise reader.fail("Too many steps")
    return JsonPath(reader.text[start : reader.at], origin, tuple(steps), sure)


def _read_steps(reader: TextReader) -> Iterator[Step]:
    while reader.ahead(".") or reader.ahead("["):
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
    found = (_SHORTHAND if reader.shorthand else _NAME).match(reader.text, reader.at)
    if found is None:
        raise reader.fail("Expected a name; in brackets and quotes it may have any characters")
    reader.at = found.end()
    if reader.ahead("()") and found[0] in FUNCTIONS:
        reader.at += 2
        return Step(found[0])
    return Step("name", names=(re.sub(r"(?s)\\(.)", r"\1", found[0]),))


def _bracket(reader: TextReader) -> Step:
    reader.need("[")
    if reader.take("*"):
        step = Step("all")
    elif reader.take("?"):
        reader.need("(")
        step = Step("where", test=_filter(reader))
    elif last := reader.match(_LAST):  # the old way to say [-1]
        step = Step("index", indexes=(-int(last[1]),))
    elif bounds := reader.match(_SLICE):  # its third part means nothing, as in Jayway
        first, stop = (int(bound) if bound else None for bound in bounds.group(1, 2))
        if first is None and stop is None:
            raise reader.fail("A slice needs a bound")
        step = Step("slice", bounds=(first, stop))
    elif reader.ahead("'") or reader.ahead('"'):
        names = tuple(reader.separated(_quoted, "]"))
        return Step("name" if len(names) == 1 else "names", names=names)
    else:
        indexes = tuple(reader.separated(_index, "]"))
        if not indexes:
            raise reader.fail("Expected an index or a name")
        return Step("index" if len(indexes) == 1 else "indexes", indexes=indexes)
    reader.need("]")
    return step


def _quoted(reader: TextReader) -> str:
    text = reader.quoted()
    if text is None:
        raise reader.fail("Expected a name in quotes")
    return text


def _index(reader: TextReader) -> int:
    found = reader.match(_INDEX)
    if found is None:
        raise reader.fail("Expected an index, or a name in quotes")
    return int(found[0])


def _filter(reader: TextReader) -> Test:
    """Conditions joined by `||`, `&&` and `!`, up to the closing parenthesis."""
    with reader.nested():
        tests = [_conjunction(reader)]
        while reader.take("||"):
            tests.append(_conjunction(reader))
        reader.need(")")
    return lambda item, walk: any(test(item, walk) for test in tests)


def _conjunction(reader: TextReader) -> Test:
    tests = [_condition(reader)]
    while reader.take("&&"):
        tests.append(_condition(reader))
    return lambda item, walk: all(test(item, walk) for test in tests)


def _condition(reader: TextReader) -> Test:
    expected = True
    while reader.take("!"):
        expected = not expected
    test = _filter(reader) if reader.take("(") else _comparison(reader)
    return lambda item, walk: test(item, walk) is expected


def _comparison(reader: TextReader) -> Test:
    left = _operand(reader)
    name = reader.match(OPERATOR)
    if name is None:
        return lambda item, walk: not isinstance(left(item, walk), Missing)
    if name[0] == "=~":
        return _matching(reader, left)
    compare, right = OPERATORS[name[0].lower()], _operand(reader)

    def test(item: JSON, walk: Walk) -> bool:
        first, second = left(item, walk), right(item, walk)
        walk.visit(weight(first) * weight(second))
        return compare(first, second)

    return test


def _operand(reader: TextReader) -> Operand:
    text = reader.quoted()
    if text is not None:
        return lambda _item, _walk: text
    if reader.take("["):
        return _listed(reader)
    if reader.take("@"):
        return _path(reader, reader.at - 1, "@").look
    if reader.ahead("$"):
        path = read_path(reader)
        if path.origin != "$":
            raise reader.fail("A filter reads paths that begin with '@' or '$'")
        return lambda _item, walk: path.look(walk.root, walk)
    value = reader.literal()
    return lambda _item, _walk: value


def _listed(reader: TextReader) -> Operand:
    """An array of operands, as in `@.a in ['x', 'y']`."""
    with reader.nested():
        members = reader.separated(_operand, "]")

    def listed(item: JSON, walk: Walk) -> Found:
        found = (member(item, walk) for member in members)
        return [None if isinstance(value, Missing) else value for value in found]

    return listed


def _matching(reader: TextReader, left: Operand) -> Test:
    """`@.name =~ /ab.*/i`; the whole text must match."""
    found = reader.match(_PATTERN)
    try:
        pattern = Pattern(*found.groups()) if found else None
    except ValueError as error:
        raise reader.fail(f"Bad regular expression ({error})") from error
    if pattern is None:
        raise reader.fail("Expected a regular expression between slashes")
    return lambda item, walk: pattern.matches(left(item, walk), walk)


__all__ = ["PathSyntaxError", "parse_path", "read_path"]
