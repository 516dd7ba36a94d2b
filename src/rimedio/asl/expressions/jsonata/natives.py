"""JSONata's functions as values: how they are registered, how their arguments are checked."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata
from jsonata.signature import Signature
from jsonata.utils import Utils

from rimedio.asl.expressions.jsonata.faults import Failed

FUNCTIONS = Jsonata.Frame(None)
"""All functions by name: the outermost scope of every expression."""

_PLURALS = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}

Function = Callable[..., Any]


class Native(Jsonata.JFunction):  # type: ignore[misc]
    """A function of the language. `function` takes the evaluation, then its arguments, None for undefined."""

    def __init__(
        self,
        name: str | None,
        signature: Signature | str,
        function: Function,
        *,
        width: int,
        arity: int,
        strict: bool = False,
    ) -> None:
        self.function = function
        self.function_name = name
        self.signature = Signature(signature, name or "") if isinstance(signature, str) else signature
        self.width = width
        self.arity = arity
        self.strict = strict

    def run(self, evaluation: object, arguments: list[Any]) -> Any:
        """The result; numbers that are whole become integers."""
        if self.strict and arguments[0] is None:
            return None
        missing = (None,) * (self.width - len(arguments))
        result = self.function(evaluation, *arguments, *missing)
        return whole(result) if type(result) is float else result

    def get_number_of_args(self) -> int:
        """How many arguments a partial application names."""
        return self.width


def whole(number: float) -> float:
    """An integer where the number is one that fits into 64 bits."""
    return int(number) if abs(number) < 2**63 and number.is_integer() else number


def is_function(value: Any) -> bool:
    """Whether a value is a function or a regular expression."""
    return bool(Utils.is_function(value) or Functions.is_lambda(value) or Functions.is_regex(value))


def arity(function: Any) -> int:
    """How many arguments a function that is handed to `$map` and its like takes."""
    if isinstance(function, Native):
        return function.arity
    return len(function.arguments) if Functions.is_lambda(function) else 1


def native(name: str, signature: str) -> Callable[[Function], Function]:
    """Register a function. One whose first argument is undefined is not called: it answers undefined.

    Parameters with a default may be missing, and `$map` and its like do not count them.
    """

    def register(function: Function) -> Function:
        width = function.__code__.co_argcount - 1
        count = width - len(function.__defaults__ or ())
        FUNCTIONS.bindings[name] = Native(
            name, signature, function, width=width, arity=count, strict=count > 0
        )
        return function

    return register


def borrow() -> None:
    """Register the library's functions."""
    for name, function in Jsonata.static_frame.bindings.items():
        method, width = function.method, function.nargs

        def borrowed(_: object, *arguments: Any, method: Any = method, width: int = width) -> Any:
            return Functions._call(method, width, arguments)  # noqa: SLF001 - as the library calls them

        FUNCTIONS.bindings[name] = Native(name, function.signature, borrowed, width=width, arity=width)
    del FUNCTIONS.bindings["eval"]  # AWS has none


borrow()


def _kind(value: Any) -> str:
    """The letter of a value's type in signatures."""
    if value is None:
        return "m"
    if is_function(value):
        return "f"
    for kinds, letter in (((bool,), "b"), ((str,), "s"), ((int, float), "n"), ((list,), "a"), ((dict,), "o")):
        if isinstance(value, kinds):
            return letter
    return "l"


@cache
def _prefixes(signature: Signature) -> list[re.Pattern[str]]:
    regexes = [param.regex for param in signature._params]  # noqa: SLF001 - the library has no door to it
    return [re.compile("".join(regexes[: count + 1])) for count in range(len(regexes))]


def checked(signature: Signature, name: str | None, args: list[Any], context: Any) -> list[Any]:
    """The arguments as the function gets them: context filled in, single values in arrays. Raises Failed."""
    supplied = "".join(map(_kind, args))
    found = signature._regex.fullmatch(supplied)  # noqa: SLF001
    if found is None:
        good = 0
        for prefix in _prefixes(signature):
            matched = prefix.match(supplied)
            if matched is None:
                break
            good = matched.end()
        raise Failed("T0410", good + 1, name)
    arguments: list[Any] = []

    at = 0
    for place, param in enumerate(signature._params):  # noqa: SLF001
        kinds = found[place + 1]
        if not kinds and param.context:
            if not re.fullmatch(param.regex, _kind(context)):
                raise Failed("T0411", at + 1, name)
            arguments.append(context)
            continue
        for kind in kinds or "?":
            value = args[at] if at < len(args) else None
            if param.type == "a":
                if not _is_array_of(param.subtype, value, kind, kinds):
                    raise Failed("T0412", at + 1, name, _PLURALS[param.subtype[0]])
                value = value if kind in "am?" else [value]
            arguments.append(value)
            at += 1
    return arguments


def _is_array_of(subtype: str | None, value: Any, kind: str, kinds: str) -> bool:
    if subtype is None or kind in "m?":
        return True
    return all(_kind(member) == subtype[0] for member in value) if kind == "a" else kinds == subtype
