"""The intrinsic functions of JSONPath states: `States.Format('Hello {}', $.name)` and its seventeen like."""

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TypeAlias

from rimedio.asl.clock import new_uuid
from rimedio.asl.errors import StatesError
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.jsonpath_parser import PathReader, PathSyntaxError, read_path
from rimedio.asl.expressions.query import Constant, Query, Scope
from rimedio.asl.jsontext import JSON, dumps

NESTING_MAX = 10
RANGE_MAX = 1000
ENCODE_MAX = 10_000

_CALL = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}

Function: TypeAlias = Callable[[Scope, list[JSON]], JSON]


class _Refused(Exception):
    """A function refuses its arguments."""


def is_intrinsic(text: str) -> bool:
    """Whether a text is a call and not a path."""
    return text.startswith("States.")


@dataclass(frozen=True, slots=True)
class _String:
    """A string literal; States.Format must see its escapes."""

    raw: str

    def evaluate(self, scope: Scope) -> JSON:
        """The text without escapes."""
        return re.sub(r"\\(.)", r"\1", self.raw, flags=re.DOTALL)


@dataclass(frozen=True, slots=True)
class IntrinsicQuery:
    """One call."""

    name: str
    arguments: tuple[Query, ...]
    text: str

    def evaluate(self, scope: Scope) -> JSON:
        """The result. Raises States.IntrinsicFailure, or States.Runtime when a path finds nothing."""
        values = [argument.evaluate(scope) for argument in self.arguments]
        if self.name == "Format" and isinstance(self.arguments[0], _String):
            values[0] = self.arguments[0].raw
        try:
            return FUNCTIONS[self.name][2](scope, values)
        except _Refused as error:
            cause = f"The function '{self.text}' had the following error: {error}"
            raise StatesError("States.IntrinsicFailure", cause) from error


@lru_cache(maxsize=2048)
def compile_intrinsic(text: str, field: str) -> Query:
    """Parse a call. Raises PathSyntaxError."""
    reader = PathReader(text)
    query = _call(reader, field, 1)
    reader.skip()
    if reader.at != len(text):
        raise reader.fail("Unexpected text")
    return query


def _call(reader: PathReader, field: str, depth: int) -> IntrinsicQuery:
    start = reader.at
    found = _CALL.match(reader.text, reader.at)
    if not found or found[1] not in FUNCTIONS:
        raise reader.fail("Expected the name of an intrinsic function")
    if depth > NESTING_MAX:
        raise reader.fail(f"Functions nested more than {NESTING_MAX} deep")
    reader.at = found.end()
    arguments: list[Query] = []
    if not reader.take(")"):
        arguments.append(_argument(reader, field, depth))
        while reader.take(","):
            arguments.append(_argument(reader, field, depth))
        reader.need(")")
    least, most, _ = FUNCTIONS[found[1]]
    if not least <= len(arguments) <= most:
        raise reader.fail(f"States.{found[1]} takes {least} to {most} arguments, not {len(arguments)}")
    return IntrinsicQuery(found[1], tuple(arguments), reader.text[start : reader.at])


def _argument(reader: PathReader, field: str, depth: int) -> Query:
    reader.skip()
    text = reader.text
    if text.startswith("'", reader.at):
        return _String(_raw_string(reader))
    if text.startswith("States.", reader.at):
        return _call(reader, field, depth + 1)
    if text.startswith("$", reader.at):
        return JsonPathQuery(read_path(reader), field)
    for word, value in (("true", True), ("false", False), ("null", None)):
        if reader.take(word):
            return Constant(value)
    number = reader.match(_NUMBER)
    if number is None:
        raise reader.fail("Expected a string in single quotes, a number, a path or a function")
    return Constant(float(number) if any(c in number for c in ".eE") else int(number))


def _raw_string(reader: PathReader) -> str:
    start = end = reader.at + 1
    while end < len(reader.text) and reader.text[end] != "'":
        end += 2 if reader.text[end] == "\\" else 1
    if end >= len(reader.text):
        raise reader.fail("Unterminated string")
    reader.at = end + 1
    return reader.text[start:end]


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else dumps(value)


def _format(_: Scope, arguments: list[JSON]) -> JSON:
    template, *values = arguments
    if not isinstance(template, str):
        raise _Refused("The first argument of States.Format must be a string.")
    out, used, at = [], 0, 0
    while at < len(template):
        if template[at] == "\\" and at + 1 < len(template):
            out.append(template[at + 1])
            at += 2
        elif template.startswith("{}", at):
            if used < len(values):
                out.append(_text(values[used]))
            used += 1
            at += 2
        else:
            out.append(template[at])
            at += 1
    if used != len(values):
        raise _Refused(
            f"The number of arguments ({len(values)}) does not match the {used} occurrences of {{}}."
        )
    return "".join(out)


def _array(value: JSON) -> list[JSON]:
    if not isinstance(value, list):
        raise _Refused(f"Expected an array, but was {dumps(value)}.")
    return value


def _string(value: JSON) -> str:
    if not isinstance(value, str):
        raise _Refused(f"Expected a string, but was {dumps(value)}.")
    return value


def _object(value: JSON) -> dict[str, JSON]:
    if not isinstance(value, dict):
        raise _Refused(f"Expected an object, but was {dumps(value)}.")
    return value


def _whole(value: JSON) -> int:
    """An integer; fractions round half up, as Java's Math.round does."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Refused(f"Expected a number, but was {dumps(value)}.")
    return value if isinstance(value, int) else math.floor(value + 0.5)


def _string_to_json(_: Scope, arguments: list[JSON]) -> JSON:
    text = _string(arguments[0])
    if not text.strip():
        return None
    try:
        value: JSON = json.loads(text)
    except ValueError as error:
        raise _Refused(f"Invalid JSON: {error}.") from error
    return value


def _partition(_: Scope, arguments: list[JSON]) -> JSON:
    items, size = _array(arguments[0]), _whole(arguments[1])
    if size <= 0:
        raise _Refused("The chunk size must be a positive number.")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _same(left: JSON, right: JSON) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _range(_: Scope, arguments: list[JSON]) -> JSON:
    first, last, step = (_whole(value) for value in arguments)
    if step == 0:
        raise _Refused("The step cannot be 0.")
    values = range(first, last + (1 if step > 0 else -1), step)
    if len(values) > RANGE_MAX:
        raise _Refused(f"The range has {len(values)} elements; at most {RANGE_MAX} are allowed.")
    return list(values)


def _get_item(_: Scope, arguments: list[JSON]) -> JSON:
    items, index = _array(arguments[0]), _whole(arguments[1])
    if not 0 <= index < len(items):
        raise _Refused(f"The index {index} is outside the array of {len(items)}.")
    return items[index]


def _unique(_: Scope, arguments: list[JSON]) -> JSON:
    seen: set[str] = set()
    kept: list[JSON] = []
    for item in _array(arguments[0]):
        text = json.dumps(item, sort_keys=True)
        if text not in seen:
            seen.add(text)
            kept.append(item)
    return kept


def _encode(_: Scope, arguments: list[JSON]) -> JSON:
    return base64.b64encode(_short(arguments[0]).encode()).decode()


def _decode(_: Scope, arguments: list[JSON]) -> JSON:
    try:
        return base64.b64decode(_short(arguments[0]), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _Refused(f"Invalid Base64: {error}.") from error


def _short(value: JSON) -> str:
    text = _string(value)
    if len(text) > ENCODE_MAX:
        raise _Refused(f"The string has {len(text)} characters; at most {ENCODE_MAX} are allowed.")
    return text


def _digest(_: Scope, arguments: list[JSON]) -> JSON:
    algorithm = _string(arguments[1])
    if algorithm not in _HASHES:
        raise _Refused(f"The algorithm must be one of {', '.join(_HASHES)}, but was {algorithm}.")
    text = arguments[0] if isinstance(arguments[0], str) else dumps(arguments[0])
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _merge(_: Scope, arguments: list[JSON]) -> JSON:
    if arguments[2] is not False:
        raise _Refused("Only shallow merging is supported; the third argument must be false.")
    return {**_object(arguments[0]), **_object(arguments[1])}


def _math_random(scope: Scope, arguments: list[JSON]) -> JSON:
    low, high = _whole(arguments[0]), _whole(arguments[1])
    if low >= high:
        raise _Refused("The start must be smaller than the end.")
    source = Random(_whole(arguments[2])) if len(arguments) > 2 else scope.services.randomness  # noqa: S311
    return low + int(source.random() * (high - low))


def _math_add(_: Scope, arguments: list[JSON]) -> JSON:
    return _whole(arguments[0]) + _whole(arguments[1])


def _split(_: Scope, arguments: list[JSON]) -> JSON:
    """Every character of the delimiter splits, and empty parts vanish, as in AWS."""
    text, delimiters = _string(arguments[0]), _string(arguments[1])
    if not delimiters:
        return list(text)
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part]


ANY = 1000

FUNCTIONS: dict[str, tuple[int, int, Function]] = {
    "Format": (1, ANY, _format),
    "StringToJson": (1, 1, _string_to_json),
    "JsonToString": (1, 1, lambda _, arguments: dumps(arguments[0])),
    "Array": (0, ANY, lambda _, arguments: arguments),
    "ArrayPartition": (2, 2, _partition),
    "ArrayContains": (2, 2, lambda _, a: any(_same(item, a[1]) for item in _array(a[0]))),
    "ArrayRange": (3, 3, _range),
    "ArrayGetItem": (2, 2, _get_item),
    "ArrayLength": (1, 1, lambda _, arguments: len(_array(arguments[0]))),
    "ArrayUnique": (1, 1, _unique),
    "Base64Encode": (1, 1, _encode),
    "Base64Decode": (1, 1, _decode),
    "Hash": (2, 2, _digest),
    "JsonMerge": (3, 3, _merge),
    "MathRandom": (2, 3, _math_random),
    "MathAdd": (2, 2, _math_add),
    "StringSplit": (2, 2, _split),
    "UUID": (0, 0, lambda scope, _: new_uuid(scope.services.randomness)),
}

GIVE_STRINGS = frozenset(
    {"Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID"}
)

__all__ = [
    "FUNCTIONS",
    "GIVE_STRINGS",
    "IntrinsicQuery",
    "PathSyntaxError",
    "compile_intrinsic",
    "is_intrinsic",
]
