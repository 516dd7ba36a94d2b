"""JSONata as Step Functions speaks it: `{% … %}`, `$states`, variables, six more functions, no `$eval`.

Expressions are parsed once. Plain paths (`$states.input.a.b`, `$name.b`), most of what state machines are
made of, are walked here at a fiftieth of the library's cost; everything they cannot decide (arrays on the
way, missing names) goes to the library, so the meaning stays its own.
"""

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from rimedio.asl.clock import iso, new_uuid
from rimedio.asl.errors import StatesError
from rimedio.asl.expressions.query import (
    MISSING,
    Constant,
    Missing,
    Query,
    Scope,
    gathered_array,
    gathered_object,
)
from rimedio.asl.jsontext import JSON, dumps, kind_of

if TYPE_CHECKING:
    from jsonata.jsonata import Jsonata

EVALUATION_SECONDS_MAX = 5.0
DEPTH_MAX = 100
RANGE_MAX = 360_145

_PLAIN_PATH = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)", re.ASCII)
_ACCESS = re.compile(r"\$([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*))?)?", re.ASCII)
_OPERATORS = {"and", "or", "in"}
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class _Refused(Exception):
    """An extra function refuses its arguments."""


def is_expression(text: str) -> bool:
    """Whether a string is a JSONata expression and not text: the delimiters are its first and last two."""
    return text.startswith("{%") and text.endswith("%}") and len(text) >= 4


def body_of(text: str) -> str:
    """The expression between the delimiters."""
    return text[2:-2].strip()


def compile_template(value: JSON, location: str) -> Query:
    """Compile a field: expressions anywhere inside it are computed, all else is taken as it stands.

    `location` names the field in messages, as AWS does: `Output/a/b[0]`.
    """
    if isinstance(value, str) and is_expression(value):
        return JsonataQuery(body_of(value), location)
    if isinstance(value, dict):
        return gathered_object([(k, compile_template(v, f"{location}/{k}")) for k, v in value.items()], value)
    if isinstance(value, list):
        return gathered_array([compile_template(v, f"{location}[{i}]") for i, v in enumerate(value)], value)
    return Constant(value)


@dataclass(frozen=True)
class JsonataQuery:
    """One expression."""

    source: str
    location: str
    _steps: tuple[str, ...] = field(init=False, repr=False)
    _accesses: Mapping[str, frozenset[str] | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_steps", _plain_steps(self.source))
        object.__setattr__(self, "_accesses", _accesses(self.source))

    def evaluate(self, scope: Scope) -> JSON:
        """The value. Raises States.QueryEvaluationError when it fails or is undefined."""
        value = _walk(self._steps, scope) if self._steps else MISSING
        if isinstance(value, Missing):
            value = self._evaluate_in_library(scope)
        if isinstance(value, Missing):
            raise self.failure("returned nothing (undefined).")
        return value

    def failure(self, what: str) -> StatesError:
        """The error of this expression in its field."""
        cause = f"The JSONata expression '{self.source}' specified for the field '{self.location}' {what}"
        error = StatesError("States.QueryEvaluationError", cause)
        error.location = self.location
        return error

    def _evaluate_in_library(self, scope: Scope) -> JSON | Missing:
        try:
            compiled = compiled_expression(self.source)
            return _to_json(compiled.evaluate(None, self._bindings(scope)))
        except RecursionError as error:
            raise self.failure("threw an error during evaluation. Stack overflow error.") from error
        except Exception as error:
            if _is_infinite(error):
                return "Infinity"
            raise self.failure(f"threw an error during evaluation. {_reason(error)}") from error

    def _bindings(self, scope: Scope) -> dict[str, object]:
        """What the expression names and nothing else: handing values to the library means copying them."""
        bindings: dict[str, object] = {}
        for name, members in self._accesses.items():
            if name in scope.variables:
                bindings[name] = _with_null(scope, name, scope.variables[name], members)
            elif name in _FUNCTIONS:
                bindings[name] = _native(_FUNCTIONS[name], scope)
        bindings["states"] = self._states(scope)
        if "function" in self.source or "λ" in self.source:
            bindings["__evaluate_entry"], bindings["__evaluate_exit"] = _limits()
        return bindings

    def _states(self, scope: Scope) -> dict[str, object]:
        whole = "states" in self._accesses
        states: dict[str, object] = {}
        for part in (*scope.states, "context"):
            key = f"states.{part}"
            if whole or key in self._accesses:
                value = scope.context if part == "context" else scope.states[part]
                states[part] = _with_null(scope, key, value, None if whole else self._accesses[key])
        return states


def _accesses(source: str) -> dict[str, frozenset[str] | None]:
    """Which members of which values an expression can reach, by its text; None: any of them.

    `$x.a + $y[0]` reaches `a` of `x` and all of `y`. The parent operator reaches back, so with a `%` all is
    reached. Names in strings or of parameters only add to what is reached.
    """
    reached: dict[str, frozenset[str] | None] = {}
    for name, first, second in _ACCESS.findall(source):
        key, member = (f"states.{first}", second) if name == "states" and first else (name, first)
        known = reached.get(key, frozenset())
        reached[key] = None if not member or known is None or "%" in source else known | {member}
    return reached


def require(query: Query, holds: bool, expected: str, value: JSON) -> None:
    """Raise States.QueryEvaluationError when the value of a JSONata expression has the wrong type.

    Other queries pass: what is wrong with their values is told elsewhere.
    """
    if not holds and isinstance(query, JsonataQuery):
        raise query.failure(
            f"returned an unexpected result type. Expected '{expected}', but was '{kind_of(value)}' "
            f"for value: {dumps(value)}"
        )


@lru_cache(maxsize=4096)
def compiled_expression(source: str) -> "Jsonata":
    """Parse an expression once. Raises the library's JException on a syntax error."""
    from jsonata.jsonata import Jsonata

    compiled = Jsonata(source)
    compiled.set_output_convert_nulls(False)
    compiled.set_validate_input(False)
    return compiled


def _plain_steps(source: str) -> tuple[str, ...]:
    found = _PLAIN_PATH.fullmatch(source)
    if not found:
        return ()
    steps = (found[1], *found[2].split(".")[1:])
    return () if _OPERATORS.intersection(steps) else steps


def _walk(steps: tuple[str, ...], scope: Scope) -> JSON | Missing:
    first, rest = steps[0], steps[1:]
    value: JSON | Missing
    if first == "states":
        if not rest:
            return {**scope.states, "context": scope.context}
        value = scope.context if rest[0] == "context" else scope.states.get(rest[0], MISSING)
        rest = rest[1:]
    else:
        value = scope.variables.get(first, MISSING)
    for step in rest:
        if not isinstance(value, dict):
            return MISSING
        value = value.get(step, MISSING)
    return value


def _with_null(scope: Scope, key: str, value: JSON, members: frozenset[str] | None) -> object:
    """The library tells null from undefined by a marker of its own; copied once per scope."""
    if members is not None and isinstance(value, dict):
        value = {member: value[member] for member in members if member in value}
        key = f"{key}.{sorted(members)}"
    if key not in scope.nulled:
        scope.nulled[key] = _nulls(value)
    return scope.nulled[key]


def _nulls(value: JSON) -> object:
    from jsonata.utils import Utils

    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {key: _nulls(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_nulls(member) for member in value]
    return value


def _to_json(value: object) -> JSON | Missing:
    from jsonata.utils import Utils

    if value is None:
        return MISSING
    if value is Utils.NULL_VALUE:
        return None
    if isinstance(value, (bool, int, float, str)):
        return _spelled(value)
    if isinstance(value, Mapping):
        return {str(key): _member(member) for key, member in value.items()}
    if isinstance(value, list):
        whole = range(value.a, value.b + 1) if isinstance(value, Utils.RangeList) else value
        return [_member(member) for member in whole]
    raise _Refused("Functions and regular expressions are not JSON values.")


def _spelled(value: bool | float | str) -> JSON:
    """Scalars; JSON has no infinity, and AWS writes JavaScript's names for it."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _member(value: object) -> JSON:
    member = _to_json(value)
    return None if isinstance(member, Missing) else member


def _is_infinite(error: Exception) -> bool:
    """AWS answers "Infinity" where the library refuses to go on: a division by zero, a number too large."""
    return isinstance(error, ZeroDivisionError) or getattr(error, "error", None) == "D1001"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _limits() -> tuple[Callable[..., None], Callable[..., None]]:
    """Callbacks that bound depth and time; AWS stops at 100 levels and after seconds."""
    from jsonata.jexception import JException

    depth = 0
    until = time.monotonic() + EVALUATION_SECONDS_MAX

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH_MAX:
            raise JException("D1011", -1)
        if time.monotonic() > until:
            raise JException("D1012", -1, EVALUATION_SECONDS_MAX * 1000)

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    return enter, leave


def _native(function: Callable[..., object], scope: Scope) -> object:
    from jsonata.jsonata import Jsonata

    return Jsonata.JLambda(lambda *arguments: function(scope, *arguments))


def _whole(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Refused(f"{what} must be a number, but was {value!r}.")
    return int(value)


def _partition(_: Scope, array: object = None, size: object = None) -> object:
    if array is None or size is None:
        return None
    items = array if isinstance(array, list) else [array]
    step = _whole(size, "The chunk size of $partition")
    if step <= 0 or not items:
        return None
    return [list(items[start : start + step]) for start in range(0, len(items), step)]


def _range(_: Scope, start: object = None, end: object = None, step: object = None) -> object:
    if start is None or end is None or step is None:
        return None
    first, last, by = (_whole(v, "An argument of $range") for v in (start, end, step))
    if by == 0:
        return None
    values = range(first, last + (1 if by > 0 else -1), by)
    if len(values) > RANGE_MAX:
        raise _Refused("Expression evaluation memory limit exceeded")
    if not values:
        return None
    return values[0] if len(values) == 1 else list(values)


def _hash(_: Scope, text: object = None, algorithm: object = None) -> object:
    if text is None or algorithm is None:
        return None
    if not isinstance(text, str) or algorithm not in _HASHES:
        raise _Refused(f"$hash takes a string and one of {', '.join(_HASHES)}.")
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(scope: Scope, seed: object = None) -> object:
    if seed is None:
        return scope.services.randomness.random()
    return Random(_whole(seed, "The seed of $random")).random()  # noqa: S311 - reproducible by contract


def _parse(_: Scope, text: object = None) -> object:
    if text is None:
        return None
    if not isinstance(text, str):
        raise _Refused("$parse takes a string.")
    return _nulls(json.loads(text, parse_constant=_no_constant))


def _no_constant(name: str) -> object:
    raise _Refused(f"{name} is not JSON.")


def _eval(_: Scope, *__: object) -> object:
    raise _Refused("Attempted to invoke a non-function: $eval is not supported.")


def _now(scope: Scope, picture: object = None, zone: object = None) -> object:
    if picture is None and zone is None:
        return iso(scope.services.clock.now())
    from jsonata.functions import Functions

    return Functions.datetime_from_millis(_millis(scope), picture, zone)


def _millis(scope: Scope) -> int:
    return int(scope.services.clock.now().timestamp() * 1000)


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda scope: new_uuid(scope.services.randomness),
    "parse": _parse,
    "eval": _eval,
    "now": _now,
    "millis": _millis,
}
