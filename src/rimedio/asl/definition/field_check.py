"""Checks the value of a field: one method for each kind that `fields` knows."""

import re

from rimedio.asl.definition import resource
from rimedio.asl.definition.fields import Field
from rimedio.asl.definition.findings import Findings
from rimedio.asl.definition.jsonata_check import check_expression
from rimedio.asl.definition.model import JSONATA, JSONPATH
from rimedio.asl.expressions.choice import parse_timestamp
from rimedio.asl.expressions.intrinsics import GIVE_STRINGS, IntrinsicQuery
from rimedio.asl.expressions.jsonata import is_expression
from rimedio.asl.expressions.jsonpath_parser import parse_path
from rimedio.asl.expressions.payload import compile_value
from rimedio.asl.jsontext import JSON, kind_of

VARIABLE_NAME_MAX = 80

_NO_PATH = (ValueError, RecursionError)  # what the parsers raise; the latter where brackets open without end
_VARIABLE = re.compile(r"[^\W\d]\w*")
_LABEL = re.compile(r"[^\s?*<>{}\[\]\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,40}")
_LIKE_A_PATH = re.compile(r"\$\$?\.\w|States\.[A-Z]\w*\(")


class FieldCheck:
    """Checks single values in one definition."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.labels: set[str] = set()
        self.express = False

    def check(self, value: JSON, field: Field, language: str, at: str) -> None:
        """One value. A text between `{%` and `%}` may stand for any value in JSONata."""
        getattr(self, f"_{field.kind}")(value, field, language, at)

    def typed(self, value: JSON, kind: str, at: str) -> bool:
        """Whether a value has one of JSON's types."""
        if kind_of(value) != kind:
            self.findings.schema(f"Expected value of type [{kind.upper()}]", at)
            return False
        return True

    # -- values that are the same in both languages

    def _text(self, value: JSON, field: Field, language: str, at: str) -> None:
        self.typed(value, "string", at)

    def _flag(self, value: JSON, field: Field, language: str, at: str) -> None:
        self.typed(value, "boolean", at)

    def _texts(self, value: JSON, field: Field, language: str, at: str) -> None:
        if not isinstance(value, list) or not value or not all(isinstance(element, str) for element in value):
            self.findings.schema("Expected a non-empty array of strings", at)

    _errors = _texts

    def _words(self, value: JSON, field: Field, language: str, at: str) -> None:
        if self.typed(value, "string", at) and value not in field.words:
            self.findings.schema(f"Value should be one of the following: [{', '.join(field.words)}]", at)

    def _resource(self, value: JSON, field: Field, language: str, at: str) -> None:
        if self.typed(value, "string", at) and (
            found := resource.problem(str(value), field.words, express=self.express)
        ):
            self.findings.schema(found, at)

    def _label(self, value: JSON, field: Field, language: str, at: str) -> None:
        if not self.typed(value, "string", at):
            return
        label = str(value)
        if not _LABEL.fullmatch(label):
            what = "has 1 to 40 characters, no white space, wildcards, brackets or special characters"
            self.findings.add("INVALID_LABEL_NAME", f"A label {what}", at)
        elif label in self.labels:
            self.findings.add("DUPLICATE_LABEL_NAME", f"Duplicate label name: {label}", at)
        self.labels.add(label)

    def _static(self, value: JSON, field: Field, language: str, at: str) -> None:
        if isinstance(value, dict) and any(name.endswith(".$") for name in value):
            message = "The 'Result' field is static: members whose name ends in '.$' are not evaluated."
            self.findings.add("PASS_RESULT_IS_STATIC", message, at, "WARNING")

    # -- numbers, moments and texts, which JSONata may compute

    def _is_computed(self, value: JSON, field: Field, language: str, at: str) -> bool:
        """Whether an expression stands for the value; it is checked, also when one of its delimiters is missing."""
        if language != JSONATA or not isinstance(value, str) or not (value[:2] == "{%" or value[-2:] == "%}"):
            return False
        self._expression(value, field, language, at)
        return True

    def _number(self, value: JSON, field: Field, language: str, at: str) -> None:
        whole = field.kind == "whole"
        if not field.fixed and self._is_computed(value, field, language, at):
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and value % 1):
            self.findings.schema(f"Expected value of type [{'INTEGER' if whole else 'NUMBER'}]", at)
        elif not field.low <= value <= field.high:
            least = value < field.low
            bound = field.low if least else field.high
            shown = f"{bound:.0f}" if whole else f"{bound:.1f}"
            self.findings.schema(f"{'Minimum' if least else 'Maximum'} value is {shown}", at)

    _whole = _number

    def _timestamp(self, value: JSON, field: Field, language: str, at: str) -> None:
        if self._is_computed(value, field, language, at) or not self.typed(value, "string", at):
            return
        if parse_timestamp(str(value)) is None:
            self.findings.schema("Value is not a valid RFC 3339 timestamp", at)

    def _told(self, value: JSON, field: Field, language: str, at: str) -> None:
        """A text; one that looks like a path may have been meant as such."""
        if self._is_computed(value, field, language, at) or not self.typed(value, "string", at):
            return
        if language == JSONPATH and _LIKE_A_PATH.match(str(value)):
            name = at.rpartition("/")[2]
            message = (
                f"The value of the field '{name}' looks like a path. Use '{name}Path' to read it from there."
            )
            self.findings.add("NO_PATH", message, at, "WARNING")

    # -- JSONPath

    def _path(self, value: JSON, field: Field, language: str, at: str) -> None:
        if value is None or not self.typed(value, "string", at):
            return
        try:
            parse_path(str(value))
        except _NO_PATH:
            self.findings.schema("Value is not a valid JSONPath", at)

    def _reference(self, value: JSON, field: Field, language: str, at: str) -> None:
        if _reference_origin(value) is None:
            self.findings.schema("Value is not a Reference Path", at)

    def _reference_in_data(self, value: JSON, field: Field, language: str, at: str) -> None:
        """As `_reference`, but not to the context."""
        if _reference_origin(value) in (None, "$$"):
            self.findings.schema("Value is not a Reference Path", at)

    def _place(self, value: JSON, field: Field, language: str, at: str) -> None:
        """Where a result is put: in the state's own data, not in the context or a variable."""
        if value is not None and _reference_origin(value) != "$":
            self.findings.schema("Value is not a Reference Path", at)

    def _text_path(self, value: JSON, field: Field, language: str, at: str) -> None:
        if not isinstance(value, str) or not _gives_string(value):
            message = "Value is not a Reference Path, nor a call of a function that gives a string"
            self.findings.schema(message, at)

    def _parameters(self, value: JSON, field: Field, language: str, at: str) -> None:
        """A payload template, or any value as it stands."""
        if isinstance(value, list):
            for index, element in enumerate(value):
                self._parameters(element, field, language, f"{at}[{index}]")
        if not isinstance(value, dict):
            return
        for name, member in value.items():
            place = f"{at}/{name}"
            if not name.endswith(".$"):
                self._parameters(member, field, language, place)
                if isinstance(member, str) and _LIKE_A_PATH.match(member):
                    message = f"The value of the field '{name}' looks like a path. Name it '{name}.$' to evaluate it."
                    self.findings.add("NO_DOLLAR", message, place, "WARNING")
            elif not isinstance(member, str) or not _computes(member):
                what = "must be a valid JSONPath or a valid intrinsic function call"
                self.findings.schema(f"The value for the field '{name}' {what}", at)

    # -- JSONata

    def _expression(self, value: JSON, field: Field, language: str, at: str) -> None:
        """Every expression in a value."""
        if isinstance(value, str) and is_expression(value):
            known = {"result": "result" in field.states, "error_output": "errorOutput" in field.states}
            for code, message in check_expression(value, **known):
                self.findings.add(code, message, at)
        elif isinstance(value, str) and value.startswith("{%") != value.endswith("%}"):
            message = "An expression begins with '{%' and ends with '%}'."
            self.findings.add("INVALID_JSONATA_EXPRESSION", message, at)
        elif isinstance(value, dict):
            for name, member in value.items():
                self._expression(member, field, language, f"{at}/{name}")
        elif isinstance(value, list):
            for index, element in enumerate(value):
                self._expression(element, field, language, f"{at}[{index}]")

    def _computed(self, value: JSON, field: Field, language: str, at: str, kind: str = "object") -> None:
        """An object whose members may be computed, or in JSONata an expression that gives one."""
        if language == JSONPATH:
            if self.typed(value, kind, at):
                self._parameters(value, field, language, at)
        elif kind_of(value) == kind:
            self._expression(value, field, language, at)
        elif not self._is_computed(value, field, language, at):
            self.findings.schema(f"Expected value of type [{kind.upper()}] or a JSONata expression", at)

    def _items(self, value: JSON, field: Field, language: str, at: str) -> None:
        self._computed(value, field, language, at, "object" if isinstance(value, dict) else "array")

    def _condition(self, value: JSON, field: Field, language: str, at: str) -> None:
        if not isinstance(value, bool) and not self._is_computed(value, field, language, at):
            self.findings.schema("Value must be a JSONata expression or a boolean", at)

    def _assign(self, value: JSON, field: Field, language: str, at: str) -> None:
        """Variables: their names, and how they are computed."""
        if not self.typed(value, "object", at) or not isinstance(value, dict):
            return
        self._computed(value, field, language, at)
        for name in value:
            plain = name.removesuffix(".$")
            if not _VARIABLE.fullmatch(plain) or plain == "states" or len(plain) > VARIABLE_NAME_MAX:
                self.findings.schema(f"'{name}' is not a valid variable name", f"{at}/{name}")


def _reference_origin(value: JSON) -> str | None:
    """Where a path to one place begins: `$`, `$$`, a variable; None when it is no such path."""
    try:
        path = parse_path(value) if isinstance(value, str) else None
    except _NO_PATH:
        return None
    return path.origin if path and path.is_reference else None


def _gives_string(text: str) -> bool:
    """Whether a text is a reference path or a call of a function that answers a string."""
    if not _computes(text):
        return False
    query = compile_value(text, "")
    return (
        query.name in GIVE_STRINGS
        if isinstance(query, IntrinsicQuery)
        else _reference_origin(text) is not None
    )


def _computes(text: str) -> bool:
    """Whether a text is a path or a call of an intrinsic function."""
    try:
        compile_value(text, "")
    except _NO_PATH:
        return False
    return True
