"""Validation of Choice rules in JSONPath states."""

from rimedio.asl.definition.field_check import FieldCheck
from rimedio.asl.definition.findings import Findings, Object
from rimedio.asl.expressions.choice import OPERATORS, parse_timestamp
from rimedio.asl.jsontext import JSON, kind_of

COMBINERS = ("And", "Or", "Not")
TOP_ONLY = {"Next", "Assign"}


def timestamp(text: str, findings: Findings, at: str) -> None:
    """A literal timestamp."""
    if parse_timestamp(text) is None:
        findings.schema("Value is not a valid RFC 3339 timestamp", at)


def rule(body: Object, checks: FieldCheck, at: str, *, top: bool) -> None:
    """One rule; `Next` belongs to the outermost only, `Variable` to comparisons only."""
    operators = [name for name in body if name in OPERATORS or name in COMBINERS]
    allowed = {"Comment", *operators} | (TOP_ONLY if top else set())
    allowed |= set() if operators and operators[0] in COMBINERS else {"Variable"}
    checks.only(body, allowed, at)
    if top and not isinstance(body.get("Next"), str):
        checks.findings.schema("These fields are required: [Next]", at)
    if len(operators) != 1:
        checks.findings.schema("A choice rule has exactly one comparison operator", at)
        return
    name = operators[0]
    if name in COMBINERS:
        _combined(body, name, checks, at)
        return
    if checks.required(body, ("Variable",), at):
        checks.reference_path(body["Variable"], f"{at}/Variable")
    _operand(name, body[name], checks, f"{at}/{name}")


def _combined(body: Object, name: str, checks: FieldCheck, at: str) -> None:
    if name == "Not":
        inner = checks.object(body, name, at)
        inners = [] if inner is None else [(inner, f"{at}/Not")]
    else:
        inners = checks.objects(body, name, at)
    for inner, place in inners:
        rule(inner, checks, place, top=False)


def _operand(name: str, value: JSON, checks: FieldCheck, at: str) -> None:
    if name.endswith("Path"):
        checks.reference_path(value, at)
        return
    expected = {"String": "string", "Numeric": "number", "Boolean": "boolean", "Timestamp": "string"}
    kind = next((kind for prefix, kind in expected.items() if name.startswith(prefix)), "boolean")
    if kind_of(value) != kind:
        checks.findings.schema(f"Expected value of type [{kind.upper()}]", at)
    elif name.startswith("Timestamp"):
        timestamp(str(value), checks.findings, at)
