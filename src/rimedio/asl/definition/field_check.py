"""Validation of fields that mean the same wherever they stand: paths, templates, expressions, numbers."""

import re
import sys
from collections.abc import Iterable, Mapping
from typing import cast

from rimedio.asl.definition import fields
from rimedio.asl.definition.findings import Findings, Object
from rimedio.asl.definition.jsonata_check import check_expression
from rimedio.asl.definition.model import JSONATA
from rimedio.asl.expressions.intrinsics import GIVE_STRINGS, IntrinsicQuery
from rimedio.asl.expressions.jsonata import is_expression
from rimedio.asl.expressions.jsonpath_parser import PathSyntaxError, parse_path
from rimedio.asl.expressions.payload import compile_value
from rimedio.asl.jsontext import JSON

VARIABLE_NAME_MAX = 80
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_VARIABLE = re.compile(r"[^\W\d]\w*")


class FieldCheck:
    """Checks the values of fields in one definition."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def object(self, body: Object, name: str, at: str) -> Object | None:
        """The object under a field; None when the field is absent, or holds something else."""
        return self._object(body[name], f"{at}/{name}") if name in body else None

    def _object(self, value: JSON, at: str) -> Object | None:
        if isinstance(value, Mapping):
            return cast("Object", value)
        self.findings.schema("Expected value of type [OBJECT]", at)
        return None

    def objects(self, body: Object, name: str, at: str, *, least: int = 1) -> list[tuple[Object, str]]:
        """The objects in the array under a field, with their places."""
        value, place = body.get(name), f"{at}/{name}"
        if name not in body:
            return []
        if not isinstance(value, list) or len(value) < least:
            self.findings.schema(f"Expected value of type [ARRAY] with at least {least} elements", place)
            return []
        found = ((self._object(e, f"{place}[{i}]"), f"{place}[{i}]") for i, e in enumerate(value))
        return [(element, where) for element, where in found if element is not None]

    def required(self, body: Object, names: Iterable[str], at: str) -> bool:
        """Whether all these fields are there."""
        missing = [name for name in names if name not in body]
        if missing:
            self.findings.schema(f"These fields are required: [{', '.join(missing)}]", at)
        return not missing

    def only(self, body: Object, allowed: Iterable[str], at: str) -> None:
        """No other fields than these."""
        known = set(allowed)
        for name in body:
            if name not in known:
                self.findings.schema(f"Field '{name}' is not supported", f"{at}/{name}")

    def values(self, body: Object, kind: str, language: str, at: str) -> None:
        """Types of the fields that mean the same wherever they stand."""
        self.strings(body, sorted(fields.STRINGS), at)
        for group in fields.EXCLUSIVE.get(kind, ()):
            if sum(name in body for name in group) > 1:
                self.findings.schema(f"Only one of these fields is allowed: [{', '.join(group)}]", at)
        if language == JSONATA:
            result = kind in ("Task", "Parallel", "Map")
            self._expression_objects(body, at)
            for name in (
                "Arguments",
                "Output",
                "Assign",
                "Items",
                "ItemSelector",
                "Credentials",
                "BatchInput",
            ):
                if name in body:
                    self.expressions(
                        body[name], f"{at}/{name}", result=result and name in ("Output", "Assign")
                    )
            for name in ("Error", "Cause", "Timestamp"):
                if name in body:
                    self.expressions(body[name], f"{at}/{name}")
            self.assign(body, at)
        else:
            self.paths(body, at)
            self.templates(body, at)
        self.numbers(body, at, language)

    def strings(self, body: Object, names: Iterable[str], at: str) -> None:
        """Fields that hold text."""
        for name in names:
            if name in body and not isinstance(body[name], str):
                self.findings.schema("Expected value of type [STRING]", f"{at}/{name}")

    def words(self, body: Object, allowed: Mapping[str, tuple[str, ...]], at: str) -> None:
        """Fields that hold one of a few words."""
        for name, choices in allowed.items():
            if name in body and body[name] not in choices:
                message = f"Value should be one of the following: [{', '.join(choices)}]"
                self.findings.schema(message, f"{at}/{name}")

    def _expression_objects(self, body: Object, at: str) -> None:
        """Fields that are an object or compute one; `Items` may be an array too."""
        for name in fields.EXPRESSION_OBJECTS.intersection(body):
            self._computed(body[name], "OBJECT", f"{at}/{name}")
        if "Items" in body and not isinstance(body["Items"], list):
            self._computed(body["Items"], "ARRAY", f"{at}/Items")

    def _computed(self, value: JSON, kind: str, at: str) -> None:
        if not isinstance(value, Mapping) and not (isinstance(value, str) and is_expression(value)):
            self.findings.schema(f"Expected value of type [{kind}] or a JSONata expression", at)

    def expressions(self, value: JSON, at: str, *, result: bool = False, error: bool = False) -> None:
        """Every JSONata expression in a value."""
        if isinstance(value, str) and is_expression(value):
            for code, message in check_expression(value, result=result, error_output=error):
                self.findings.add(code, message, at)
        elif isinstance(value, str) and value.startswith("{%") != value.endswith("%}"):
            message = "An expression begins with '{%' and ends with '%}'."
            self.findings.add("INVALID_JSONATA_EXPRESSION", message, at)
        elif isinstance(value, Mapping):
            for name, member in value.items():
                self.expressions(member, f"{at}/{name}", result=result, error=error)
        elif isinstance(value, list):
            for index, element in enumerate(value):
                self.expressions(element, f"{at}[{index}]", result=result, error=error)

    def assign(self, body: Object, at: str) -> None:
        """The names of assigned variables."""
        assign = body.get("Assign")
        if "Assign" not in body:
            return
        if not isinstance(assign, Mapping):
            self.findings.schema("Expected value of type [OBJECT]", f"{at}/Assign")
            return
        for name in assign:
            plain = name.removesuffix(".$")
            if not _VARIABLE.fullmatch(plain) or plain == "states" or len(plain) > VARIABLE_NAME_MAX:
                self.findings.schema(f"'{name}' is not a valid variable name", f"{at}/Assign/{name}")

    def paths(self, body: Object, at: str) -> None:
        """Every field that holds a JSONPath."""
        for name in fields.PATHS.intersection(body):
            value, place = body[name], f"{at}/{name}"
            if value is None:
                continue
            if not isinstance(value, str):
                self.findings.schema("Expected value of type [STRING]", place)
            else:
                self._path(value, place)
        for name in fields.REFERENCE_PATHS.intersection(body):
            self.reference_path(body[name], f"{at}/{name}")
        if body.get("ResultPath") is not None:
            self.reference_path(body["ResultPath"], f"{at}/ResultPath", own=True)

    def _path(self, text: str, at: str) -> None:
        try:
            parse_path(text)
        except PathSyntaxError:
            self.findings.schema("Value is not a valid JSONPath", at)

    def reference_path(self, value: JSON, at: str, *, own: bool = False) -> None:
        """A path to one place; with `own`, in the state's own data and not in the context or a variable."""
        try:
            path = parse_path(value) if isinstance(value, str) else None
        except PathSyntaxError:
            path = None
        if path is None or not path.is_reference or (own and path.origin != "$"):
            self.findings.schema("Value is not a Reference Path", at)

    def resource(self, value: JSON, at: str) -> None:
        """What a Task, reader or writer calls: a URI; one that begins with `arn:` has an ARN's six parts."""
        if not isinstance(value, str):
            return
        if not _URI.fullmatch(value) or (value.startswith("arn:") and value.count(":") < 5):
            self.findings.schema("Value is not a valid resource ARN", f"{at}/Resource")

    def templates(self, body: Object, at: str) -> None:
        """Every payload template."""
        for name in fields.TEMPLATES.intersection(body):
            if isinstance(body[name], Mapping) or name in ("Assign", "Parameters"):
                self.template(body[name], f"{at}/{name}")
            else:
                self.findings.schema("Expected value of type [OBJECT]", f"{at}/{name}")
        self.assign(body, at)

    def template(self, value: JSON, at: str) -> None:
        """Members of a payload template whose name ends in `.$`."""
        if isinstance(value, list):
            for index, element in enumerate(value):
                self.template(element, f"{at}[{index}]")
        if not isinstance(value, Mapping):
            return
        for name, member in value.items():
            place = f"{at}/{name}"
            if not name.endswith(".$"):
                self.template(member, place)
            elif not isinstance(member, str) or not computes(member):
                what = "must be a valid JSONPath or a valid intrinsic function call"
                self.findings.schema(f"The value for the field '{name}' {what}", place)

    def numbers(self, body: Object, at: str, language: str) -> None:
        """Numeric fields and their bounds."""
        for name, bounds in fields.NUMBERS.items():
            if name not in body:
                continue
            value, place = body[name], f"{at}/{name}"
            if language == JSONATA and isinstance(value, str) and is_expression(value):
                self.expressions(value, place)
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                self.findings.schema(
                    f"Expected value of type [{'INTEGER' if bounds.whole else 'NUMBER'}]", place
                )
            elif bounds.whole and isinstance(value, float) and not value.is_integer():
                self.findings.schema("Expected value of type [INTEGER]", place)
            elif not bounds.low <= value <= bounds.high:
                limits = f"between {bounds.low:.9g} and {bounds.high:.9g}"
                limits = limits if bounds.high < sys.float_info.max else f"at least {bounds.low:g}"
                self.findings.schema(f"Value must be {limits}", place)


def gives_string(text: str) -> bool:
    """Whether a text is a reference path or a call of a function that answers a string."""
    if not computes(text):
        return False
    query = compile_value(text, "")
    return query.name in GIVE_STRINGS if isinstance(query, IntrinsicQuery) else parse_path(text).is_reference


def computes(text: str) -> bool:
    """Whether a text is a path or a call of an intrinsic function."""
    try:
        compile_value(text, "")
    except PathSyntaxError:
        return False
    return True
