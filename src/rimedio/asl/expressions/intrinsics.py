"""The intrinsic functions of JSONPath states: `States.Format('Hello {}', $.name)` and its seventeen like."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any, TypeAlias

from rimedio.asl.clock import new_uuid
from rimedio.asl.errors import PathNotFound, StatesError
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.jsonpath_parser import read_path
from rimedio.asl.expressions.query import Constant, Missing, Query, Scope, Services
from rimedio.asl.expressions.reader import PathSyntaxError, TextReader
from rimedio.asl.jsontext import JSON, dumps, loads

RANGE_MAX = 1000
TEXT_MAX = 10_000  # characters that Base64 and Hash take
LONG_MAX = 2**63 - 1

_CALL = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_STRING = re.compile(r"'((?:[^'\\]|\\[\\'{}])*)'")
_FRACTION = re.compile(r"\d[.e]")
_ESCAPED = re.compile(r"\\(.)")
_FORMAT = re.compile(r"\\(.)|\{\}", re.DOTALL)
_HASHES = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")

Kind: TypeAlias = Callable[[JSON], Any]


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
        return _ESCAPED.sub(r"\1", self.raw)


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it takes (and with `more` any values after that), and the call itself."""

    call: Callable[..., JSON]
    kinds: tuple[Kind, ...] = ()
    optional: int = 0
    more: bool = False
    served: bool = False  # the call gets the services first

    def takes(self, count: int) -> bool:
        """Whether it may be called with so many arguments."""
        return len(self.kinds) - self.optional <= count and (self.more or count <= len(self.kinds))

    def __call__(self, services: Services, values: list[JSON]) -> JSON:
        """The answer. Raises _Refused."""
        checked = [kind(value) for kind, value in zip(self.kinds, values, strict=False)]
        checked += values[len(self.kinds) :]
        return self.call(services, *checked) if self.served else self.call(*checked)


@dataclass(frozen=True, slots=True)
class IntrinsicQuery:
    """One call."""

    name: str
    arguments: tuple[Query, ...]
    text: str

    def evaluate(self, scope: Scope) -> JSON:
        """The result. Raises States.IntrinsicFailure, or States.Runtime when a path finds nothing."""
        try:
            return self.answer(scope)
        except PathNotFound as error:
            raise PathNotFound("States.Runtime", self._cause(error.cause)) from error
        except _Refused as error:
            raise StatesError("States.IntrinsicFailure", self._cause(error)) from error

    def _cause(self, error: object) -> str:
        return f"The function '{self.text}' had the following error: {error}"

    def answer(self, scope: Scope) -> JSON:
        """As `evaluate`, for the call around this one, whose errors name the outermost only."""
        values = [_value(argument, scope) for argument in self.arguments]
        if self.name == "Format" and isinstance(self.arguments[0], _String):
            values[0] = self.arguments[0].raw
        return FUNCTIONS[self.name](scope.services, values)


def _value(argument: Query, scope: Scope) -> JSON:
    if isinstance(argument, IntrinsicQuery):
        return argument.answer(scope)
    if not isinstance(argument, JsonPathQuery):
        return argument.evaluate(scope)
    value = argument.look_up(scope)
    if isinstance(value, Missing):
        path = argument.path.text.replace("$$", "$", 1)
        what = f"The JsonPath argument for the field '{path}' could not be found in the input"
        raise PathNotFound("States.Runtime", f"{what} '{dumps(scope.root)}'")
    return value


@lru_cache(maxsize=2048)
def compile_intrinsic(text: str, field: str) -> Query:
    """Parse a call. Raises PathSyntaxError."""
    return TextReader(text.rstrip()).whole(lambda reader: _call(reader, field))


def _call(reader: TextReader, field: str) -> IntrinsicQuery:
    start = reader.at
    found = _CALL.match(reader.text, start)
    if not found or found[1] not in FUNCTIONS:
        raise reader.fail("Expected the name of an intrinsic function")
    reader.at = found.end()
    with reader.nested():
        arguments = tuple(reader.separated(lambda reader: _argument(reader, field), ")"))
    if not FUNCTIONS[found[1]].takes(len(arguments)):
        raise reader.fail(f"States.{found[1]} does not take {len(arguments)} arguments")
    return IntrinsicQuery(found[1], arguments, reader.text[start : reader.at])


def _argument(reader: TextReader, field: str) -> Query:
    if string := reader.match(_STRING):
        return _String(string[1])
    if reader.ahead("'"):
        raise reader.fail(
            r"Expected the end of a string, in which a backslash stands before ', {, } or \ only"
        )
    if reader.ahead("States."):
        return _call(reader, field)
    return JsonPathQuery(read_path(reader), field) if reader.ahead("$") else Constant(reader.literal())


def _text(value: JSON) -> str:
    """The JSON text of a value, numbers as Java writes them."""
    text = dumps(value)
    if not _FRACTION.search(text) or isinstance(value, str):
        return text
    if isinstance(value, dict):
        return "{" + ",".join(f"{dumps(key)}:{_text(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if not isinstance(value, float) or value == 0 or 1e-3 <= abs(value) < 1e7:
        return text
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    written = "".join(map(str, digits))
    return f"{'-' * sign}{written[0]}.{written[1:] or 0}E{int(exponent) + len(written) - 1}"


def _plain(value: JSON) -> str:
    return value if isinstance(value, str) else _text(value)


def _any(value: JSON) -> JSON:
    return value


def _kind(expected: type, name: str) -> Kind:
    def checked(value: JSON) -> JSON:
        if not isinstance(value, expected):
            raise _Refused(f"Expected {name}, but was {dumps(value)}.")
        return value

    return checked


_array, _string, _object = _kind(list, "an array"), _kind(str, "a string"), _kind(dict, "an object")


def _short(value: JSON) -> str:
    text = _plain(value)
    if len(text) > TEXT_MAX:
        raise _Refused(f"The data has {len(text)} characters; at most {TEXT_MAX} are allowed.")
    return text


def _short_string(value: JSON) -> str:
    return _short(_string(value))


def _whole(value: JSON) -> int:
    """A 64-bit integer; fractions round half up, as Java's Math.round does."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Refused(f"Expected a number, but was {dumps(value)}.")
    number = value if isinstance(value, int) else math.floor(value + 0.5)
    return max(-LONG_MAX - 1, min(number, LONG_MAX))


def _format(template: str, *values: JSON) -> JSON:
    left = list(values)

    def filled(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        if not left:
            raise _Refused("There are more occurrences of {} than arguments.")
        return _plain(left.pop(0))

    text = _FORMAT.sub(filled, template)
    if left:
        raise _Refused(f"There are {len(left)} more arguments than occurrences of {{}}.")
    return text


def _string_to_json(text: str) -> JSON:
    try:
        return loads(text) if text.strip() else None
    except ValueError as error:
        raise _Refused(f"Invalid JSON: {error}.") from error


def _partition(items: list[JSON], size: int) -> JSON:
    if size <= 0:
        raise _Refused("The chunk size must be a positive number.")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _identity(value: JSON) -> str:
    """A text that two values share when they are equal: 1 and 1.0 are not, the order of members is no matter."""
    return json.dumps(value, sort_keys=True)


def _range(first: int, last: int, step: int) -> JSON:
    if step == 0:
        raise _Refused("The step cannot be 0.")
    if (last - first) // step >= RANGE_MAX:
        raise _Refused(f"The range has more than {RANGE_MAX} elements.")
    return list(range(first, last + (1 if step > 0 else -1), step))


def _get_item(items: list[JSON], index: int) -> JSON:
    if not 0 <= index < len(items):
        raise _Refused(f"The index {index} is outside the array of {len(items)}.")
    return items[index]


def _decode(text: str) -> JSON:
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise _Refused(f"Invalid Base64: {error}.") from error
    return found.decode(errors="replace")


def _digest(text: str, algorithm: str) -> JSON:
    if algorithm not in _HASHES:
        raise _Refused(f"The algorithm must be one of {', '.join(_HASHES)}, but was {algorithm}.")
    plain = algorithm.replace("-", "").lower()
    return hashlib.new(plain, text.encode(errors="replace"), usedforsecurity=False).hexdigest()


def _merge(first: dict[str, JSON], second: dict[str, JSON], deep: JSON) -> JSON:
    if deep is not False:
        raise _Refused("Only shallow merging is supported; the third argument must be false.")
    return {**first, **second}


def _math_random(services: Services, low: int, high: int, seed: int | None = None) -> JSON:
    if low >= high:
        raise _Refused("The start must be smaller than the end.")
    source = services.randomness if seed is None else Random(seed)  # noqa: S311 - reproducible by contract
    return low + int(source.random() * (high - low))


def _split(text: str, delimiters: str) -> JSON:
    """Every character of the delimiter splits, and empty parts vanish, as in AWS."""
    parts = re.split(f"[{re.escape(delimiters)}]", text) if delimiters else [text]
    return [part for part in parts if part]


FUNCTIONS: dict[str, Function] = {
    "Array": Function(lambda *values: list(values), more=True),
    "ArrayContains": Function(lambda items, value: _identity(value) in map(_identity, items), (_array, _any)),
    "ArrayGetItem": Function(_get_item, (_array, _whole)),
    "ArrayLength": Function(len, (_array,)),
    "ArrayPartition": Function(_partition, (_array, _whole)),
    "ArrayRange": Function(_range, (_whole, _whole, _whole)),
    "ArrayUnique": Function(
        lambda items: list({_identity(item): item for item in items}.values()), (_array,)
    ),
    "Base64Decode": Function(_decode, (_short_string,)),
    "Base64Encode": Function(
        lambda text: base64.b64encode(text.encode(errors="replace")).decode(), (_short_string,)
    ),
    "Format": Function(_format, (_string,), more=True),
    "Hash": Function(_digest, (_short, _string)),
    "JsonMerge": Function(_merge, (_object, _object, _any)),
    "JsonToString": Function(_text, (_any,)),
    "MathAdd": Function(lambda first, second: first + second, (_whole, _whole)),
    "MathRandom": Function(_math_random, (_whole, _whole, _whole), optional=1, served=True),
    "StringSplit": Function(_split, (_string, _string)),
    "StringToJson": Function(_string_to_json, (_string,)),
    "UUID": Function(lambda services: new_uuid(services.randomness), served=True),
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
