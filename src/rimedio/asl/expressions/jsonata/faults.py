"""What goes wrong in a JSONata expression, in the words of the reference implementation."""

import json
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
_SECOND_VALUE = {"D1002"}  # the library puts the operator before the value that the message names


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
        return code, _message(code, values[code in _SECOND_VALUE :])
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
    try:
        return json.dumps(None if value is Utils.NULL_VALUE else value, ensure_ascii=False)
    except TypeError:
        return "undefined"
