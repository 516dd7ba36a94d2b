"""Payload templates of JSONPath states: members named `x.$` hold a path or an intrinsic function."""

from rimedio.asl.expressions.intrinsics import compile_intrinsic, is_intrinsic
from rimedio.asl.expressions.jsonpath import JsonPathQuery
from rimedio.asl.expressions.jsonpath_parser import parse_path
from rimedio.asl.expressions.query import Constant, Query, gathered
from rimedio.asl.jsontext import JSON


def compile_template(value: JSON, field: str) -> Query:
    """Compile a template; a part without `.$` members is a constant."""
    if isinstance(value, dict):
        computed = {key for key, member in value.items() if key.endswith(".$") and isinstance(member, str)}
        parts = [
            compile_value(str(member), key) if key in computed else compile_template(member, field)
            for key, member in value.items()
        ]
        return gathered(value, parts, [key[:-2] if key in computed else key for key in value])
    if isinstance(value, list):
        return gathered(value, [compile_template(element, field) for element in value])
    return Constant(value)


def compile_value(text: str, field: str) -> Query:
    """A path, or a call of an intrinsic function. Raises PathSyntaxError."""
    return compile_intrinsic(text, field) if is_intrinsic(text) else compile_path(text, field)


def compile_path(text: str, field: str, *, whole: bool = False) -> JsonPathQuery:
    """A path. `whole`: the field selects the state's whole input or output, which AWS words differently."""
    return JsonPathQuery(parse_path(text), field, whole)
