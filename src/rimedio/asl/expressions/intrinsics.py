"""The intrinsic functions of JSONPath states: `States.Format('Hello {}', $.name)` and its seventeen like.

What refuses its arguments fails with States.Runtime, as AWS does, although its guide says States.IntrinsicFailure.
"""

import base64
import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from rimedio.asl.clock import new_uuid
from rimedio.asl.errors import PathNotFound, StatesError
from rimedio.asl.expressions.java import INT_MAX, INT_MIN, json_text, random_integer, unique
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.jsonpath_parser import read_path
from rimedio.asl.expressions.query import Constant, Missing, Query, Scope, Services
from rimedio.asl.expressions.reader import PathSyntaxError, TextReader
from rimedio.asl.jsontext import JSON, dumps, loads

RANGE_MAX = 1000
TEXT_MAX = 10_000  # characters that Base64 and Hash take

_CALL = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_STRING = re.compile(r"'((?:[^'\\]|\\[\\'{}])*)'")
_ESCAPED = re.compile(r"\\(.)")
_FORMAT = re.compile(r"\\(.)|\{\}|[{}]", re.DOTALL)
_HASHES = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")

Kind: TypeAlias = Callable[[JSON], Any]


class _Refused(Exception):
    """A function refuses its arguments; what it says stands around the function's name."""

    def __init__(self, what: str = "Invalid arguments", more: str = "") -> None:
        super().__init__(what)
        self.name, self.what, self.more = "", what, more


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

    def __call__(self, services: Services, values: list[JSON]) -> JSON:
        """The answer. Raises _Refused."""
        if not len(self.kinds) - self.optional <= len(values) <= (len(self.kinds), math.inf)[self.more]:
            raise _Refused
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
        """The result. Raises States.Runtime."""
        try:
            return self.answer(scope)
        except PathNotFound as error:
            cause = f"The function '{self.text}' had the following error: {error.cause}"
            raise PathNotFound("States.Runtime", cause) from error
        except _Refused as error:
            begin = f"There was an error while evaluating the intrinsic function: {self.text}."
            cause = f"{begin} {error.what} in States.{error.name}{error.more}"
            raise StatesError("States.Runtime", cause) from error

    def answer(self, scope: Scope) -> JSON:
        """As `evaluate`, for the call around this one, whose errors name the outermost only."""
        values = [_value(argument, scope) for argument in self.arguments]
        if self.name == "Format" and values and isinstance(self.arguments[0], _String):
            values[0] = self.arguments[0].raw
        try:
            return FUNCTIONS[self.name](scope.services, values)
        except _Refused as error:
            error.name = self.name
            raise


def _value(argument: Query, scope: Scope) -> JSON:
    if isinstance(argument, IntrinsicQuery):
        return argument.answer(scope)
    if not isinstance(argument, JsonPathQuery):
        return argument.evaluate(scope)
    value = argument.look_up(scope)
    if isinstance(value, Missing):
        what = f"The JsonPath argument for the field '{argument.path.text}' could not be found in the input"
        raise PathNotFound("States.Runtime", f"{what} '{dumps(scope.root)}'")
    return value


@lru_cache(maxsize=2048)
def compile_intrinsic(text: str, field: str) -> Query:
    """Parse a call, in whose paths a name like `a-b` stands in brackets. Raises PathSyntaxError."""
    return TextReader(text.rstrip(), shorthand=True).whole(lambda reader: _call(reader, field))


def _call(reader: TextReader, field: str) -> IntrinsicQuery:
    start = reader.at
    found = _CALL.match(reader.text, start)
    if not found or found[1] not in FUNCTIONS:
        raise reader.fail("Expected the name of an intrinsic function")
    reader.at = found.end()
    with reader.nested():
        arguments = tuple(reader.separated(lambda reader: _argument(reader, field), ")"))
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


def _plain(value: JSON) -> str:
    return value if isinstance(value, str) else json_text(value)


def _any(value: JSON) -> JSON:
    return value


def _kind(*expected: type) -> Kind:
    def checked(value: JSON) -> JSON:
        if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
            raise _Refused
        return value

    return checked


_array, _string, _object, _number = _kind(list), _kind(str), _kind(dict), _kind(int, float)


def _short(value: JSON) -> str:
    text = _plain(value)
    if len(text) > TEXT_MAX:
        raise _Refused
    return text


def _short_string(value: JSON) -> str:
    return _short(_string(value))


def _truncated(value: JSON) -> int:
    """An integer as Java casts it: without its fraction, within 32 bits."""
    return int(max(INT_MIN, min(_number(value), INT_MAX)))


def _rounded(value: JSON) -> int:
    """An integer of 32 bits; a half is rounded up."""
    number: float = _number(value)
    if not INT_MIN <= number <= INT_MAX:
        raise _Refused
    return math.floor(number + 0.5)


def _format(template: str, *values: JSON) -> JSON:
    left = list(values)

    def filled(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        if found[0] != "{}":
            other = "}" if found[0] == "{" else "{"
            raise _Refused("Invalid template", f": matching '{other}' not found for '{found[0]}'.")
        if not left:
            raise _Refused
        return _plain(left.pop(0))

    text = _FORMAT.sub(filled, template)
    if left:
        raise _Refused
    return text


def _string_to_json(text: str) -> JSON:
    try:
        return loads(text) if text.strip() else None
    except ValueError as error:
        raise _Refused("Cannot convert String to Json", f", caused by: {error}") from error


def _partition(items: list[JSON], size: int) -> JSON:
    if size <= 0:
        raise _Refused
    return [items[start : start + size] for start in range(0, len(items), size)]


def _contains(items: list[JSON], value: JSON) -> JSON:
    """Whether an element has the value's text: 1 and '1' are the same to AWS."""
    return _plain(value) in map(_plain, items)


def _range(first: int, last: int, step: int) -> JSON:
    if step == 0 or (last - first) // step >= RANGE_MAX:
        raise _Refused
    return list(range(first, last + (1 if step > 0 else -1), step))


def _get_item(items: list[JSON], index: int) -> JSON:
    if not items:
        return None
    if not 0 <= index < len(items):
        raise _Refused
    return items[index]


def _decode(text: str) -> JSON:
    """As lenient as AWS: what is not of the alphabet is passed over, and `=` ends the text."""
    known = re.sub(r"[^A-Za-z0-9+/]", "", text.partition("=")[0].translate({45: "+", 95: "/"}))
    known = known[: len(known) - (len(known) % 4 == 1)]
    return base64.b64decode(known + "=" * (-len(known) % 4)).decode(errors="replace")


def _digest(text: str, algorithm: str) -> JSON:
    if algorithm not in _HASHES:
        raise _Refused
    plain = algorithm.replace("-", "").lower()
    return hashlib.new(plain, text.encode(errors="replace"), usedforsecurity=False).hexdigest()


def _merge(first: dict[str, JSON], second: dict[str, JSON], deep: JSON) -> JSON:
    if deep in (True, "true"):  # deep merging is not supported
        raise _Refused
    return {**first, **second}


def _math_random(services: Services, low: int, high: int, seed: int | None = None) -> JSON:
    if low >= high:
        raise _Refused
    if seed is not None:
        return random_integer(seed, low, high)
    return low + int(services.randomness.random() * (high - low))


def _split(text: str, delimiters: str) -> JSON:
    """Every character of the delimiter splits, and empty parts vanish, as in AWS."""
    parts = re.split(f"[{re.escape(delimiters)}]", text) if delimiters else [text]
    return [part for part in parts if part]


FUNCTIONS: dict[str, Function] = {
    "Array": Function(lambda *values: list(values), more=True),
    "ArrayContains": Function(_contains, (_array, _any)),
    "ArrayGetItem": Function(_get_item, (_array, _truncated)),
    "ArrayLength": Function(len, (_array,)),
    "ArrayPartition": Function(_partition, (_array, _truncated)),
    "ArrayRange": Function(_range, (_truncated, _truncated, _truncated)),
    "ArrayUnique": Function(unique, (_array,)),
    "Base64Decode": Function(_decode, (_short_string,)),
    "Base64Encode": Function(
        lambda text: base64.b64encode(text.encode(errors="replace")).decode(), (_short_string,)
    ),
    "Format": Function(_format, (_string,), more=True),
    "Hash": Function(_digest, (_short, _string)),
    "JsonMerge": Function(_merge, (_object, _object, _any)),
    "JsonToString": Function(json_text, (_any,)),
    "MathAdd": Function(lambda first, second: _rounded(first + second), (_rounded, _rounded)),
    "MathRandom": Function(_math_random, (_truncated, _truncated, _truncated), optional=1, served=True),
    "StringSplit": Function(_split, (_string, _string)),
    "StringToJson": Function(_string_to_json, (_string,)),
    "UUID": Function(lambda services, *_: new_uuid(services.randomness), more=True, served=True),
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
