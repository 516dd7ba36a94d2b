"""JSONata as Step Functions speaks it: `{% … %}`, `$states`, variables, six more functions, no `$eval`.

Expressions are parsed once. Plain paths (`$states.input.a.b`, `$name.b`), most of what state machines are
made of, are walked here at a twentieth of the evaluator's cost; everything they cannot decide (arrays on the
way, missing names) goes to the evaluator, so the meaning stays its own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rimedio.asl.errors import StatesError
from rimedio.asl.expressions.query import MISSING, Constant, Missing, Query, Scope, gathered
from rimedio.asl.jsontext import JSON, dumps, kind_of

_PLAIN_PATH = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)", re.ASCII)
_ACCESS = re.compile(r"\$([^\W\d]\w*)(?:\s*\.\s*([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*))?)?")
_OPERATORS = {"and", "or", "in"}


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
        return gathered(value, [compile_template(v, f"{location}/{k}") for k, v in value.items()], value)
    if isinstance(value, list):
        return gathered(value, [compile_template(v, f"{location}[{i}]") for i, v in enumerate(value)])
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
            value = self._run(scope)
        if isinstance(value, Missing):
            raise self.failure("returned nothing (undefined).")
        return value

    def failure(self, what: str) -> StatesError:
        """The error of this expression in its field."""
        cause = f"The JSONata expression '{self.source}' specified for the field '{self.location}' {what}"
        error = StatesError("States.QueryEvaluationError", cause)
        error.location = self.location
        return error

    def _run(self, scope: Scope) -> JSON | Missing:
        from rimedio.asl.expressions.jsonata.language import Unanswered, answer, handed

        try:
            return answer(self.source, self._bindings(scope, handed), scope.services)
        except Unanswered as error:
            raise self.failure(str(error)) from error

    def _bindings(self, scope: Scope, handed: Callable[[JSON], object]) -> dict[str, object]:
        """What the expression names and nothing else: handing values to the evaluator may mean copying them."""

        def given(key: str, value: JSON, members: frozenset[str] | None) -> object:
            if members is not None and isinstance(value, dict):
                value = {member: value[member] for member in members if member in value}
                key = f"{key}.{sorted(members)}"
            if key not in scope.nulled:
                scope.nulled[key] = handed(value)
            return scope.nulled[key]

        bindings: dict[str, object] = {
            name: given(name, scope.variables[name], members)
            for name, members in self._accesses.items()
            if name in scope.variables
        }
        whole = "states" in self._accesses
        states: dict[str, object] = {}
        for part in (*scope.states, "context"):
            key = f"states.{part}"
            if whole or key in self._accesses:
                value = scope.context if part == "context" else scope.states[part]
                states[part] = given(key, value, None if whole else self._accesses[key])
        return {**bindings, "states": states}


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
