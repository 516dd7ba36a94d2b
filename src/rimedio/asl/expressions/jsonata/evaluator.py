"""The JSONata library's evaluator, corrected where it departs from the reference implementation, and bounded.

AWS runs JSONata 2.0.6 with limits of its own: 100 levels, some seconds, some megabytes. An `Evaluation` is
made for each run of an expression, since it counts them; parsed expressions are shared between threads.
"""

import json
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from jsonata.utils import Utils

from rimedio.asl.expressions.jsonata.faults import (
    OUT_OF_MEMORY,
    OUT_OF_TIME,
    STACK_OVERFLOW,
    Exceeded,
    Failed,
)
from rimedio.asl.expressions.jsonata.natives import FUNCTIONS, Native, arity, checked, whole
from rimedio.asl.expressions.jsonata.values import with_null
from rimedio.asl.expressions.query import Services

EVALUATION_SECONDS_MAX = 5.0  # of this thread's own work: a busy machine fails no execution
NODES_BETWEEN_LOOKS = 256  # at the time, which costs more than a node
DEPTH_MAX = 100
SEQUENCE_MAX = 873_782
TEXT_MAX = 6_990_256

_REGEX_PARTS = re.compile(r"\\[dDwW]|\\.|\[\^?\]?|\]|\(\?<(?![=!])|\$", re.DOTALL)
_CLASSES = {r"\d": "0-9", r"\w": "A-Za-z0-9_"}


_PARSER, _PARSING = Parser(), threading.Lock()  # to make one costs six times as much as to parse
for _later in ("?:", "??"):  # operators of JSONata 2.1
    del _PARSER.symbol_table[_later]


@lru_cache(maxsize=4096)
def parse(source: str) -> Any:
    """The syntax tree of an expression. Raises Failed or the library's JException on a syntax error."""
    with _PARSING:
        _PARSER.ancestor_index, _PARSER.ancestry = 0, []
        try:
            return _PARSER.parse(source, _regex)
        except KeyError as error:
            raise Failed("S0211", str(error.args[0])[-1]) from error


def _regex(pattern: str, flags: Any) -> re.Pattern[str]:
    """A regular expression of JavaScript as one of Python: ASCII digits and words, `$` only at the very end."""
    inside = False

    def part(found: re.Match[str]) -> str:
        nonlocal inside
        text = found[0]
        if text[0] in "[]":
            inside = text[0] == "["
        elif text[0] == "\\" and text.lower() in _CLASSES and not (inside and text[1].isupper()):
            members = _CLASSES[text.lower()]
            return members if inside else f"[{'^' if text[1].isupper() else ''}{members}]"
        elif text == "(?<":
            return "(?P<"
        elif text == "$" and not inside and not flags.multiline:
            return r"\Z"
        return text

    bits = (re.IGNORECASE if flags.case_insensitive else 0) | (re.MULTILINE if flags.multiline else 0)
    return re.compile(_REGEX_PARTS.sub(part, pattern), bits)


class Evaluation(Jsonata):  # type: ignore[misc]
    """One run of an expression. Raises Failed, Exceeded or the library's JException."""

    parser = _PARSER

    def __init__(self, services: Services) -> None:
        self.services = services
        self._depth = 0
        self._nodes = 0
        self._until = time.thread_time() + EVALUATION_SECONDS_MAX

    @cached_property
    def now(self) -> datetime:
        """The instant of this run: `$now` and `$millis` tell no other, however often they are asked."""
        return self.services.clock.now()

    def run(self, source: str, bindings: Mapping[str, Any]) -> Any:
        """The value of an expression, None where it is undefined."""
        frame = self.create_frame(FUNCTIONS)
        for name, value in bindings.items():
            frame.bind(name, value)
        return self.eval(parse(source), None, frame)

    def eval(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002 - the library's name
        """One node, its predicates and grouping; a sequence of one is its member, an empty one is undefined."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Exceeded(STACK_OVERFLOW)
        self._nodes += 1
        if not self._nodes % NODES_BETWEEN_LOOKS and time.thread_time() > self._until:
            raise Exceeded(OUT_OF_TIME)
        result = _NODES[expr.type](self, expr, input, environment)
        for predicate in expr.predicate or ():
            result = self.evaluate_filter(predicate.expr, result, environment)
        if expr.group is not None and expr.type != "path":
            result = self.evaluate_group_expression(expr.group, result, environment)
        self._depth -= 1
        if isinstance(result, Utils.JList) and result.sequence and not result.tuple_stream:
            if expr.keep_array:
                result.keep_singleton = True
            if not result:
                return None
            return result[0] if len(result) == 1 and not result.keep_singleton else result
        return result

    def evaluate_path(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002
        """A path. One of plain names through objects, the most frequent by far, is walked without further ado."""
        names = _plain_names(expr)
        if names is None or self._depth == DEPTH_MAX:
            return super().evaluate_path(expr, input, environment)
        first, *rest = names
        value = environment.lookup(first[1:]) if first[0] == "$" else input
        for name in rest if first[0] == "$" else names:
            if type(value) is not dict:
                return super().evaluate_path(expr, input, environment)
            if name not in value:
                return None
            value = value[name]
        if value is None:
            return Utils.NULL_VALUE if rest or first[0] != "$" else None
        return super().evaluate_path(expr, input, environment) if isinstance(value, Utils.JList) else value

    def evaluate_group_expression(self, expr: Any, input: Any, environment: Any) -> Any:  # noqa: A002
        """An object; the library would write into an empty array that it is given."""
        given = Utils.create_sequence() if isinstance(input, list) and not input else input
        return super().evaluate_group_expression(expr, given, environment)

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        """Arithmetic on doubles; what is not finite may be a result but no operand."""
        for value, code in ((lhs, "T2001"), (rhs, "T2002")):
            if value is not None and not Utils.is_numeric(value):
                raise Failed(code, op)
        if lhs is None or rhs is None:
            return None
        return whole(_ARITHMETIC[op](float(lhs), float(rhs)))

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        """`in`: objects and arrays are never the same as others."""
        if lhs is None or rhs is None or isinstance(lhs, (dict, list)):
            return False
        members = rhs if isinstance(rhs, list) else [rhs]
        return any(isinstance(m, bool) == isinstance(lhs, bool) and m == lhs for m in members)

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        """`[first..last]`."""
        for value, code in ((lhs, "T2003"), (rhs, "T2004")):
            if value is not None and type(value) is not int:
                raise Failed(code)
        if lhs is None or rhs is None or lhs > rhs:
            return None
        if rhs - lhs >= 1e7:
            raise Failed("D2014", rhs - lhs + 1)
        if rhs - lhs >= SEQUENCE_MAX:
            raise Exceeded(OUT_OF_MEMORY)
        return Utils.create_sequence_from_iter(range(lhs, rhs + 1))

    def evaluate_transform_expression(self, expr: Any, input: Any, environment: Any) -> Native:  # noqa: A002
        """`|pattern|update, delete|`: a function that changes a copy. The library's loses nulls."""

        def transform(_: Evaluation, value: Any) -> Any:
            copy = with_null(json.loads(self.text_of(value)))
            matches = self.eval(expr.pattern, copy, environment)
            for match in matches if isinstance(matches, list) else [matches]:
                if match is not None:
                    self._change(match, expr, environment)
            return copy

        return Native(None, "<(oa):o>", transform, width=1, arity=1, strict=True)

    def _change(self, match: Any, expr: Any, environment: Any) -> None:
        update = self.eval(expr.update, match, environment)
        if update is not None and not isinstance(update, dict):
            raise Failed("T2011", update)
        if isinstance(match, dict):
            match.update(update or {})
        elif update and not isinstance(match, list):
            raise TypeError(f"Cannot create property '{next(iter(update))}' on {type(match).__name__}")
        found = None if expr.delete is None else self.eval(expr.delete, match, environment)
        names = found if isinstance(found, list) else [] if found is None else [found]
        if not all(isinstance(name, str) for name in names):
            raise Failed("T2012", found)
        for name in names if isinstance(match, dict) else ():
            match.pop(name, None)

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        """`&`: the texts of both sides; undefined is nothing."""
        texts = [self.text_of(value) for value in (lhs, rhs) if value is not None]
        return self.bounded("".join(texts))

    def text_of(self, value: Any) -> str:
        """What `$string` answers."""
        text = FUNCTIONS.lookup("string").function(self, value)
        return str(text)

    def bounded(self, text: str) -> str:
        """A text that is not larger than an evaluation's memory."""
        if len(text) > TEXT_MAX:
            raise Exceeded(OUT_OF_MEMORY)
        return text

    def call(self, function: Any, *arguments: Any, limit: int | None = None) -> Any:
        """Call a function value; it gets no more arguments than it takes, or `limit`."""
        taken = list(arguments[: max(1, arity(function)) if limit is None else limit])
        return self.apply(function, taken, Utils.NULL_VALUE, FUNCTIONS)

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Any) -> Any:  # noqa: A002
        """Call a function after its arguments were checked against its signature."""
        signature = getattr(proc, "signature", None)
        if signature is not None:
            name = proc.function_name if isinstance(proc, Native) else signature.function_name
            args = checked(signature, name, args, input)
        if Functions.is_lambda(proc):
            return self.apply_procedure(proc, args)
        if isinstance(proc, Native):
            return proc.run(self, args)
        if Functions.is_regex(proc):
            return _matched(proc.finditer(args[0])) if args and isinstance(args[0], str) else None
        if not Utils.is_function(proc):
            raise Failed("T1006")
        return proc.call(input, args)

    def partial_apply_native_function(self, native: Any, args: Any) -> Any:
        """`$f(?, 1)` of a native function is that of a lambda which calls it."""
        names = ", ".join(f"${chr(ord('a') + i)}" for i in range(max(len(args), 1)))
        trampoline = parse(f"function({names}){{${native.function_name}({names})}}")
        frame = self.create_frame(FUNCTIONS)
        return self.partial_apply_procedure(self.evaluate_lambda(trampoline, None, frame), args)


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return math.copysign(math.inf, left) if left else math.nan


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divided,
    "%": lambda left, right: math.fmod(left, right) if right else math.nan,
}

Node = Callable[[Evaluation, Any, Any, Any], Any]


def _literal(evaluation: Evaluation, expr: Any, _input: Any, _environment: Any) -> Any:
    return evaluation.evaluate_literal(expr)


_NODES: dict[str, Node] = {
    "path": Evaluation.evaluate_path,
    "binary": Evaluation.evaluate_binary,
    "unary": Jsonata.evaluate_unary,
    "name": Jsonata.evaluate_name,
    "string": _literal,
    "number": _literal,
    "value": _literal,
    "wildcard": lambda evaluation, expr, given, _: evaluation.evaluate_wildcard(expr, given),
    "descendant": lambda evaluation, expr, given, _: evaluation.evaluate_descendants(expr, given),
    "parent": lambda _, expr, __, environment: environment.lookup(expr.slot.label),
    "condition": Jsonata.evaluate_condition,
    "block": Jsonata.evaluate_block,
    "bind": Jsonata.evaluate_bind_expression,
    "regex": lambda evaluation, expr, _, __: evaluation.evaluate_regex(expr),
    "function": lambda evaluation, expr, given, environment: evaluation.evaluate_function(
        expr, given, environment, Utils.NONE
    ),
    "variable": Jsonata.evaluate_variable,
    "lambda": Jsonata.evaluate_lambda,
    "partial": Jsonata.evaluate_partial_application,
    "apply": Jsonata.evaluate_apply_expression,
    "transform": Evaluation.evaluate_transform_expression,
}


def _plain_names(path: Any) -> tuple[str, ...] | None:
    """The names of a path that has nothing else, the first with its `$` if it is a variable."""
    if not hasattr(path, "plain_names"):
        steps = path.steps
        plain = not path.keep_singleton_array and path.group is None and path.tuple is None
        for step in steps:
            plain &= step.type == "name" or (
                step.type == "variable" and step is steps[0] and step.value != ""
            )
            plain &= not (step.stages or step.predicate or step.keep_array)
            plain &= step.focus is step.index is step.group is step.tuple is step.ancestor is None
        names = tuple(f"${step.value}" if step.type == "variable" else step.value for step in steps)
        path.plain_names = names if plain else None
    found: tuple[str, ...] | None = path.plain_names
    return found


def _matched(found: Any) -> Any:
    """What a regular expression answers as a function: the next match, and a function for the one after it."""
    match = next(found, None)
    if match is None:
        return None
    following = Native("next", "<:o>", lambda _: _matched(found), width=0, arity=0)
    return {
        "match": match[0],
        "start": match.start(),
        "end": match.end(),
        "groups": list(match.groups()),
        "next": following,
    }
