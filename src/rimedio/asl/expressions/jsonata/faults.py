"""What goes wrong in a JSONata expression, in the words of the reference implementation."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from jsonata.jexception import JException
from jsonata.utils import Utils

STACK_OVERFLOW = (
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
)
OUT_OF_MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
OUT_OF_TIME = "Expression evaluation timeout: Check for infinite loop"

_INSERT = re.compile(r"\{\{(\{?)\w+\}\}\}?")
_INSERTED = {"D1002": (1,), "T2007": (1, 0)}  # which of the library's values, where not all in order


class Failed(JException):  # type: ignore[misc]
    """An expression fails with one of JSONata's codes; `values` are inserted into its message."""

    def __init__(self, code: str, *values: Any) -> None:
        Exception.__init__(self, code)  # the library's own would format what is not complete yet
        self.error = code
        self.values = values
        self.location = 0
        self.current = ""


class Exceeded(Failed):
    """An expression takes too much time, memory or depth."""


def reason(error: Exception) -> str:
    """The end of the sentence `… threw an error during evaluation`, with its punctuation."""
    if isinstance(error, (Exceeded, RecursionError)):
        return f": {error if isinstance(error, Exceeded) else STACK_OVERFLOW}"
    code, message = code_and_message(error)
    return f". {code}: {message}" if code else f". {message}"


def code_and_message(error: Exception) -> tuple[str, str]:
    """JSONata's code of an error (or nothing) and its message."""
    if isinstance(error, Failed):
        return error.error, _message(error.error, error.values)
    if isinstance(error, JException) and error.error in JException.error_codes:
        code, values = error.error, [error.current, error.expected, error.extra]
        if code == "S0301" and error.current:  # the library takes an unknown escape for an empty pattern
            code = "S0103"
        return code, _message(code, [values[place] for place in _INSERTED.get(code, (0, 1, 2))])
    return "", str(error) or type(error).__name__


def _message(code: str, values: Sequence[Any]) -> str:
    """The library's message, in which `function` had become `Object` and quotes had become double."""
    inserts = iter(values)

    def insert(found: re.Match[str]) -> str:
        value = next(inserts, None)
        return str(value) if found[1] else _quoted(value)

    template = JException.error_codes[code].replace(" Object", " function").replace('"', "'")
    return _INSERT.sub(insert, template)


def _quoted(value: Any) -> str:
    if value is None:
        return "undefined"
    if value is Utils.NULL_VALUE or (isinstance(value, float) and not math.isfinite(value)):
        return "null"
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return "undefined"
