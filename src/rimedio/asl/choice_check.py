"""Validation of Choice rules in JSONPath states."""

from collections.abc import Mapping
from typing import cast

from rimedio.asl.choice import OPERATORS, parse_timestamp
from rimedio.asl.findings import Findings, Object
from rimedio.asl.jsonpath_parser import PathSyntaxError, parse_path
from rimedio.asl.jsontext import JSON, kind_of

COMBINERS = ("And", "Or", "Not")
TOP_ONLY = {"Next", "Assign"}


def timestamp(text: str, findings: Findings, at: str) -> None:
    """A literal timestamp."""
    if parse_timestamp(text) is None:
        findings.schema("Value is not a valid RFC 3339 timestamp", at)


def rule(body: Object, findings: Findings, at: str, *, top: bool) -> None:
    """One rule; `Next` belongs to the outermost only, `Variable` to comparisons only."""
    operators = [name for name in body if name in OPERATORS or name in COMBINERS]
    allowed = {"Comment", *operators} | (TOP_ONLY if top else set())
    allowed |= set() if operators and operators[0] in COMBINERS else {"Variable"}
    for name in body:
        if name not in allowed:
            findings.schema(f"Field '{name}' is not supported", f"{at}/{name}")
    if top and not isinstance(body.get("Next"), str):
        findings.schema("These fields are required: [Next]", at)
    if len(operators) != 1:
        findings.schema("A choice rule has exactly one comparison operator", at)
        return
    name = operators[0]
    if name in COMBINERS:
        _combined(name, body[name], findings, f"{at}/{name}")
        return
    _variable(body, findings, at)
    _operand(name, body[name], findings, f"{at}/{name}")


def _combined(name: str, value: JSON, findings: Findings, at: str) -> None:
    rules = [value] if name == "Not" else value
    if not isinstance(rules, list) or not rules:
        findings.schema("Expected a non-empty array of choice rules", at)
        return
    for index, inner in enumerate(rules):
        place = at if name == "Not" else f"{at}[{index}]"
        if isinstance(inner, Mapping):
            rule(cast("Object", inner), findings, place, top=False)
        else:
            findings.schema("Expected value of type [OBJECT]", place)


def _variable(body: Object, findings: Findings, at: str) -> None:
    if "Variable" not in body:
        findings.schema("These fields are required: [Variable]", at)
    else:
        _path(body["Variable"], findings, f"{at}/Variable")


def _path(value: JSON, findings: Findings, at: str) -> None:
    try:
        if isinstance(value, str) and parse_path(value).is_reference:
            return
    except PathSyntaxError:
        pass
    findings.schema("Value is not a Reference Path", at)


def _operand(name: str, value: JSON, findings: Findings, at: str) -> None:
    if name.endswith("Path"):
        _path(value, findings, at)
        return
    expected = {"String": "string", "Numeric": "number", "Boolean": "boolean", "Timestamp": "string"}
    kind = next((kind for prefix, kind in expected.items() if name.startswith(prefix)), "boolean")
    if kind_of(value) != kind:
        findings.schema(f"Expected value of type [{kind.upper()}]", at)
    elif name.startswith("Timestamp"):
        timestamp(str(value), findings, at)
